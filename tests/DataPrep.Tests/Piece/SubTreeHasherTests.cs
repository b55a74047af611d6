using DataPrep.Hashing;
using DataPrep.Piece;
using DataPrep.Tests.Hashing;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Piece;

public sealed class SubTreeHasherTests
{
    private static readonly byte[] s_payload = KernelData.Random(11, (2 * SubTreeHasher.SegmentRaw) + 1000);

    // The roots of the two whole segments and of the third that starts in the payload, by the reference.
    private static readonly Lazy<byte[]> s_segments = new(() =>
        [.. s_payload.Chunk(SubTreeHasher.SegmentRaw).SelectMany(segment => ReferenceCommP.Root(segment, SubTreeHasher.SegmentPadded))]);

    public static TheoryData<string> Kernels => KernelData.Supported;

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Segments_are_those_of_the_reference(string name)
    {
        byte[] nodes = new byte[96];
        new SubTreeHasher(KernelData.Kernel(name)).HashSegments(s_payload, nodes);
        Assert.Equal(s_segments.Value, nodes);
    }

    [Fact]
    public void Every_height_with_every_boundary_of_its_blocks()
    {
        var hasher = new SubTreeHasher(Sha256Kernels.Current);
        byte[] root = new byte[32];
        foreach (int height in (int[])[2, 3, 4, 5, 9, 10, 11, 12])
        {
            int full = (int)PieceSize.Unpadded(PieceSize.OfHeight(height));
            int[] lengths = [0, 1, 126, 127, 128, full / 2, (full / 2) + 1, 32_511, 32_512, 32_513, full - 1, full];
            foreach (int length in lengths.Where(length => length <= full).Distinct())
            {
                hasher.Root(s_payload.AsSpan(0, length), height, root);
                Assert.True(ReferenceCommP.Root(s_payload.AsSpan(0, length), 32L << height).AsSpan().SequenceEqual(root), $"{length} bytes, height {height}");
            }
        }
    }

    [Fact]
    public void Zeros_within_and_around_the_payload()
    {
        var hasher = new SubTreeHasher(Sha256Kernels.Current);
        byte[] root = new byte[32], payload = new byte[130_048];
        hasher.Root(payload, 12, root);
        Assert.Equal(ZeroCommitment.At(12), root);
        payload[40_000] = 1;
        payload[130_047] = 0x80;
        hasher.Root(payload, 12, root);
        Assert.Equal(ReferenceCommP.Root(payload, 131_072), root);
        hasher.HashSegments([], root);
        byte[] node = new byte[32];
        hasher.HashSegments(new byte[5], node);
        Assert.Equal(ZeroCommitment.At(15), node);
    }

    [Fact]
    public void Refuses_what_does_not_fit()
    {
        var hasher = new SubTreeHasher(Sha256Kernels.Current);
        Assert.Throws<ArgumentException>(() => hasher.HashSegments(new byte[SubTreeHasher.SegmentRaw + 1], new byte[63]));
        Assert.Throws<ArgumentOutOfRangeException>(() => hasher.Root(new byte[128], 2, new byte[32]));
        Assert.Throws<ArgumentOutOfRangeException>(() => hasher.Root([], 1, new byte[32]));
        Assert.Throws<ArgumentOutOfRangeException>(() => hasher.Root([], 16, new byte[32]));
    }

    [Fact]
    public void Allocates_nothing_once_warm()
    {
        var hasher = new SubTreeHasher(Sha256Kernels.Current);
        byte[] nodes = new byte[96];
        Allocation.AssertNone(() => hasher.HashSegments(s_payload.AsSpan(0, 100_000), nodes));
    }
}
