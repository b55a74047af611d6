using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Planning;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>
/// OUT as the tasks of an array share it, each perhaps on another machine. They write to no file together: each has a work folder of its own, and of
/// each that has made its piece a receipt stays.
/// <code>
/// .dataprep/array.json       which plan the tasks follow
/// .dataprep/tasks/N/         lock, journal and piece in the making of the task of piece N
/// .dataprep/receipts/N       the piece is finished
/// </code>
/// </summary>
internal sealed class ArrayFolder(string output)
{
    private const string Note = "array.json", Receipts = "receipts", Tasks = "tasks";

    public OutputFolder Main { get; } = new(output);

    private string ReceiptFolder => Main.WorkFile(Receipts);

    /// <summary>Whether tasks have been at work here, and no run has finished the dataset.</summary>
    public bool IsInUse => File.Exists(Main.WorkFile(Note));

    /// <summary>OUT, with the work folder of a piece's task.</summary>
    public OutputFolder Task(int number) => new(Main.Path, Path.Join(Main.WorkFile(Tasks), Text(number)));

    public string ReceiptOf(int number) => Path.Join(ReceiptFolder, Text(number));

    /// <summary>Numbers of the pieces that tasks have begun.</summary>
    public IReadOnlyList<int> Begun => Numbers(Main.WorkFile(Tasks), Directory.EnumerateDirectories);

    /// <summary>Numbers of the pieces that have a receipt.</summary>
    public IReadOnlyList<int> Done => Numbers(ReceiptFolder, Directory.EnumerateFiles);

    /// <summary>The note of the plan; null where there is none.</summary>
    /// <exception cref="MalformedDataException">It is damaged.</exception>
    public ArrayNote? Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Main.WorkFile(Note)), ArrayNoteJson.Default.ArrayNote);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new MalformedDataException($"it is not the expected JSON: {e.Message}", 0, Main.WorkFile(Note));
        }
    }

    /// <summary>Makes the folders, and says in OUT which plan the tasks follow.</summary>
    /// <exception cref="IOException">They follow another one, or OUT holds something else.</exception>
    public void Join(ArrayNote note)
    {
        Require(note);
        if (IsInUse)
            return;
        if (Workspace.PlanIn(Main.Work) is not null)
            throw new IOException($"{Main.Path} holds what a run of pack left when it was broken off: run that command again to go on with it, or pack into another folder");
        _ = Directory.CreateDirectory(ReceiptFolder);
        // Several tasks may do this at once, with the same content; each under a temporary name of its own.
        string temporary = Main.TemporaryOf($"{Note}-{Guid.NewGuid():N}");
        OutputFolder.WriteFlushed(temporary, FileMode.CreateNew, stream => JsonSerializer.Serialize(stream, note, ArrayNoteJson.Default.ArrayNote));
        OutputFolder.Place(temporary, Note, Main.Work);
    }

    /// <exception cref="IOException">The tasks follow another plan.</exception>
    public void Require(ArrayNote note)
    {
        if (Read() is { } present && present.Seal != note.Seal)
            throw new IOException($"{Main.Path} holds pieces of another plan, {present.Plan}: choose another folder, or remove what is in it");
    }

    /// <summary>The receipt of a piece that stands in OUT, or was handed on; null where the piece is to be made.</summary>
    /// <param name="isInline">Whether pieces are stored as what their CARs can be made from.</param>
    /// <param name="target">Where pieces are that are not in OUT; null where they are.</param>
    /// <param name="problem">Why a receipt that is there is not enough.</param>
    public PieceReceipt? Find(int number, byte[] seal, bool isInline, IPieceTarget? target, out string? problem)
    {
        problem = null;
        string path = ReceiptOf(number);
        if (!File.Exists(path))
            return null;
        try
        {
            var receipt = PieceReceipt.Read(path, seal, number);
            if (receipt.Piece is null || receipt.HandedOn)
                return receipt;
            var piece = Workspace.RecordOf(PieceDone.Read(receipt.Piece), isInline);
            string file = Main.FileOf(StoredPiece.NameOf(piece));
            problem = target is not null && !target.Has(piece) ? $"{piece.CarFile} is not in {target.Name}"
                : target is null && StoredPiece.Problem(file, piece, isInline) is { } missing ? $"{file} {missing}"
                : File.Exists(StoredPiece.SidecarIn(Main.Path, piece)) ? null : $"{StoredPiece.SidecarIn(Main.Path, piece)} is missing";
            return problem is null ? receipt : null;
        }
        catch (MalformedDataException e)
        {
            problem = e.Message;
            return null;
        }
    }

    /// <summary>The receipt of a piece, wherever that is; null where there is none that is sound.</summary>
    public PieceReceipt? Read(int number, byte[] seal)
    {
        try
        {
            return File.Exists(ReceiptOf(number)) ? PieceReceipt.Read(ReceiptOf(number), seal, number) : null;
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }

    /// <summary>Names of the CARs that tasks have made, or are about to name.</summary>
    public IEnumerable<string> PieceNames()
    {
        if (Read() is not { } note)
            return [];
        byte[] seal = Convert.FromHexString(note.Seal);
        var made = Done.Select(number => Read(number, seal)?.Piece).OfType<byte[]>()
            .Select(payload => Encoding.UTF8.GetString(PieceDone.Read(payload).CarFile));
        return made.Concat(Begun.SelectMany(number => Leftovers.NotedPieces(Task(number))).Select(cid => cid + ".car"));
    }

    /// <exception cref="IOException">A task is at work.</exception>
    public void RequireIdle()
    {
        foreach (int number in Begun)
        {
            if (Task(number).IsHeld())
                throw new IOException($"a task is making piece {number} in {Main.Path}; wait for its end");
        }
    }

    /// <summary>Removes what tasks have left: the note last, which says that there is something.</summary>
    public void Clear()
    {
        foreach (string folder in (string[])[Main.WorkFile(Tasks), ReceiptFolder])
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }

        File.Delete(Main.WorkFile(Note));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static IReadOnlyList<int> Numbers(string folder, Func<string, IEnumerable<string>> entries) => Directory.Exists(folder)
        ? [.. entries(folder).Select(Path.GetFileName).Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture)).Order()]
        : [];
}

/// <summary>Which plan the tasks that share OUT follow, and what it says.</summary>
/// <param name="Plan">Where it was when the first task read it.</param>
/// <param name="Seal">Its last 32 bytes in hex.</param>
/// <param name="Pieces">Number of data pieces.</param>
/// <param name="DagPieces">Number of pieces of the dataset DAG.</param>
/// <param name="Inline">Whether pieces are stored as what their CARs can be made from.</param>
internal sealed record ArrayNote(string Plan, string Seal, string Name, int Pieces, int DagPieces, bool Inline)
{
    public static ArrayNote Of(string planPath, PlanHeader header, PlanOutline outline) =>
        new(Path.GetFullPath(planPath), Convert.ToHexStringLower(outline.Seal), header.Dataset.Name, outline.Pieces, header.DagSizes.Count, header.Options.Inline);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ArrayNote))]
internal sealed partial class ArrayNoteJson : JsonSerializerContext;
