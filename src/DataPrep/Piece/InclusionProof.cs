using System.Buffers;
using DataPrep.Hashing;
using DataPrep.Ipld;

namespace DataPrep.Piece;

/// <summary>
/// Shows that bytes are in a piece: one node of its tree, or two neighbours, and the siblings from there up to the root.
/// Node k of level l stands for the payload bytes from k * s on, s = 127 * 2^(l - 2). The layout of the file is in docs/proof.md.
/// </summary>
internal sealed class InclusionProof
{
    /// <summary>The lowest level: its nodes stand for 127 bytes, the least that padding leaves whole.</summary>
    public const int MinLevel = PieceSize.MinHeight;

    private const int NodeLength = PieceSize.NodeLength;

    private readonly byte[] _nodes;
    private readonly byte[] _path;

    /// <summary>A proof from its parts, of which only the shape is checked here.</summary>
    /// <param name="height">Height of the piece's tree, 2 to 35.</param>
    /// <param name="level">Height of the nodes over the leaves, 2 to <paramref name="height"/>.</param>
    /// <param name="index">Which node of the level the first one is.</param>
    /// <param name="nodes">One node or two, 32 bytes each.</param>
    /// <param name="path">The siblings, 32 bytes each: from the level upwards, of each level first the left one.</param>
    /// <exception cref="MalformedDataException">There is no such tree or node, or the path has another length.</exception>
    public InclusionProof(int height, int level, long index, ReadOnlySpan<byte> nodes, ReadOnlySpan<byte> path)
    {
        if (height is < PieceSize.MinHeight or > TreeSidecar.MaxPieceHeight)
            throw new MalformedDataException($"A proof cannot be of a piece of height {height}");
        if (level < MinLevel || level > height)
            throw new MalformedDataException($"A tree of height {height} has no level {level} that a proof can begin at");
        if (nodes.Length is not (NodeLength or 2 * NodeLength))
            throw new MalformedDataException("A proof has one node or two, of 32 bytes each");
        Count = nodes.Length / NodeLength;
        if (index < 0 || index > (1L << (height - level)) - Count)
            throw new MalformedDataException($"Level {level} of a tree of height {height} has no {(Count == 1 ? "node" : "two nodes at")} {index}");
        int siblings = Siblings(height, level, index, Count).Count();
        if (path.Length != siblings * NodeLength)
            throw new MalformedDataException($"The path from level {level}, node {index} to a root of height {height} has {siblings} siblings of 32 bytes, not {path.Length} bytes");
        (Height, Level, Index) = (height, level, index);
        (_nodes, _path) = (nodes.ToArray(), path.ToArray());
    }

    /// <summary>Height of the piece's tree.</summary>
    public int Height { get; }

    /// <summary>Height of the nodes over the leaves.</summary>
    public int Level { get; }

    /// <summary>Which node of the level the first one is.</summary>
    public long Index { get; }

    /// <summary>Number of nodes: 1 or 2.</summary>
    public int Count { get; }

    /// <summary>The nodes, 32 bytes each.</summary>
    public ReadOnlySpan<byte> Nodes => _nodes;

    /// <summary>The siblings, 32 bytes each.</summary>
    public ReadOnlySpan<byte> Path => _path;

    /// <summary>Offset in the piece's unpadded bytes of what the nodes stand for.</summary>
    public long Offset => Index * NodeBytes(Level);

    /// <summary>Unpadded bytes that the nodes stand for, zeros behind the payload among them.</summary>
    public long Length => Count * NodeBytes(Level);

    /// <summary>Unpadded bytes that a node of a level stands for.</summary>
    public static long NodeBytes(int level) => PieceSize.Unpadded(PieceSize.OfHeight(level));

    /// <summary>
    /// The nodes that a proof of a range is about: of the lowest level whose nodes are not shorter than the range, the one that
    /// has all of it, or the two that have it between them.
    /// </summary>
    /// <param name="offset">Of the range, in unpadded bytes.</param>
    /// <param name="length">At least 1.</param>
    public static (int Level, long Index, int Count) NodesOf(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        int level = PieceSize.Height(PieceSize.Padded(length));
        long first = offset / NodeBytes(level), last = (offset + length - 1) / NodeBytes(level);
        return (level, first, (int)(last - first + 1));
    }

    /// <summary>The nodes beside a run and its parents, level by level, of each first the left one.</summary>
    public static IEnumerable<(int Level, long Index)> Siblings(int height, int level, long index, int count)
    {
        long first = index, last = index + count - 1;
        for (int at = level; at < height; at++, first /= 2, last /= 2)
        {
            if (first % 2 != 0)
                yield return (at, first - 1);
            if (last % 2 == 0)
                yield return (at, last + 1);
        }
    }

    /// <summary>Whether nodes and path lead to that root.</summary>
    /// <param name="root">32 bytes.</param>
    public bool FoldsTo(ReadOnlySpan<byte> root)
    {
        // A run of at most two, and a sibling on either side.
        Span<byte> row = stackalloc byte[4 * NodeLength];
        int width = _nodes.Length;
        _nodes.CopyTo(row);
        ReadOnlySpan<byte> path = _path;
        long first = Index, last = Index + Count - 1;
        for (int at = Level; at < Height; at++, first /= 2, last /= 2)
        {
            if (first % 2 != 0)
            {
                row[..width].CopyTo(row[NodeLength..]);
                path = Take(path, row);
                width += NodeLength;
            }

            if (last % 2 == 0)
            {
                path = Take(path, row[width..]);
                width += NodeLength;
            }

            PieceTree.HashLayer(Sha256Kernels.Current, row[..width], row);
            width /= 2;
        }

        return row[..NodeLength].SequenceEqual(root);

        static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> path, scoped Span<byte> to)
        {
            path[..NodeLength].CopyTo(to);
            return path[NodeLength..];
        }
    }

    /// <summary>Whether bytes are those that the nodes stand for.</summary>
    /// <param name="data">Read from its position; zeros follow its end.</param>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public bool IsOf(Stream data) => IsOf(data, out _);

    /// <inheritdoc cref="IsOf(Stream)"/>
    /// <param name="read">Bytes of it that were read.</param>
    public bool IsOf(Stream data, out long read)
    {
        read = 0;
        ArgumentNullException.ThrowIfNull(data);
        int height = Math.Min(Level, SubTreeHasher.SegmentHeight);
        byte[] segment = new byte[NodeBytes(height)];
        var hasher = new SubTreeHasher(Sha256Kernels.Current);
        Span<byte> node = stackalloc byte[NodeLength];
        for (int i = 0; i < Count; i++)
        {
            // Memory grows with what is there, not with what the level says.
            var below = new ArrayBufferWriter<byte>();
            for (long left = 1L << (Level - height); left > 0; left--)
            {
                int got = data.ReadAtLeast(segment, segment.Length, throwOnEndOfStream: false);
                if (got == 0)
                    break;
                read += got;
                hasher.Root(segment.AsSpan(0, got), height, below.GetSpan(NodeLength));
                below.Advance(NodeLength);
            }

            PieceTree.Fold(below.WrittenSpan, height, Level, node);
            if (!node.SequenceEqual(_nodes.AsSpan(i * NodeLength, NodeLength)))
                return false;
        }

        return true;
    }
}
