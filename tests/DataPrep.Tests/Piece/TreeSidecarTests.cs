using System.Buffers.Binary;
using System.Security.Cryptography;
using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Tests.Hashing;
using Xunit;

namespace DataPrep.Tests.Piece;

public sealed class TreeSidecarTests
{
    private static readonly byte[] s_file = Make(2_500_000).ToArray();

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(127, 1)]
    [InlineData(500_000, 1)]
    [InlineData(1_040_384, 1)]
    [InlineData(1_040_385, 2)]
    [InlineData(2_080_768, 2)]
    [InlineData(2_080_769, 3)]
    public void Comes_back_as_it_was(int payload, int nodes)
    {
        TreeSidecar made = Make(payload);
        var written = new MemoryStream();
        made.Write(written);
        Assert.Equal(made.ToArray(), written.ToArray());
        Assert.Equal(56 + (32 * nodes) + 32, written.Length);
        written.Position = 0;
        foreach (TreeSidecar read in (TreeSidecar[])[TreeSidecar.Read(made.ToArray()), TreeSidecar.Read(written), TreeSidecar.Read(new Dripping(made.ToArray()))])
        {
            Assert.Equal(made.Commitment, read.Commitment);
            Assert.Equal(made.Nodes, read.Nodes);
            Assert.Equal(nodes, read.NodeCount);
            Assert.Equal(Math.Min(15, made.Commitment.Height), read.NodeHeight);
        }
    }

    [Fact]
    public void A_padded_up_piece_has_its_zero_nodes_implied()
    {
        PieceCommitment piece = CommPHasher.HashData(KernelData.Random(3, 600_000)).PadTo(8 << 20);
        byte[] node = new byte[32];
        new SubTreeHasher(Sha256Kernels.Current).HashSegments(KernelData.Random(3, 600_000), node);
        TreeSidecar sidecar = TreeSidecar.Read(new TreeSidecar(piece, node).ToArray());
        Assert.Equal(1, sidecar.NodeCount);
        Assert.Equal(node, sidecar.NodeAt(0));
        Assert.Equal(ZeroCommitment.At(15), sidecar.NodeAt(7));
        Assert.Throws<ArgumentOutOfRangeException>(() => sidecar.NodeAt(8).Length);

        PieceCommitment empty = CommPHasher.HashData([]).PadTo(32L << 30);
        Assert.Equal(0, TreeSidecar.Read(new TreeSidecar(empty, []).ToArray()).NodeCount);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        for (int length = 0; length < s_file.Length; length++)
        {
            byte[] cut = s_file[..length];
            Assert.Equal("x.tree", Assert.Throws<MalformedDataException>(() => TreeSidecar.Read(cut, "x.tree")).Path);
            Assert.Throws<MalformedDataException>(() => TreeSidecar.Read(new MemoryStream(cut)));
        }

        Assert.Throws<MalformedDataException>(() => TreeSidecar.Read(new MemoryStream([.. s_file, 0])));
        Assert.Throws<MalformedDataException>(() => TreeSidecar.Read((byte[])[.. s_file, 0]));
    }

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        for (int bit = 0; bit < 8 * s_file.Length; bit++)
        {
            byte[] damaged = [.. s_file];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<MalformedDataException>(() => TreeSidecar.Read(damaged));
        }
    }

    [Fact]
    public void Every_flipped_bit_under_a_right_checksum_is_refused_but_for_a_payload_size_with_as_many_nodes()
    {
        for (int bit = 0; bit < 8 * (s_file.Length - 32); bit++)
        {
            byte[] damaged = [.. s_file];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            SHA256.HashData(damaged.AsSpan(0, damaged.Length - 32), damaged.AsSpan(damaged.Length - 32));
            if (bit / 8 is >= 16 and < 24 && SubTreeHasher.SegmentCount(Math.Max(0, BinaryPrimitives.ReadInt64LittleEndian(damaged.AsSpan(16)))) == 3)
                continue;
            Assert.Throws<MalformedDataException>(() => TreeSidecar.Read(damaged));
        }
    }

    [Fact]
    public void A_header_that_promises_much_does_not_make_the_reader_allocate()
    {
        byte[] header = [.. s_file[..56]];
        header[11] = 35;
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), PieceSize.Unpadded(PieceSize.OfHeight(35)));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), 1 << 20);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MalformedDataException>(() => TreeSidecar.Read(new MemoryStream(header)));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Fact]
    public void Nodes_of_another_piece_are_refused_when_made()
    {
        TreeSidecar right = TreeSidecar.Read(s_file);
        byte[] wrong = right.Nodes.ToArray();
        wrong[40] ^= 1;
        Assert.Throws<ArgumentException>(() => new TreeSidecar(right.Commitment, wrong));
        Assert.Throws<ArgumentException>(() => new TreeSidecar(right.Commitment, wrong.AsSpan(32)));
    }

    private static TreeSidecar Make(int length)
    {
        byte[] payload = KernelData.Random(length, length);
        PieceCommitment commitment = CommPHasher.HashData(payload);
        if (commitment.Height <= 15)
            return new TreeSidecar(commitment, commitment.Root);
        byte[] nodes = new byte[32 * SubTreeHasher.SegmentCount(length)];
        new SubTreeHasher(Sha256Kernels.Current).HashSegments(payload, nodes);
        return new TreeSidecar(commitment, nodes);
    }

    /// <summary>Gives one byte at a time.</summary>
    private sealed class Dripping(byte[] content) : MemoryStream(content)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(1, buffer.Length)]);
    }
}
