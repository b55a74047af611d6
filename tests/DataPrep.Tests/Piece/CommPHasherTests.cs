using DataPrep.Piece;
using DataPrep.Tests.Hashing;
using DataPrep.Tests.Reference;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Piece;

public sealed class CommPHasherTests
{
    private static readonly byte[] s_payload = KernelData.Random(21, 5 * SubTreeHasher.SegmentRaw);

    private static readonly Gen<int> s_boundary = Gen.Elements(
        0, 127, 254, 508, 1016, 2032, 32_512, 65_024, 130_048, SubTreeHasher.SegmentRaw / 2, SubTreeHasher.SegmentRaw, 1 << 16);

    [Fact]
    public void Agrees_with_the_reference_around_every_boundary() =>
        Prop.ForAll(Arb.From(s_boundary), Arb.From(Gen.Choose(-3, 130)), (boundary, offset) =>
        {
            int length = Math.Max(0, boundary + offset);
            ReadOnlySpan<byte> payload = s_payload.AsSpan(0, length);
            PieceCommitment commitment = CommPHasher.HashData(payload);
            long size = ReferenceCommP.NaturalSize(length);
            Assert.Equal(size, commitment.PieceSize);
            Assert.Equal(length, commitment.PayloadSize);
            Assert.Equal(ReferenceCommP.Root(payload, size), commitment.Root);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    [Fact]
    public void Several_segments_agree_with_the_reference()
    {
        foreach (int length in (int[])[2 * SubTreeHasher.SegmentRaw, (2 * SubTreeHasher.SegmentRaw) + 1, (3 * SubTreeHasher.SegmentRaw) - 1])
        {
            byte[] root = ReferenceCommP.Root(s_payload.AsSpan(0, length), ReferenceCommP.NaturalSize(length));
            Assert.Equal(root, CommPHasher.HashData(s_payload.AsSpan(0, length)).Root);
        }
    }

    [Fact]
    public void How_the_payload_is_split_makes_no_difference()
    {
        Gen<int> part = Gen.Frequency(
            (3, Gen.Choose(0, 300)), (2, Gen.Choose(0, 100_000)), (1, Gen.Elements(SubTreeHasher.SegmentRaw, SubTreeHasher.SegmentRaw - 1, 2 * SubTreeHasher.SegmentRaw)));
        using var hasher = new CommPHasher();
        Prop.ForAll(Arb.From(Gen.ArrayOf(part)), parts =>
        {
            int at = 0;
            foreach (int length in parts)
            {
                int taken = Math.Min(length, s_payload.Length - at);
                hasher.Append(s_payload.AsSpan(at, taken));
                at += taken;
                Assert.Equal(at, hasher.Length);
            }

            Assert.Equal(CommPHasher.HashData(s_payload.AsSpan(0, at)), hasher.GetCommitmentAndReset());
            Assert.Equal(0, hasher.Length);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(SubTreeHasher.SegmentRaw - 1)]
    [InlineData(SubTreeHasher.SegmentRaw)]
    [InlineData(SubTreeHasher.SegmentRaw + 1)]
    [InlineData(2 * SubTreeHasher.SegmentRaw)]
    [InlineData(3_000_000)]
    public async Task Streams_give_what_spans_give(int length)
    {
        PieceCommitment expected = CommPHasher.HashData(s_payload.AsSpan(0, length));
        Assert.Equal(expected, CommPHasher.HashData(new MemoryStream(s_payload, 0, length)));
        Assert.Equal(expected, await CommPHasher.HashDataAsync(new MemoryStream(s_payload, 0, length), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_tail_of_zeros_does_not_change_the_root_within_the_same_size()
    {
        byte[] payload = s_payload[..1_500_000];
        PieceCommitment commitment = CommPHasher.HashData(payload);
        foreach (int zeros in (int[])[1, 126, 127, 128, 400_000, 580_768])
        {
            PieceCommitment longer = CommPHasher.HashData([.. payload, .. new byte[zeros]]);
            Assert.Equal(commitment.Root, longer.Root);
            Assert.Equal(commitment.PieceSize, longer.PieceSize);
            Assert.Equal(commitment.CidV1, longer.CidV1);
            Assert.NotEqual(commitment.CidV2, longer.CidV2);
        }

        Assert.Equal(commitment.PadTo(4 << 20).Root, CommPHasher.HashData([.. payload, .. new byte[580_769]]).Root);
    }

    [Fact]
    public void A_disposed_hasher_refuses()
    {
        var hasher = new CommPHasher();
        hasher.Dispose();
        hasher.Dispose();
        Assert.Throws<ObjectDisposedException>(() => hasher.Append([1]));
        Assert.Throws<ObjectDisposedException>(() => hasher.GetCommitmentAndReset());
    }

    [Fact]
    public async Task A_cancelled_read_stops()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await CommPHasher.HashDataAsync(new MemoryStream(s_payload), new CancellationToken(true)));
    }
}
