using DataPrep.Aggregation;
using DataPrep.Ipld;
using DataPrep.Piece;
using Xunit;

namespace DataPrep.Tests.Aggregation;

/// <summary>Indexes of payloads that come from anyone.</summary>
public sealed class SegmentIndexTests
{
    private const long Deal = 1 << 20;

    private static readonly byte[] Root = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static byte[] Valid(long offset, long size) => new SegmentEntry(Root, offset, size).ToArray();

    [Fact]
    public void OnlyEntriesOfPlacesInTheDataAreTaken()
    {
        long start = DealPlacement.IndexStart(Deal);
        foreach (var (offset, size, isTaken) in (ReadOnlySpan<(long, long, bool)>)
        [
            (0, 128, true), (128, 128, true), (Deal / 2, Deal / 4, true), (0, Deal / 2, true),
            (0, 0, false), (0, 64, false), (0, 384, false), (64, 128, false), (128, 256, false), (Deal / 2, Deal / 2, false), (0, Deal, false),
            (-128, 128, false), (long.MinValue, 128, false), (0, long.MinValue, false), (0, -128, false), (long.MaxValue - 127, 128, false), (1L << 62, 1L << 62, false),
            (start - 128, 128, true), (start, 128, false), (Deal, 128, false),
        ])
        {
            Assert.True(SegmentEntry.Read(Valid(offset, size), start) is not null == isTaken, $"{size} at {offset}");
        }

        byte[] entry = Valid(0, 128);
        Assert.Equal(new SegmentEntry(default, 0, 128).End, SegmentEntry.Read(entry, start)!.End);
        for (int bit = 0; bit < 8 * entry.Length; bit++)
        {
            entry[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(SegmentEntry.Read(entry, start));
            entry[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Null(SegmentEntry.Read(new byte[64], start));
        byte[] root = [.. Root];
        root[31] = 0x40;
        Assert.Null(SegmentEntry.Read(new SegmentEntry(root, 0, 128).ToArray(), start));
    }

    [Fact]
    public void OverlappingEntriesAndRubbishAreCountedAndLeftOut()
    {
        byte[] rubbish = Enumerable.Repeat((byte)0x11, 64).ToArray();
        var index = Read(Valid(1024, 1024), Valid(1024, 1024), Valid(0, 4096), rubbish, new byte[64], Valid(1152, 128), Valid(0, 1024), Valid(2048, 2048));
        Assert.Equal([0, 6, 7], index.Entries.Select(entry => entry.Number));
        Assert.Equal(4, index.Invalid);
        Assert.Equal(Deal, index.DealSize);
    }

    [Fact]
    public void PayloadsOfAnyLengthCanBeAsked()
    {
        foreach (int length in (int[])[0, 1, 127, 508, 509, 1_040_383])
        {
            var index = SegmentIndex.Read((offset, bytes) => AggregateTests.Copy(new byte[length], offset, bytes), length);
            Assert.Empty(index.Entries);
            Assert.Equal(0, index.Invalid);
        }

        Assert.Throws<MalformedDataException>(() => SegmentIndex.Read((_, _) => 0, PieceSize.Unpadded(PieceSize.Max) + 1));
        Assert.Throws<IOException>(() => SegmentIndex.Read((_, _) => 0, 1_040_384));
    }

    [Fact]
    public void AFullIndexOfOneDealIsReadInGoodTime()
    {
        // All the entries of a deal of 8 GiB, each within the others.
        long deal = 8L << 30, entries = DealPlacement.EntryCount(deal);
        byte[] padded = new byte[64 * entries], raw = new byte[padded.Length / 128 * 127];
        for (int i = 0; i < entries; i++)
            Valid(0, 128L << (i % 20)).CopyTo(padded, 64 * i);
        Fr32.Unpad(padded, raw);
        long at = DealPlacement.IndexStart(deal) / 128 * 127;
        var index = SegmentIndex.Read((offset, bytes) => AggregateTests.Copy(raw, offset - at, bytes), PieceSize.Unpadded(deal));
        _ = Assert.Single(index.Entries);
        Assert.Equal(entries - 1, index.Invalid);
    }

    private static SegmentIndex Read(params byte[][] entries)
    {
        byte[] padded = new byte[64 * DealPlacement.EntryCount(Deal)], payload = new byte[PieceSize.Unpadded(Deal)];
        for (int i = 0; i < entries.Length; i++)
            entries[i].CopyTo(padded, 64 * i);
        Fr32.Unpad(padded, payload.AsSpan((int)(DealPlacement.IndexStart(Deal) / 128 * 127)));
        return SegmentIndex.Read((offset, bytes) => AggregateTests.Copy(payload, offset, bytes), payload.Length);
    }
}
