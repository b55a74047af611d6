using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Writes what is recorded of a dataset of one piece. <c>dataset.json</c> is last: where it stands, all stands.</summary>
internal sealed class DatasetWriter
{
    private readonly OutputFolder folder;
    private readonly PackPlan plan;
    private readonly PackedPiece piece;
    private readonly int threads;

    public DatasetWriter(OutputFolder folder, PackPlan plan, PackedPiece piece, int threads)
    {
        (this.folder, this.plan, this.piece, this.threads) = (folder, plan, piece, threads);
        string cid = piece.Commitment.CidV1.ToString();
        Piece = new PieceRecord
        {
            PieceCid = cid,
            PieceCidV2 = piece.Commitment.CidV2.ToString(),
            PieceSize = piece.Commitment.PieceSize,
            RootCid = piece.Root.ToString(),
            CarSize = plan.Layout.CarSize,
            CarFile = cid + ".car",
            Kind = "data",
            Files = plan.Dataset.Files,
            PayloadSize = plan.Layout.CarSize,
        };
        Dataset = plan.Dataset with { RootCid = Piece.RootCid };
    }

    public PieceRecord Piece { get; }

    public DatasetRecord Dataset { get; }

    public void Write()
    {
        var tree = new TreeSidecar(piece.Commitment, piece.Nodes);
        folder.Write(Piece.PieceCid + ".tree", tree.Write);
        folder.Write(RecordFile.Files, WriteEntries);
        folder.Write(RecordFile.Pieces, stream => RecordFile.WriteLines(stream, [Piece], RecordWriting.Default.PieceRecord));
        if (plan.Tree.Skipped.Count > 0)
            folder.Write(RecordFile.Skipped, stream => RecordFile.WriteLines(stream, SkippedInputs(plan.Tree.Skipped), RecordWriting.Default.SkippedRecord));
        else
            File.Delete(folder.FileOf(RecordFile.Skipped));
        folder.Write(RecordFile.Dataset, stream => RecordFile.Write(stream, Dataset, RecordWriting.Default.DatasetRecord));
    }

    /// <summary>Skipped inputs sorted by path, so that the record does not depend on the order of discovery.</summary>
    public static IEnumerable<SkippedRecord> SkippedInputs(IReadOnlyList<SkippedInput> inputs)
    {
        foreach (var skipped in inputs.OrderBy(s => s.Path, PathOrder.Instance))
        {
            var (path, hex) = RecordFile.PathFields(skipped.Path);
            yield return new SkippedRecord { Path = path, PathHex = hex, Reason = skipped.Reason, Detail = skipped.Detail };
        }
    }

    /// <summary>A record takes a few microseconds, which for millions of files is worth all threads.</summary>
    private void WriteEntries(Stream stream)
    {
        const int Batch = 1024;
        int count = plan.Tree.Count;
        var parts = new MemoryStream[Math.Clamp(count / Batch, 1, threads)];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = new MemoryStream();
        for (int start = 0; start < count; start += parts.Length * Batch)
        {
            Parallel.For(0, parts.Length, i =>
            {
                parts[i].SetLength(0);
                int first = start + (i * Batch);
                RecordFile.WriteLines(parts[i], Entries(first, Math.Min(first + Batch, count)), RecordWriting.Default.FileRecord);
            });
            foreach (var part in parts)
                part.WriteTo(stream);
        }
    }

    private IEnumerable<FileRecord> Entries(int from, int to)
    {
        var tree = plan.Tree;
        var layout = plan.Layout;
        for (int i = from; i < to; i++)
        {
            IReadOnlyList<FilePart> parts = [];
            if (tree[i].Kind == EntryKind.File)
                parts = [new FilePart(Piece.PieceCid, 0, tree[i].Size, layout.FirstSection(layout.FileNumber(i)))];
            if (EntryRecord.Of(tree, i) is { } record)
                yield return record with { Cid = piece.CidOf(i).ToString(), Parts = parts };
        }
    }

    private sealed class PathOrder : IComparer<byte[]>
    {
        public static readonly PathOrder Instance = new();

        /// <summary>Component by component: the separator sorts before every other byte.</summary>
        public int Compare(byte[]? x, byte[]? y)
        {
            int common = x.AsSpan().CommonPrefixLength(y);
            if (common == x!.Length || common == y!.Length)
                return x.Length.CompareTo(y!.Length);
            return (x[common] == '/' ? 0 : x[common]).CompareTo(y[common] == '/' ? 0 : y[common]);
        }
    }
}
