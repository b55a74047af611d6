using DataPrep.Hashing;
using DataPrep.Piece;

namespace DataPrep.Aggregation;

/// <summary>The siblings from a node of a tree up to its root.</summary>
/// <param name="Index">Which node of its level it is.</param>
/// <param name="Siblings">32 bytes each, the lowest first.</param>
internal sealed record MerklePath(long Index, ReadOnlyMemory<byte> Siblings)
{
    /// <summary>Levels between the node and the root.</summary>
    public int Depth => Siblings.Length / PieceSize.NodeLength;

    /// <summary>Whether a tree of that depth has such a node.</summary>
    public bool IsPlaced => Depth < 63 && Index >= 0 && Index < 1L << Depth;

    /// <summary>The root that a node leads to.</summary>
    public byte[] RootFrom(ReadOnlySpan<byte> node)
    {
        byte[] pair = new byte[2 * PieceSize.NodeLength];
        byte[] current = node.ToArray();
        for (int level = 0; level < Depth; level++)
        {
            bool isRight = ((Index >> level) & 1) != 0;
            current.CopyTo(pair, isRight ? PieceSize.NodeLength : 0);
            Siblings.Span.Slice(level * PieceSize.NodeLength, PieceSize.NodeLength).CopyTo(pair.AsSpan(isRight ? 0 : PieceSize.NodeLength));
            PieceTree.HashLayer(Sha256Kernels.Current, pair, current);
        }

        return current;
    }
}

/// <summary>
/// Shows that a piece is in a deal and in the deal's index (PoDSI, FRC-0058): a path from the piece's root, and one from its entry of the index, both to the
/// root of the deal. The entry itself follows from the piece and its place.
/// </summary>
internal sealed record SegmentInclusion
{
    /// <summary>Level of the node over the two that an entry is.</summary>
    public const int EntryLevel = 1;

    /// <summary>Of the piece (CommPc), 32 bytes.</summary>
    public required ReadOnlyMemory<byte> PieceRoot { get; init; }

    /// <summary>Padded size of the piece.</summary>
    public required long PieceSize { get; init; }

    /// <summary>Of the deal (CommPa), 32 bytes.</summary>
    public required ReadOnlyMemory<byte> DealRoot { get; init; }

    /// <summary>Padded size of the deal.</summary>
    public required long DealSize { get; init; }

    /// <summary>From the piece's root.</summary>
    public required MerklePath Subtree { get; init; }

    /// <summary>From the piece's entry in the index.</summary>
    public required MerklePath Index { get; init; }

    /// <summary>Says why the proof does not hold; null where it does. That such a deal was made is for the reader to check.</summary>
    public string? Problem()
    {
        if (!Piece.PieceSize.IsValid(PieceSize) || !Piece.PieceSize.IsValid(DealSize) || DealSize < DealPlacement.SmallestDeal)
            return $"{PieceSize} or {DealSize} is no padded size of a piece or of a deal with an index";
        if (!Subtree.IsPlaced || !Index.IsPlaced)
            return "a path has no node of its index";
        int height = Piece.PieceSize.Height(DealSize);
        if (Piece.PieceSize.Height(PieceSize) + Subtree.Depth != height || EntryLevel + Index.Depth != height)
            return $"a path has another length than one to the root of a deal of {DealSize} bytes";
        long start = DealPlacement.IndexStart(DealSize);
        if (Index.Index * SegmentEntry.Length < start)
            return $"the entry at {Index.Index * SegmentEntry.Length} is not in the index, which begins at {start}";
        var entry = new SegmentEntry(PieceRoot, Subtree.Index * PieceSize, PieceSize);
        if (entry.End > start)
            return $"the piece ends at {entry.End}, in the index, which begins at {start}";
        if (!Subtree.RootFrom(PieceRoot.Span).AsSpan().SequenceEqual(DealRoot.Span))
            return "the piece's path does not lead to the deal's piece CID";
        byte[] node = entry.ToArray();
        PieceTree.HashLayer(Sha256Kernels.Current, node, node);
        return Index.RootFrom(node.AsSpan(0, Piece.PieceSize.NodeLength)).AsSpan().SequenceEqual(DealRoot.Span) ? null
            : "the path of the piece's entry in the index does not lead to the deal's piece CID";
    }
}
