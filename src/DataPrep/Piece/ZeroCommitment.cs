using System.Security.Cryptography;

namespace DataPrep.Piece;

/// <summary>Roots of trees over nothing but zero leaves: Z[0] = 0, Z[h + 1] = node(Z[h], Z[h]).</summary>
internal static class ZeroCommitment
{
    /// <summary>Heights 0 to 63.</summary>
    public const int Count = 64;

    private static readonly byte[] s_roots = Compute();

    /// <summary>The 32-byte root of a zero tree of that height.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The height is not within 0 to 63.</exception>
    public static ReadOnlySpan<byte> At(int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(height);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(height, Count);
        return s_roots.AsSpan(height * PieceSize.NodeLength, PieceSize.NodeLength);
    }

    private static byte[] Compute()
    {
        byte[] roots = new byte[Count * PieceSize.NodeLength];
        Span<byte> pair = stackalloc byte[2 * PieceSize.NodeLength];
        for (int at = PieceSize.NodeLength; at < roots.Length; at += PieceSize.NodeLength)
        {
            ReadOnlySpan<byte> below = roots.AsSpan(at - PieceSize.NodeLength, PieceSize.NodeLength);
            below.CopyTo(pair);
            below.CopyTo(pair[PieceSize.NodeLength..]);
            SHA256.HashData(pair, roots.AsSpan(at, PieceSize.NodeLength));
            roots[at + PieceSize.NodeLength - 1] &= PieceTree.LastByteMask;
        }

        return roots;
    }
}
