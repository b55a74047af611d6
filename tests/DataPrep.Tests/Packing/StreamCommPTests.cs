using DataPrep.Packing;
using DataPrep.Piece;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>A stream gives the commitment of its bytes, however they come and whatever their number.</summary>
public sealed class StreamCommPTests
{
    private const int Range = 4 * SubTreeHasher.SegmentRaw;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(SubTreeHasher.SegmentRaw + 1)]
    [InlineData(Range - 1)]
    [InlineData(Range)]
    [InlineData(Range + 1)]
    [InlineData((3 * Range) + SubTreeHasher.SegmentRaw)]
    [InlineData((8 * Range) - 1)]
    public void EqualsTheCommitmentOfTheBytes(int size)
    {
        byte[] bytes = GoldenInput.Prng($"stream/{size}", size);
        foreach (int threads in (int[])[1, 2, 5])
        {
            var result = StreamCommP.Compute(new Drip(bytes), threads);
            Assert.Equal(CommPHasher.HashData(bytes), result, (a, b) => a.CidV2 == b.CidV2 && a.PieceSize == b.PieceSize);
        }
    }

    [Fact]
    public void AFailingReadIsReported() =>
        Assert.Throws<IOException>(() => StreamCommP.Compute(new Drip(new byte[2 * Range]) { FailsAt = Range + 5 }, 2));

    /// <summary>Gives its bytes in portions of changing size, as a pipe does.</summary>
    private sealed class Drip(byte[] bytes) : MemoryStream(bytes)
    {
        public int FailsAt { get; init; } = int.MaxValue;

        public override int Read(Span<byte> buffer)
        {
            if (Position >= FailsAt)
                throw new IOException("the reading failed");
            int portion = 1 + (int)((Position * 7919) % 200_000);
            return base.Read(buffer[..Math.Min(buffer.Length, portion)]);
        }
    }
}
