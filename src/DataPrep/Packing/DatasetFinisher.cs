using System.Diagnostics;
using DataPrep.Ipld;
using DataPrep.Planning;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>
/// Makes a dataset of the pieces that tasks of an array have made: takes over what their receipts say, as if one run had finished them all, and goes on
/// like that run: packs files that changed meanwhile, writes the dataset DAG and the records.
/// </summary>
/// <param name="options">How to run; what decides the output is taken from the plan.</param>
internal sealed class DatasetFinisher(PackOptions options, string planPath, PackCounters progress, CancellationToken cancel)
{
    private ArrayFolder Array { get; } = new(options.Output);

    /// <summary>Numbers of the pieces that are still to be made.</summary>
    /// <exception cref="IOException">OUT holds pieces of another plan.</exception>
    /// <exception cref="MalformedDataException">The plan is damaged.</exception>
    public IReadOnlyList<int> Missing()
    {
        if (File.Exists(Array.Main.FileOf(RecordFile.Dataset)))
            return [];
        var outline = PlanFile.ReadOutline(planPath);
        var header = PlanHeader.Decode(outline.Header, planPath);
        Array.Require(NoteOf(header, outline));
        options.Target?.Begin(Array.Main);
        return Missing(header.Options.Inline, outline);
    }

    /// <exception cref="MissingPiecesException">Pieces are missing.</exception>
    /// <exception cref="IOException">OUT cannot be written, or holds pieces of another plan.</exception>
    /// <exception cref="MalformedDataException">The plan is damaged.</exception>
    public PackResult Run() => ObservedRun.Of("finish", progress, run => run.Made(Finish()));

    private PackResult Finish()
    {
        var clock = Stopwatch.StartNew();
        var content = PlanFile.Read(planPath);
        var outline = PlanFile.ReadOutline(planPath);
        var header = PlanHeader.Decode(content.Header, planPath) with { Seal = Convert.ToHexStringLower(outline.Seal) };
        var fixedOptions = header.Apply(options, planPath);
        OptionCheck.Require(fixedOptions);
        var plan = new PackPlan(content.Tree, content.Pieces, header.DagSizes, header.Dataset, null);
        options.Target?.Begin(Array.Main);
        var packer = new DatasetPacker(fixedOptions, progress, cancel);
        if (File.Exists(Array.Main.FileOf(RecordFile.Dataset)))
            return packer.Present(plan, clock);
        Array.Require(NoteOf(header, outline));
        if (Missing(header.Options.Inline, outline) is { Count: > 0 } missing)
            throw new MissingPiecesException(Array.Main.Path, missing, outline.Pieces);
        try
        {
            var result = packer.Finish(plan, header, space => Fold(space, outline.Seal), clock);
            Array.Clear();
            return result;
        }
        catch (PlanOutdatedException e)
        {
            throw new IOException($"{e.Message}, since files have changed: make a new plan, and pack that into another folder", e);
        }
    }

    private ArrayNote NoteOf(PlanHeader header, PlanOutline outline) => ArrayNote.Of(planPath, header, outline);

    private List<int> Missing(bool isInline, PlanOutline outline)
    {
        var missing = new List<int>();
        for (int number = 0; number < outline.Pieces; number++)
        {
            cancel.ThrowIfCancellationRequested();
            if (Array.Find(number, outline.Seal, isInline, options.Target, out string? problem) is null)
                missing.Add(number);
            if (problem is not null)
                options.Warn($"piece {number} was made, but {problem}: it is to be made again");
        }

        return missing;
    }

    /// <summary>Takes over what the receipts say that is not taken over yet.</summary>
    private void Fold(Workspace space, byte[] seal)
    {
        var handedOn = new HandedOn(Array.Main);
        var changes = new SortedDictionary<int, byte[]>();
        var made = new List<PieceReceipt>();
        using (var entries = new PackedEntries(Array.Main, space.Plan.Tree, options.Profile))
        {
            for (int number = 0; number < space.Plan.Pieces.Count; number++)
            {
                cancel.ThrowIfCancellationRequested();
                if (space.Finished.ContainsKey(number))
                    continue;
                var receipt = PieceReceipt.Read(Array.ReceiptOf(number), seal, number, space.Plan.Tree, entries);
                foreach (byte[] change in receipt.Changes)
                    Decide(changes, change);
                if (receipt.Piece is null)
                    continue;
                made.Add(receipt);
                string cid = Workspace.RecordOf(PieceDone.Read(receipt.Piece), isInline: false).PieceCid;
                if (receipt.HandedOn && !handedOn.Contains(cid))
                    handedOn.Add(cid);
                if (receipt.Sha256.Length > 0)
                    PieceSum.Note(Array.Main, cid, receipt.Sha256);
            }

            entries.Flush();
        }

        space.Fold(changes.Values, made);
        space.Flush(() => { });
    }

    /// <summary>Of a file that is cut several tasks may have seen that it changed: where one of them takes its new state, that is looked at once more.</summary>
    private static void Decide(SortedDictionary<int, byte[]> changes, byte[] payload)
    {
        var change = EntryChanged.Read(payload);
        if (change.Stamp is not null || !changes.TryGetValue(change.Entry, out byte[]? before) || EntryChanged.Read(before).Stamp is null)
            changes[change.Entry] = payload;
    }
}

/// <summary>Pieces of a plan are still to be made before the dataset can be finished.</summary>
internal sealed class MissingPiecesException(string output, IReadOnlyList<int> missing, int all)
    : IOException($"{missing.Count} of {all} pieces are missing in {output}")
{
    public IReadOnlyList<int> Missing => missing;
}
