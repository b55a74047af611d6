using DataPrep.Hashing;

namespace DataPrep.Piece;

/// <summary>A sub-tree of a larger tree: its root, and which node of its level that is.</summary>
/// <param name="Level">Height of the node over the leaves.</param>
/// <param name="Node">32 bytes.</param>
internal readonly record struct PlacedNode(int Level, long Index, ReadOnlyMemory<byte> Node);

/// <summary>
/// A tree of which some sub-trees are known by their roots, and all else is zeros. Keeps the nodes on the way from these to the root, level by level:
/// 40 bytes for each, fewer than two for each sub-tree and one more for each level.
/// </summary>
internal sealed class SparseTree
{
    private const int NodeLength = PieceSize.NodeLength;

    private readonly List<(long[] Index, byte[] Nodes)> _levels = [];

    /// <param name="height">Of the tree, at most 62.</param>
    /// <param name="placed">The sub-trees, in any order.</param>
    /// <exception cref="ArgumentException">A sub-tree is outside of the tree, or in another one.</exception>
    public SparseTree(int height, IEnumerable<PlacedNode> placed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(height);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, 62);
        Height = height;
        var given = placed.ToLookup(node => node.Level);
        if (given.Any(level => level.Key < 0 || level.Key > height || level.Any(node => node.Index < 0 || node.Index >= 1L << (height - level.Key) || node.Node.Length != NodeLength)))
            throw new ArgumentException("A sub-tree is outside of the tree.", nameof(placed));
        for (int level = 0; level <= height; level++)
            _levels.Add(Merge(level == 0 ? ([], []) : Parents(level - 1), [.. given[level].OrderBy(node => node.Index)]));
    }

    public int Height { get; }

    /// <summary>32 bytes.</summary>
    public ReadOnlySpan<byte> Root => At(Height, 0);

    /// <summary>A node that is on or beside a way from a sub-tree to the root, or is of zeros; those inside sub-trees are not known.</summary>
    public ReadOnlySpan<byte> At(int level, long index)
    {
        var (indexes, nodes) = _levels[level];
        int at = Array.BinarySearch(indexes, index);
        return at < 0 ? ZeroCommitment.At(level) : nodes.AsSpan(at * NodeLength, NodeLength);
    }

    /// <summary>The siblings from a node up to the root, 32 bytes each.</summary>
    public byte[] PathOf(int level, long index)
    {
        byte[] path = new byte[(Height - level) * NodeLength];
        for (int at = level; at < Height; at++, index /= 2)
            At(at, index ^ 1).CopyTo(path.AsSpan((at - level) * NodeLength));
        return path;
    }

    private (long[] Index, byte[] Nodes) Parents(int level)
    {
        var (indexes, nodes) = _levels[level];
        var parents = new List<long>(indexes.Length);
        foreach (long index in indexes)
        {
            if (parents.Count == 0 || parents[^1] != index / 2)
                parents.Add(index / 2);
        }

        byte[] pairs = new byte[2 * NodeLength * parents.Count];
        for (int i = 0; i < parents.Count; i++)
        {
            At(level, 2 * parents[i]).CopyTo(pairs.AsSpan(2 * i * NodeLength));
            At(level, (2 * parents[i]) + 1).CopyTo(pairs.AsSpan(((2 * i) + 1) * NodeLength));
        }

        PieceTree.HashLayer(Sha256Kernels.Current, pairs, pairs);
        return ([.. parents], pairs[..(NodeLength * parents.Count)]);
    }

    private static (long[] Index, byte[] Nodes) Merge((long[] Index, byte[] Nodes) parents, PlacedNode[] placed)
    {
        if (placed.Length == 0)
            return parents;
        int count = parents.Index.Length + placed.Length;
        long[] indexes = new long[count];
        byte[] nodes = new byte[NodeLength * count];
        for (int i = 0, parent = 0, given = 0; i < count; i++)
        {
            bool isParent = given == placed.Length || (parent < parents.Index.Length && parents.Index[parent] < placed[given].Index);
            indexes[i] = isParent ? parents.Index[parent] : placed[given].Index;
            if (i > 0 && indexes[i] == indexes[i - 1])
                throw new ArgumentException("A sub-tree is in another one.", nameof(placed));
            (isParent ? parents.Nodes.AsSpan(parent * NodeLength, NodeLength) : placed[given].Node.Span).CopyTo(nodes.AsSpan(i * NodeLength));
            _ = isParent ? parent++ : given++;
        }

        return (indexes, nodes);
    }
}
