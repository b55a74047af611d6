using DataPrep.Hashing;
using DataPrep.Ipld;

namespace DataPrep.Piece;

/// <summary>
/// Makes proofs from a piece and its tree sidecar. Only the segments that a proof is about are read, and each is held against the
/// sidecar first: a damaged piece gives an error, and never a proof of something else.
/// </summary>
/// <param name="tree">The piece's sidecar, whose nodes fold to the piece's root.</param>
/// <param name="piece">The piece's bytes, a stream that can seek; the zeros that fill the piece need not be there.</param>
/// <param name="path">Name for error messages.</param>
internal sealed class InclusionProver(TreeSidecar tree, Stream piece, string? path = null)
{
    private const int NodeLength = PieceSize.NodeLength;

    private readonly SubTreeHasher _hasher = new(Sha256Kernels.Current);
    private readonly Dictionary<long, byte[]> _segments = [];

    /// <summary>Unpadded bytes of a segment; a piece below 1 MiB is one segment.</summary>
    private long SegmentBytes => InclusionProof.NodeBytes(tree.NodeHeight);

    /// <summary>A proof of a range, also of the zeros behind the payload.</summary>
    /// <param name="offset">Of the range, in unpadded bytes.</param>
    /// <param name="length">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty, or not within the piece.</exception>
    /// <exception cref="MalformedDataException">The piece's bytes are not those that the sidecar is of.</exception>
    /// <exception cref="IOException">The piece cannot be read.</exception>
    public InclusionProof Prove(long offset, long length)
    {
        long capacity = PieceSize.Unpadded(tree.Commitment.PieceSize);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (offset > capacity - length)
            throw new ArgumentOutOfRangeException(nameof(length), length, $"The piece holds {capacity} bytes.");
        if (piece.Length < tree.Commitment.PayloadSize)
            throw new MalformedDataException($"The piece is cut off: its tree sidecar is of {tree.Commitment.PayloadSize} bytes", piece.Length, path);

        var (level, index, count) = InclusionProof.NodesOf(offset, length);
        long from = index * InclusionProof.NodeBytes(level), to = from + (count * InclusionProof.NodeBytes(level)) - 1;
        for (long segment = from / SegmentBytes; segment <= to / SegmentBytes; segment++)
        {
            byte[] bytes = ReadSegment(segment);
            if (level < tree.NodeHeight)
                _segments[segment] = bytes;
        }

        var proof = Make(level, index, count);
        _segments.Clear();
        return proof;
    }

    /// <summary>A proof of whole segments, for which the piece is not needed.</summary>
    /// <param name="offset">Of the range: that of a segment.</param>
    /// <param name="length">A whole number of segments.</param>
    public InclusionProof ProveSegments(long offset, long length)
    {
        var (level, index, count) = InclusionProof.NodesOf(offset, length);
        return Make(level, index, count);
    }

    private InclusionProof Make(int level, long index, int count)
    {
        byte[] nodes = Nodes(Enumerable.Range(0, count).Select(i => (level, index + i)));
        byte[] siblings = Nodes(InclusionProof.Siblings(tree.Commitment.Height, level, index, count));
        return new InclusionProof(tree.Commitment.Height, level, index, nodes, siblings);
    }

    private byte[] ReadSegment(long segment)
    {
        long start = segment * SegmentBytes;
        byte[] bytes = new byte[Math.Clamp(tree.Commitment.PayloadSize - start, 0, SegmentBytes)];
        if (bytes.Length > 0)
            piece.Position = start;
        piece.ReadExactly(bytes);
        Span<byte> node = stackalloc byte[NodeLength];
        _hasher.Root(bytes, tree.NodeHeight, node);
        return node.SequenceEqual(tree.NodeAt(segment)) ? bytes
            : throw new MalformedDataException($"The {bytes.Length} bytes of segment {segment} are not those that the tree sidecar is of", start, path);
    }

    private byte[] Nodes(IEnumerable<(int Level, long Index)> places)
    {
        var nodes = new List<byte>();
        byte[] node = new byte[NodeLength];
        foreach (var (level, index) in places)
        {
            Hash(level, index, node);
            nodes.AddRange(node);
        }

        return [.. nodes];
    }

    /// <summary>Any node above the segments, and those of the segments that were read.</summary>
    private void Hash(int level, long index, Span<byte> node)
    {
        int below = tree.NodeHeight - level;
        if (below <= 0)
        {
            long first = Math.Min(index << -below, tree.NodeCount);
            long count = Math.Min(tree.NodeCount - first, 1L << -below);
            PieceTree.Fold(tree.Nodes.Slice((int)first * NodeLength, (int)count * NodeLength), tree.NodeHeight, level, node);
            return;
        }

        byte[] segment = _segments[index >> below];
        long bytes = InclusionProof.NodeBytes(level);
        int start = (int)Math.Min(segment.Length, (index & ((1L << below) - 1)) * bytes);
        _hasher.Root(segment.AsSpan(start, (int)Math.Min(bytes, segment.Length - start)), level, node);
    }
}
