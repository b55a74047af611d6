using System.Numerics;
using DataPrep.Packing;
using DataPrep.Piece;

namespace DataPrep.Aggregation;

/// <summary>
/// Where pieces lie in a deal that holds several of them (FRC-0058): each at a multiple of its own size, one behind the other, and an index at the end of the
/// deal. Sizes and offsets are padded bytes.
/// </summary>
internal static class DealPlacement
{
    /// <summary>The smallest deal that has room for an index and something before it.</summary>
    public const long SmallestDeal = 512;

    private const int LeastEntries = 4;

    /// <summary>Entries that the index of a deal has room for: one for each 128 KiB, and at least four.</summary>
    /// <param name="dealSize">A power of two.</param>
    public static long EntryCount(long dealSize) => Math.Max(LeastEntries, (long)BitOperations.RoundUpToPowerOf2((ulong)dealSize / 2048 / SegmentEntry.Length));

    /// <summary>Where the index begins.</summary>
    public static long IndexStart(long dealSize) => dealSize - (SegmentEntry.Length * EntryCount(dealSize));

    /// <summary>Offsets of pieces in their order, and where the last ends.</summary>
    /// <param name="sizes">Powers of two.</param>
    /// <exception cref="UsageException">They end beyond what any deal holds.</exception>
    public static (long[] Offsets, long End) Place(IReadOnlyList<long> sizes)
    {
        long[] offsets = new long[sizes.Count];
        long end = 0;
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = (end + sizes[i] - 1) / sizes[i] * sizes[i];
            end = offsets[i] + sizes[i];
            if (end > PieceSize.Max || end < 0)
                throw new UsageException($"the first {i + 1} of {sizes.Count} pieces end at {end} padded bytes, and the largest deal has {PieceSize.Max}: name fewer, or smaller ones");
        }

        return (offsets, end);
    }

    /// <summary>The smallest deal that holds so many pieces that end there; null where none does.</summary>
    public static long? SmallestFor(int count, long end)
    {
        for (long size = SmallestDeal; size <= PieceSize.Max; size *= 2)
        {
            if (Lack(count, end, size) is null)
                return size;
        }

        return null;
    }

    /// <summary>Says by how much pieces do not fit in a deal; null where they do.</summary>
    public static string? Lack(int count, long end, long dealSize)
    {
        long entries = EntryCount(dealSize), start = IndexStart(dealSize);
        return count > entries ? $"its index has room for {entries} pieces, {count - entries} fewer than the {count} named"
            : end > start ? $"the pieces end at {end} padded bytes, {end - start} beyond the {start} in front of its index"
            : null;
    }
}
