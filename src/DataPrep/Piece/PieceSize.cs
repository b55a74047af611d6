using System.Numerics;

namespace DataPrep.Piece;

/// <summary>
/// Sizes of pieces. A padded size is a power of two of at least 128 bytes; of each 128 padded bytes 127 are payload.
/// The arithmetic goes as far as 64 bits do; what the network takes ends at <see cref="Max"/>.
/// </summary>
public static class PieceSize
{
    /// <summary>The smallest padded size: one group of four nodes.</summary>
    public const long Min = 128;

    /// <summary>The largest padded size that a sector takes: 64 GiB.</summary>
    public const long Max = 64L << 30;

    internal const int NodeLength = 32;

    /// <summary>The height of the smallest piece.</summary>
    internal const int MinHeight = 2;

    /// <summary>The greatest height whose padded size is a positive <see cref="long"/>.</summary>
    internal const int MaxHeight = 57;

    /// <summary>The natural padded size of a payload: 128 times the next power of two of its groups of 127 bytes.</summary>
    /// <param name="payloadBytes">0 or more; an empty payload takes one group.</param>
    /// <exception cref="ArgumentOutOfRangeException">The payload is negative, or the result would not fit.</exception>
    public static long Padded(long payloadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadBytes, Unpadded(1L << 62));
        ulong groups = Math.Max(1, ((ulong)payloadBytes + 126) / 127);
        return (long)(128 * BitOperations.RoundUpToPowerOf2(groups));
    }

    /// <summary>The payload bytes that a piece of this padded size holds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is no padded size.</exception>
    public static long Unpadded(long paddedBytes)
    {
        ThrowIfNotPadded(paddedBytes);
        return paddedBytes / 128 * 127;
    }

    /// <summary>The height of the tree over a piece: log2(padded / 32).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is no padded size.</exception>
    public static int Height(long paddedBytes)
    {
        ThrowIfNotPadded(paddedBytes);
        return BitOperations.Log2((ulong)paddedBytes) - 5;
    }

    /// <summary>Whether the network takes a piece of this padded size: a power of two from 128 bytes to 64 GiB.</summary>
    public static bool IsValid(long padded) => padded is >= Min and <= Max && BitOperations.IsPow2(padded);

    /// <summary>The padded size of a tree of that height.</summary>
    internal static long OfHeight(int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, MinHeight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, MaxHeight);
        return (long)NodeLength << height;
    }

    internal static void ThrowIfNotPadded(long paddedBytes)
    {
        if (paddedBytes < Min || !BitOperations.IsPow2(paddedBytes))
            throw new ArgumentOutOfRangeException(nameof(paddedBytes), paddedBytes, "A padded piece size is a power of two of at least 128 bytes.");
    }
}
