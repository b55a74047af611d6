using DataPrep.Packing;
using DataPrep.Piece;

namespace DataPrep.Aggregation;

/// <summary>A piece that goes into an aggregate.</summary>
/// <param name="Path">The file that has it, or would.</param>
internal sealed record AggregatePiece(string Path, PieceCommitment Commitment);

/// <summary>
/// Several pieces in one deal, with an index (PoDSI, FRC-0058). All of it follows from the pieces' commitments: no data is read.
/// <code>
/// | piece | piece | zeros | piece | ... zeros ... | index |      the deal, of dealSize padded bytes
/// </code>
/// Memory: about 400 bytes for each piece.
/// </summary>
internal sealed class Aggregate
{
    private readonly long[] _offsets;
    private readonly byte[] _index;
    private readonly SparseTree _tree;

    /// <param name="pieces">In the order in which they are to lie.</param>
    /// <param name="dealSize">Padded size of the deal; null for the smallest that holds them.</param>
    /// <exception cref="UsageException">They do not fit.</exception>
    public Aggregate(IReadOnlyList<AggregatePiece> pieces, long? dealSize = null)
    {
        Pieces = pieces;
        (_offsets, End) = DealPlacement.Place([.. pieces.Select(piece => piece.Commitment.PieceSize)]);
        DealSize = dealSize ?? DealPlacement.SmallestFor(pieces.Count, End)
            ?? throw new UsageException($"the pieces do not fit in a deal of {PieceSize.Max} padded bytes, the largest: {DealPlacement.Lack(pieces.Count, End, PieceSize.Max)}");
        if (DealPlacement.Lack(pieces.Count, End, DealSize) is { } lack)
        {
            string fits = DealPlacement.SmallestFor(pieces.Count, End) is { } size ? $"the smallest deal that holds them has {size}" : "no deal holds them";
            throw new UsageException($"the pieces do not fit in a deal of {DealSize} padded bytes: {lack}; {fits}");
        }

        // Entries go into the payload by pairs, which padding leaves whole.
        byte[] entries = new byte[(pieces.Count + (pieces.Count % 2)) * SegmentEntry.Length];
        for (int i = 0; i < pieces.Count; i++)
            Entry(i).ToArray().CopyTo(entries, i * SegmentEntry.Length);
        _index = new byte[entries.Length / Fr32.PaddedGroup * Fr32.RawGroup];
        Fr32.Unpad(entries, _index);
        int height = PieceSize.Height(DealSize);
        _tree = new SparseTree(height, Enumerable.Range(0, pieces.Count).Select(Segment).Concat(Leaves(entries)));
        Commitment = new PieceCommitment(_tree.Root, PieceSize.Unpadded(DealSize), DealSize);
    }

    public IReadOnlyList<AggregatePiece> Pieces { get; }

    /// <summary>Padded bytes.</summary>
    public long DealSize { get; }

    /// <summary>Where the last piece ends, in padded bytes.</summary>
    public long End { get; }

    /// <summary>The commitment to the deal's payload, which fills all of it.</summary>
    public PieceCommitment Commitment { get; }

    /// <summary>Where the index begins, in padded bytes.</summary>
    public long IndexStart => DealPlacement.IndexStart(DealSize);

    /// <summary>The index as it stands in the payload: unpadded, without the empty entries at its end.</summary>
    public ReadOnlySpan<byte> Index => _index;

    /// <summary>Where a piece begins, in padded bytes.</summary>
    public long OffsetOf(int piece) => _offsets[piece];

    public SegmentEntry Entry(int piece)
    {
        var commitment = Pieces[piece].Commitment;
        return new SegmentEntry(commitment.Root.ToArray(), _offsets[piece], commitment.PieceSize);
    }

    /// <summary>The proof that a piece is in the deal and in its index.</summary>
    public SegmentInclusion Inclusion(int piece)
    {
        var segment = Segment(piece);
        long entry = (IndexStart / SegmentEntry.Length) + piece;
        return new SegmentInclusion
        {
            PieceRoot = segment.Node,
            PieceSize = Pieces[piece].Commitment.PieceSize,
            DealRoot = Commitment.Root.ToArray(),
            DealSize = DealSize,
            Subtree = new MerklePath(segment.Index, _tree.PathOf(segment.Level, segment.Index)),
            Index = new MerklePath(entry, _tree.PathOf(SegmentInclusion.EntryLevel, entry)),
        };
    }

    private PlacedNode Segment(int piece)
    {
        var commitment = Pieces[piece].Commitment;
        return new PlacedNode(commitment.Height, _offsets[piece] / commitment.PieceSize, commitment.Root.ToArray());
    }

    private IEnumerable<PlacedNode> Leaves(byte[] entries)
    {
        long first = IndexStart / PieceSize.NodeLength;
        return Enumerable.Range(0, entries.Length / PieceSize.NodeLength).Select(i => new PlacedNode(0, first + i, entries.AsMemory(i * PieceSize.NodeLength, PieceSize.NodeLength)));
    }
}
