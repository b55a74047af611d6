using DataPrep.Piece;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Piece;

public sealed class PieceSizeTests
{
    [Theory]
    [InlineData(0, 128)]
    [InlineData(1, 128)]
    [InlineData(127, 128)]
    [InlineData(128, 256)]
    [InlineData(254, 256)]
    [InlineData(255, 512)]
    [InlineData(1_040_384, 1 << 20)]
    [InlineData(1_040_385, 2 << 20)]
    [InlineData(34_091_302_912, 32L << 30)]
    [InlineData(34_091_302_913, 64L << 30)]
    [InlineData(68_182_605_824, 64L << 30)]
    [InlineData(68_182_605_825, 128L << 30)]
    public void Natural_size_of_a_payload(long payload, long padded) => Assert.Equal(padded, PieceSize.Padded(payload));

    [Fact]
    public void Sizes_and_heights_belong_together()
    {
        for (int height = PieceSize.MinHeight; height <= PieceSize.MaxHeight; height++)
        {
            long size = PieceSize.OfHeight(height);
            Assert.Equal(32L << height, size);
            Assert.Equal(height, PieceSize.Height(size));
            Assert.Equal(size, PieceSize.Padded(PieceSize.Unpadded(size)));
            Assert.Equal(size / 128 * 127, PieceSize.Unpadded(size));
            Assert.Equal(height <= 31, PieceSize.IsValid(size));
            Assert.False(PieceSize.IsValid(size + 1));
            if (height < PieceSize.MaxHeight)
                Assert.Equal(2 * size, PieceSize.Padded(PieceSize.Unpadded(size) + 1));
        }
    }

    [Fact]
    public void Agrees_with_the_reference_on_every_small_payload()
    {
        for (int payload = 0; payload < 9000; payload++)
            Assert.Equal(ReferenceCommP.NaturalSize(payload), PieceSize.Padded(payload));
    }

    [Fact]
    public void Refuses_what_is_no_size()
    {
        foreach (long size in (long[])[long.MinValue, -128, -1, 0, 1, 32, 64, 127, 129, 192, (1L << 40) + 1, long.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => PieceSize.Unpadded(size));
            Assert.Throws<ArgumentOutOfRangeException>(() => PieceSize.Height(size));
            Assert.False(PieceSize.IsValid(size));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => PieceSize.Padded(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PieceSize.Padded(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => PieceSize.OfHeight(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PieceSize.OfHeight(58));
    }
}
