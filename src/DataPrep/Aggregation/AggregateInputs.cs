using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Aggregation;

/// <summary>
/// The pieces that are named to go into an aggregate: files, or folders of packed datasets with all their pieces. Their commitments come from records, from
/// the footers of inline pieces, and from tree sidecars beside them; only a file that has none of these is read.
/// </summary>
internal sealed class AggregateInputs(int threads, PackCounters progress, CancellationToken cancel)
{
    /// <exception cref="MalformedDataException">A record or sidecar is damaged.</exception>
    /// <exception cref="IOException">Something is not there or cannot be read.</exception>
    public IReadOnlyList<AggregatePiece> Read(IReadOnlyList<string> named)
    {
        var known = named.Select(input => Directory.Exists(input) ? OfFolder(input) : Known(input) is { } piece ? [piece] : null).ToList();
        var unknown = Enumerable.Range(0, named.Count).Where(i => known[i] is null).ToList();
        progress.Begin(unknown.Sum(i => new FileInfo(named[i]).Length));
        foreach (int i in unknown)
            known[i] = [new AggregatePiece(named[i], FileCommP.Compute(named[i], threads, progress.Add, cancel).Commitment)];
        return [.. known.SelectMany(pieces => pieces!)];
    }

    private static List<AggregatePiece> OfFolder(string folder)
    {
        string list = Path.Join(folder, RecordFile.Pieces);
        if (!File.Exists(list))
            throw new FileNotFoundException($"{folder}: no packed dataset ({RecordFile.Pieces} is missing)");
        var pieces = new List<AggregatePiece>();
        foreach (var (record, offset) in RecordFile.ReadPieceLines(folder))
        {
            try
            {
                pieces.Add(new AggregatePiece(StoredPiece.FileIn(folder, record), record.Commitment()));
            }
            catch (MalformedDataException e)
            {
                throw new MalformedDataException(e.Reason, offset, list);
            }
        }

        return pieces;
    }

    private static AggregatePiece? Known(string file)
    {
        if (!File.Exists(file))
            throw new FileNotFoundException($"{file}: no such file or folder");
        if (CarBytes.IsInline(file))
        {
            var footer = InlineFooter.Read(file);
            return new AggregatePiece(file, new PieceCommitment(footer.Root.Span, footer.CarSize, PieceSize.Padded(footer.CarSize)));
        }

        string sidecar = Path.ChangeExtension(file, ".tree");
        if (sidecar == file || !File.Exists(sidecar))
            return null;
        using var stream = File.OpenRead(sidecar);
        var commitment = TreeSidecar.Read(stream, sidecar).Commitment;
        return commitment.PayloadSize == LinkedFile.Length(file) ? new AggregatePiece(file, commitment)
            : throw new IOException($"{sidecar}: is of a piece of {commitment.PayloadSize} bytes, but {file} has {LinkedFile.Length(file)}");
    }
}
