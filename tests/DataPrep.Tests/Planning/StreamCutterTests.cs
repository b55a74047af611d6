using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Planning;

/// <summary>A stream is cut as the file of its length is.</summary>
public sealed class StreamCutterTests
{
    [Theory]
    [InlineData(64, 1500, false)]
    [InlineData(64, 1500, true)]
    [InlineData(100, 2000, false)]
    [InlineData(1, 700, false)]
    [InlineData(700, 3000, true)]
    public void EveryLengthIsCutAsAFile(int chunk, int capacity, bool wrap)
    {
        foreach (var profile in new[] { UnixFsProfile.V1Of2025 with { ChunkSize = chunk, MaxLinks = 5 }, UnixFsProfile.V0Of2015 with { ChunkSize = chunk } })
        {
            var cutter = new StreamCutter("name", wrap, profile, new CutOptions { Capacity = capacity }, TestContext.Current.CancellationToken);
            var cuts = new List<StreamCut>();
            for (int i = 0; i < 4; i++)
                cuts.Add(cutter.Next(i == 0 ? 0 : cuts[^1].Range.End.Leaf));
            long most = cuts[^1].Most;
            var cut = new CutOptions { Capacity = capacity };
            for (long size = 0; size <= most; size++)
            {
                var expected = PieceCutter.Cut(StreamTree.Of("name", wrap, size), profile, cut, TestContext.Current.CancellationToken);
                int before = cuts.TakeWhile(piece => piece.Most < size).Count();
                Assert.True(expected.Count == before + 1, $"{size} bytes make {expected.Count} pieces, and not {before + 1}");
                Assert.Equal(cuts.Take(before).Select(piece => piece.Range), expected.Take(before));
            }
        }
    }

    [Fact]
    public void TheLongestLeafIsAChunkOrWhatFits()
    {
        long Longest(long capacity) => new StreamCutter("name", false, UnixFsProfile.V1Of2025, new CutOptions { Capacity = capacity }, TestContext.Current.CancellationToken).LongestLeaf;
        Assert.Equal(1 << 20, Longest(2 << 20));
        Assert.Equal(1000 - 59 - 38, Longest(1000));
        Assert.Throws<PieceTooSmallException>(() => new StreamCutter("name", false, UnixFsProfile.V1Of2025, new CutOptions { Capacity = 1000 }, TestContext.Current.CancellationToken).Next(0));
    }
}
