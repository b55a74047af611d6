using System.Collections.Concurrent;
using DataPrep.Hashing;

namespace DataPrep.Piece;

/// <summary>
/// Holds bytes that are read in any order, by several threads at once, against the commitment that they should have. Memory: 32 bytes for each
/// MiB of the piece, and a hasher for each thread.
/// </summary>
internal sealed class SegmentTree(PieceCommitment expected)
{
    private const int Segment = SubTreeHasher.SegmentRaw;
    private const int NodeLength = PieceSize.NodeLength;
    private readonly ConcurrentBag<SubTreeHasher> hashers = [];
    private readonly byte[] nodes = new byte[SubTreeHasher.SegmentCount(expected.PayloadSize) * NodeLength];

    /// <summary>Height of the nodes over the leaves: 15, or that of a smaller piece.</summary>
    public int NodeHeight { get; } = Math.Min(expected.Height, SubTreeHasher.SegmentHeight);

    /// <summary>A node for each segment, as far as they were hashed.</summary>
    public ReadOnlySpan<byte> Nodes => nodes;

    /// <summary>Whether all that was hashed, which has to be everything, is the piece.</summary>
    public bool IsExpected
    {
        get
        {
            Span<byte> root = stackalloc byte[NodeLength];
            PieceTree.Fold(nodes, NodeHeight, expected.Height, root);
            return root.SequenceEqual(expected.Root);
        }
    }

    /// <summary>Hashes whole segments of 1,040,384 bytes, or those at the end.</summary>
    /// <param name="offset">Where in the payload they begin.</param>
    public void Hash(long offset, ReadOnlySpan<byte> bytes)
    {
        if (!hashers.TryTake(out var hasher))
            hasher = new SubTreeHasher(Sha256Kernels.Current);
        for (int at = 0; at < bytes.Length; at += Segment)
        {
            int number = (int)((offset + at) / Segment);
            hasher.Root(bytes[at..Math.Min(bytes.Length, at + Segment)], NodeHeight, nodes.AsSpan(number * NodeLength, NodeLength));
        }

        hashers.Add(hasher);
    }
}
