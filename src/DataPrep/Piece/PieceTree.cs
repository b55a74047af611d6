using System.Buffers;
using System.Runtime.CompilerServices;
using DataPrep.Hashing;

namespace DataPrep.Piece;

/// <summary>
/// The binary tree under a piece commitment: nodes of 32 bytes, parent = SHA-256(left || right) with the two top bits of
/// the last byte cleared, so that every node is a field element.
/// </summary>
internal static class PieceTree
{
    /// <summary>What clears the two top bits, in a node's last byte.</summary>
    public const byte LastByteMask = 0x3f;

    private const int NodeLength = PieceSize.NodeLength;

    /// <summary>Folds the first nodes of a level up to a root; zero sub-trees stand for the nodes that are not there.</summary>
    /// <param name="nodes">32 bytes each, from the left; none at all means a tree of zeros.</param>
    /// <param name="nodeHeight">The height of <paramref name="nodes"/> over the leaves.</param>
    /// <param name="height">The height of the root, not below <paramref name="nodeHeight"/>.</param>
    /// <param name="root">Takes 32 bytes.</param>
    /// <exception cref="ArgumentException">The nodes are no whole number, or more than such a tree has.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A height is negative, above 63, or below the nodes'.</exception>
    public static void Fold(ReadOnlySpan<byte> nodes, int nodeHeight, int height, Span<byte> root)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nodeHeight);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, nodeHeight);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(height, ZeroCommitment.Count);
        int count = nodes.Length / NodeLength;
        if (nodes.Length % NodeLength != 0)
            throw new ArgumentException("Whole nodes of 32 bytes are needed.", nameof(nodes));
        if ((ulong)count > 1UL << (height - nodeHeight))
            throw new ArgumentException("More nodes than the tree has at their height.", nameof(nodes));
        if (count == 0)
        {
            ZeroCommitment.At(height).CopyTo(root);
            return;
        }

        // One node more than there are: a level with an odd number of nodes takes a zero sub-tree.
        byte[] rented = ArrayPool<byte>.Shared.Rent(nodes.Length + NodeLength);
        nodes.CopyTo(rented);
        int at = nodeHeight;
        for (; count > 1; at++)
        {
            if (count % 2 != 0)
                ZeroCommitment.At(at).CopyTo(rented.AsSpan(count++ * NodeLength));
            count /= 2;
            HashLayer(Sha256Kernels.Current, rented.AsSpan(0, count * 2 * NodeLength), rented);
        }

        PadUp(rented.AsSpan(0, NodeLength), at, height, root);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>The root of a tree whose left-most sub-tree is known and whose other leaves are zero.</summary>
    /// <param name="root">The sub-tree's root, 32 bytes.</param>
    /// <param name="fromHeight">Its height.</param>
    /// <param name="toHeight">The height of the tree, not below it.</param>
    /// <param name="result">Takes 32 bytes; may be <paramref name="root"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A height is negative, above 63, or the target below the sub-tree's.</exception>
    public static void PadUp(ReadOnlySpan<byte> root, int fromHeight, int toHeight, Span<byte> result)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fromHeight);
        ArgumentOutOfRangeException.ThrowIfLessThan(toHeight, fromHeight);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(toHeight, ZeroCommitment.Count);
        Span<byte> pair = stackalloc byte[2 * NodeLength];
        root[..NodeLength].CopyTo(pair);
        for (int height = fromHeight; height < toHeight; height++)
        {
            ZeroCommitment.At(height).CopyTo(pair[NodeLength..]);
            HashLayer(Sha256Kernels.Current, pair, pair);
        }

        pair[..NodeLength].CopyTo(result);
    }

    /// <summary>The parents of whole pairs of nodes.</summary>
    /// <param name="kernel">Hashes the pairs.</param>
    /// <param name="children">An even number of nodes.</param>
    /// <param name="parents">Half as many; may begin where <paramref name="children"/> begins.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void HashLayer(Sha256Kernel kernel, ReadOnlySpan<byte> children, Span<byte> parents)
    {
        kernel.HashPairs(children, parents);
        for (int last = NodeLength - 1; last < children.Length / 2; last += NodeLength)
            parents[last] &= LastByteMask;
    }
}
