using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Piece;

namespace DataPrep.Aggregation;

/// <summary>The index at the end of a deal's payload, as a storage provider reads it to find the pieces in a deal.</summary>
/// <param name="DealSize">Padded bytes.</param>
/// <param name="Entries">Those that are valid, with their numbers, in the order of the index.</param>
/// <param name="Invalid">How many others are not empty: damaged, outside of the deal's data, or in the room of one before.</param>
internal sealed record SegmentIndex(long DealSize, IReadOnlyList<(long Number, SegmentEntry Entry)> Entries, long Invalid)
{
    private const int GroupsAtOnce = 4096;

    /// <summary>Reads the index of a payload of which the deal has the natural size. Memory: about 200 bytes for each valid entry, of which a deal of 64 GiB has at most 524,288.</summary>
    /// <param name="read">Reads the payload; zeros follow its end.</param>
    /// <param name="length">Bytes of the payload.</param>
    /// <exception cref="MalformedDataException">No deal is so large.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SegmentIndex Read(RangeReader read, long length)
    {
        if (length > PieceSize.Unpadded(PieceSize.Max))
            throw new MalformedDataException($"a deal holds at most {PieceSize.Unpadded(PieceSize.Max)} bytes", length);
        long dealSize = Math.Max(PieceSize.Padded(length), DealPlacement.SmallestDeal), start = DealPlacement.IndexStart(dealSize);
        var entries = new List<(long Number, SegmentEntry Entry)>();
        long invalid = 0, number = 0;
        byte[] raw = new byte[GroupsAtOnce * Fr32.RawGroup], padded = new byte[GroupsAtOnce * Fr32.PaddedGroup];
        for (long at = start; at < dealSize; at += padded.Length)
        {
            int groups = (int)Math.Min(GroupsAtOnce, (dealSize - at) / Fr32.PaddedGroup);
            Fill(read, length, at / Fr32.PaddedGroup * Fr32.RawGroup, raw.AsSpan(0, groups * Fr32.RawGroup));
            Fr32.Pad(raw.AsSpan(0, groups * Fr32.RawGroup), padded);
            for (int i = 0; i < groups * Fr32.PaddedGroup; i += SegmentEntry.Length, number++)
            {
                var bytes = padded.AsSpan(i, SegmentEntry.Length);
                if (SegmentEntry.Read(bytes, start) is { } entry)
                    entries.Add((number, entry));
                else
                    invalid += bytes.IndexOfAnyExcept((byte)0) >= 0 ? 1 : 0;
            }
        }

        var apart = Apart(entries);
        return new SegmentIndex(dealSize, apart, invalid + entries.Count - apart.Count);
    }

    /// <summary>Leaves out what overlaps an entry with a lower number.</summary>
    private static List<(long Number, SegmentEntry Entry)> Apart(List<(long Number, SegmentEntry Entry)> entries)
    {
        // Each lies at a multiple of its size, a power of two: of two that overlap, one is in the other.
        var taken = new HashSet<(long Size, long Offset)>();
        var above = new HashSet<(long Size, long Offset)>();
        var apart = new List<(long, SegmentEntry)>(entries.Count);
        foreach (var (number, entry) in entries)
        {
            var places = Around(entry).ToList();
            if (above.Contains(places[0]) || places.Any(taken.Contains))
                continue;
            _ = taken.Add(places[0]);
            foreach (var place in places.TakeWhile(above.Add))
            {
            }

            apart.Add((number, entry));
        }

        return apart;
    }

    /// <summary>An entry's own place, and all larger ones around it.</summary>
    private static IEnumerable<(long Size, long Offset)> Around(SegmentEntry entry)
    {
        for (long size = entry.Size; size <= PieceSize.Max; size *= 2)
            yield return (size, entry.Offset / size);
    }

    private static void Fill(RangeReader read, long length, long offset, Span<byte> bytes)
    {
        int there = (int)Math.Clamp(length - offset, 0, bytes.Length);
        bytes[there..].Clear();
        for (int got = 0; got < there;)
        {
            int more = read(offset + got, bytes[got..there]);
            if (more == 0)
                throw new IOException($"ended early at offset {offset + got}");
            got += more;
        }
    }
}
