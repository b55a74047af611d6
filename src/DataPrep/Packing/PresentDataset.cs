using DataPrep.Car;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>The dataset that OUT holds already.</summary>
internal sealed class PresentDataset(OutputFolder folder)
{
    private readonly string datasetFile = folder.FileOf(RecordFile.Dataset);

    public DatasetRecord Dataset { get; } = RecordFile.Read(folder.FileOf(RecordFile.Dataset), RecordJson.Default.DatasetRecord);

    /// <summary>Refuses to go on where OUT holds another dataset than the one planned.</summary>
    /// <exception cref="IOException">It does; the message says in what it differs.</exception>
    public void RequireSame(PackPlan plan)
    {
        var wanted = Wanted(plan.Dataset);
        string? difference = FirstDifference(plan);
        if (difference is null && wanted != Dataset)
            difference = wanted.Selection == Dataset.Selection ? "its parameters are others" : "it was selected by other patterns, or from another list";
        if (difference is not null)
            throw new IOException($"{folder.Path} holds another dataset, '{Dataset.Name}' with root {Dataset.RootCid}: {difference}; choose another folder, or remove what is in it");
    }

    /// <summary>Whether it was made with the parameters, and under the name, of a plan.</summary>
    /// <param name="planned">The record as far as it follows from the scan.</param>
    public bool IsLike(DatasetRecord planned) => Wanted(planned) == Dataset;

    /// <summary>Totals follow from the entries, which are compared one by one.</summary>
    private DatasetRecord Wanted(DatasetRecord planned) => planned with
    {
        RootCid = Dataset.RootCid,
        Tool = Dataset.Tool,
        Files = Dataset.Files,
        Directories = Dataset.Directories,
        Links = Dataset.Links,
        Bytes = Dataset.Bytes,
        Skipped = Dataset.Skipped,
        Pieces = Dataset.Pieces,
        DagPieces = Dataset.DagPieces,
    };

    /// <summary>Holds sizes and sidecars against the records, without reading the CARs. Those of pieces that were handed on may be gone.</summary>
    /// <param name="target">Where the pieces are, if not in OUT.</param>
    /// <exception cref="IOException">Something is missing or has another size.</exception>
    public IReadOnlyList<PieceRecord> RequireWhole(IPieceTarget? target)
    {
        var pieces = RecordFile.ReadPieces(folder.Path);
        var handedOn = new HandedOn(folder);
        foreach (var piece in pieces)
        {
            string file = StoredPiece.FileIn(folder.Path, piece);
            bool isGone = handedOn.Contains(piece.PieceCid) && LinkedFile.Absence(file) is not null;
            if (target?.Has(piece) == false)
                throw Broken($"{piece.CarFile} is missing in {target.Name}, or has another size");
            if (target is null && !isGone && StoredPiece.Problem(file, piece, CarBytes.IsInline(file)) is { } problem)
                throw Broken($"{Path.GetFileName(file)} {problem}");

            string treeFile = StoredPiece.SidecarIn(folder.Path, piece);
            if (!File.Exists(treeFile))
                throw Broken($"{piece.PieceCid}.tree is missing");
            using var stream = File.OpenRead(treeFile);
            if (TreeSidecar.Read(stream, treeFile).Commitment.CidV1.ToString() != piece.PieceCid)
                throw Broken($"{piece.PieceCid}.tree is that of another piece");
        }

        return pieces;
    }

    private IOException Broken(string what) =>
        new($"{folder.Path} says in {RecordFile.Dataset} that it is complete, but {what}; remove {datasetFile} to pack again");

    private string? FirstDifference(PackPlan plan)
    {
        var skipped = new SkippedPaths(folder.Path);
        using var present = RecordFile.ReadLines(folder.FileOf(RecordFile.Files), RecordJson.Default.FileRecord).GetEnumerator();
        for (int i = 0; i < plan.Tree.Count; i++)
        {
            if (EntryRecord.Of(plan.Tree, i) is not { } wanted || skipped.Cover(wanted.Path))
                continue;
            if (!present.MoveNext())
                return $"it has no '{wanted.Path}'";
            var record = present.Current.Record;
            if (record with { Cid = "", Parts = wanted.Parts } != wanted)
                return record.Path == wanted.Path ? $"'{wanted.Path}' was of another size, kind, mode or time" : $"it has '{record.Path}' where the source has '{wanted.Path}'";
        }

        return present.MoveNext() ? $"it has '{present.Current.Record.Path}', the source has not" : null;
    }
}
