using System.Text;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Packing;

public sealed class JournalRecordsTests
{
    private static readonly FileStamp s_stamp = new()
    {
        Device = ulong.MaxValue - 3,
        Inode = 1UL << 63,
        Size = long.MaxValue,
        ModifySeconds = -5,
        ModifyNanoseconds = 999_999_999,
        ChangeTime = long.MinValue,
        Mode = 0x81FF,
    };

    private static byte[] Payload<T>(in T record)
        where T : struct, IJournalRecord, allows ref struct
    {
        byte[] payload = new byte[record.Length];
        record.Write(payload);
        return payload;
    }

    private static SlabDone Slab(int leaves, int nodes, KeptSegment first, KeptSegment last) => new()
    {
        Piece = int.MaxValue,
        Slab = 1L << 40,
        SlabSize = 16 << 20,
        FirstLeaf = 1L << 56,
        Leaves = Sample.Bytes(1, 32 * leaves),
        FirstSegment = 12345,
        Nodes = Sample.Bytes(2, 32 * nodes),
        First = first,
        Last = last,
    };

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(16, 15, 1, 0)]
    [InlineData(1, 0, 0, 17)]
    [InlineData(1000, 16, SubTreeHasher.SegmentRaw, SubTreeHasher.SegmentRaw)]
    public void SlabsComeBack(int leaves, int nodes, int first, int last)
    {
        byte[] firstBytes = Sample.Bytes(3, first), lastBytes = Sample.Bytes(4, last);
        var written = Slab(leaves, nodes, new KeptSegment(0, firstBytes), new KeptSegment(777, lastBytes));
        byte[] payload = Payload(written);
        var read = SlabDone.Read(payload);
        Assert.Equal((written.Piece, written.Slab, written.SlabSize), (read.Piece, read.Slab, read.SlabSize));
        Assert.Equal((written.FirstLeaf, written.FirstSegment), (read.FirstLeaf, read.FirstSegment));
        Assert.True(read.Leaves.SequenceEqual(written.Leaves) && read.Nodes.SequenceEqual(written.Nodes));
        Assert.Equal((0, 777), (read.First.Segment, read.Last.Segment));
        Assert.True(read.First.Bytes.SequenceEqual(firstBytes) && read.Last.Bytes.SequenceEqual(lastBytes));
        Assert.True(payload.AsSpan().Overlaps(read.Leaves) || leaves == 0, "leaves are parts of the payload");
    }

    [Fact]
    public void PiecesComeBack()
    {
        byte[] commitment = Sample.Bytes(1, 32), root = Cid.V1(Multicodec.DagPb, Multicodec.Sha256, Sample.Bytes(2, 32)).ToByteArray();
        var read = PieceDone.Read(Payload(Piece(commitment, root, "baga.car")));
        Assert.Equal((7, 1L << 35, 1L << 34), (read.Piece, read.CarSize, read.PayloadSize));
        Assert.True(read.Commitment.SequenceEqual(commitment) && read.Root.SequenceEqual(root));
        Assert.Equal("baga.car", Encoding.UTF8.GetString(read.CarFile));
    }

    private static PieceDone Piece(byte[] commitment, byte[] root, string name) => new()
    {
        Piece = 7,
        Commitment = commitment,
        CarSize = 1L << 35,
        PayloadSize = 1L << 34,
        Files = 12,
        Root = root,
        CarFile = Encoding.UTF8.GetBytes(name),
    };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ChangesComeBack(bool taken)
    {
        var read = EntryChanged.Read(Payload(new EntryChanged { Entry = 99, Stamp = taken ? s_stamp : null, Tag = taken ? "\"v2\""u8 : [], Reason = "changed"u8, Detail = "grew, \u00e9"u8 }));
        Assert.Equal((99, taken ? s_stamp : null), (read.Entry, read.Stamp));
        Assert.Equal(taken ? "\"v2\""u8 : [], read.Tag);
        Assert.Equal("changed"u8, read.Reason);
        Assert.Equal("grew, \u00e9"u8, read.Detail);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(123_456_789_012)]
    public void TheEndOfAStreamComesBack(long size)
    {
        byte[] payload = Payload(new StreamEnded { Size = size });
        Assert.Equal(8, payload.Length);
        Assert.Equal(size, StreamEnded.Read(payload).Size);
        Refused([.. payload, 0], bytes => StreamEnded.Read(bytes));
        Refused(payload[..7], bytes => StreamEnded.Read(bytes));
    }

    [Fact]
    public void RecordsAreWrittenIntoTheJournalAsTheyAre()
    {
        using var folder = new TempFolder();
        string path = folder.Of("journal");
        byte[] slab = Payload(Slab(5, 4, default, new KeptSegment(3, [1, 2, 3])));
        byte[] change = Payload(new EntryChanged { Entry = 2, Stamp = s_stamp, Reason = "a"u8, Detail = "b"u8 });
        using (var journal = Journal.Open(path, new byte[32], (_, _) => { }))
        {
            journal.Append(Slab(5, 4, default, new KeptSegment(3, [1, 2, 3])));
            journal.Append(new EntryChanged { Entry = 2, Stamp = s_stamp, Reason = "a"u8, Detail = "b"u8 });
            journal.Flush();
        }

        var records = new List<string>();
        Journal.Open(path, new byte[32], (kind, payload) => records.Add($"{kind} {Convert.ToHexString(payload)}")).Dispose();
        Assert.Equal([$"SlabDone {Convert.ToHexString(slab)}", $"EntryChanged {Convert.ToHexString(change)}"], records);
    }

    /// <summary>Payloads have a checksum around them, but who wrote that is not known.</summary>
    [Fact]
    public void DamagedPayloadsAreReadOrRefused()
    {
        byte[] root = Cid.V0(Sample.Bytes(2, 32)).ToByteArray();
        Survives(Payload(Slab(3, 2, new KeptSegment(0, [1, 2]), new KeptSegment(5, [3]))), payload => SlabDone.Read(payload));
        Survives(Payload(Piece(Sample.Bytes(1, 32), root, "name")), payload => PieceDone.Read(payload));
        Survives(Payload(new EntryChanged { Entry = 2, Stamp = s_stamp, Reason = "a"u8, Detail = "b"u8 }), payload => EntryChanged.Read(payload));
        Survives(Payload(new EntryChanged { Entry = 2, Stamp = null, Reason = "a"u8, Detail = "b"u8 }), payload => EntryChanged.Read(payload));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    public void ACarsNameIsAPlainName(string name) =>
        Refused(Payload(Piece(new byte[32], Cid.V0(new byte[32]).ToByteArray(), name)), payload => PieceDone.Read(payload));

    [Fact]
    public void NumbersOutOfRangeAreRefused()
    {
        byte[] slab = Payload(Slab(1, 1, default, default));
        foreach (int at in new[] { 3, 11, 27, 35, 39, 43, 51, 55, 63, 67 })
            Refused(With(slab, at, 0x80), payload => SlabDone.Read(payload));
        Refused(With(slab, 12, 1), payload => SlabDone.Read(payload));
        Refused(With(slab, 42, 0x7F), payload => SlabDone.Read(payload));
        Refused([.. slab, 0], payload => SlabDone.Read(payload));

        static byte[] With(byte[] payload, int at, byte value)
        {
            byte[] changed = [.. payload];
            changed[at] = value;
            return changed;
        }
    }

    private static void Survives(byte[] payload, Action<byte[]> read)
    {
        for (int length = 0; length < payload.Length; length++)
            Refused(payload[..length], read);
        for (int bit = 0; bit < payload.Length * 8; bit++)
        {
            byte[] flipped = [.. payload];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                read(flipped);
            }
            catch (MalformedDataException fault)
            {
                Assert.InRange(fault.Offset, 0, flipped.Length);
            }
        }
    }

    private static void Refused(byte[] payload, Action<byte[]> read) =>
        Assert.InRange(Assert.Throws<MalformedDataException>(() => read(payload)).Offset, 0, payload.Length);
}
