using DataPrep.Packing;
using DataPrep.Planning;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Whatever the tree, the profile and the room in a piece: the pieces are those that the reference makes, and together they hold the tree.</summary>
public sealed class SeveralPiecesTests
{
    [Fact]
    public void RandomTreesAreCutAsTheRulesSay() =>
        Splits.Check(400, SplitGen.Plain, (split, options) => SeveralPieces.Check(options, split.Root));
}

/// <summary>What one may wish of the cut besides.</summary>
public sealed class CutWishesTests
{
    [Fact]
    public void FilesAreKeptWholeAndPiecesBalancedWhereThatIsWanted() =>
        Splits.Check(250, SplitGen.WithWishes, (split, options) => SeveralPieces.Check(options, split.Root));

    [Fact]
    public void SmallPiecesAreFilledUpWithZeros() => Splits.Check(50, SplitGen.Plain, (split, options) =>
        SeveralPieces.Check(options with { PieceSize = 2 << 20, LeastPieceSize = options.Threads == 1 ? 2 << 20 : 1 << 20 }, split.Root));

    /// <summary>One byte less than the least, and the message says where it is missing.</summary>
    [Fact]
    public void TooLittleRoomIsSaidWithAPathAndASize() => Splits.Check(200, SplitGen.Plain, (split, options) =>
    {
        var plain = new PlainPieces(split.Root, "src"u8.ToArray(), split.Profile);
        long least = Math.Max(plain.LeastForContent, plain.LeastForDag.Folders), whole = plain.CarSize(PlanPoint.Start, plain.End);
        if (least <= whole)
        {
            var e = Assert.Throws<UsageException>(() => SeveralPieces.Plan(options with { LargestCarSize = least - 1 }));
            Assert.Contains($"and a piece takes {least - 1};", e.Message, StringComparison.Ordinal);
            Assert.Contains("does not fit in a piece", e.Message, StringComparison.Ordinal);
        }

        Assert.Single(SeveralPieces.Plan(options with { LargestCarSize = whole }).Pieces);
        return SeveralPieces.Plan(options).Pieces.Count;
    });
}

/// <summary>The bytes of the pieces follow from the sample and the room alone.</summary>
public sealed class CutDeterminismTests
{
    [Fact]
    public void ThreadsSlabsAndFoldersDoNotShow() => Splits.Check(100, SplitGen.WithWishes, (_, options) =>
    {
        var first = PackedOutput.Pack(options with { Threads = 1 });
        var expected = PackedOutput.Everything(options.Output);
        var others = new[]
        {
            options with { Threads = 7, SlabSize = 1 << 20 },
            options with { Threads = 2, SlabSize = 4 << 20, MoreOutputs = [options.Output + "-more", options.Output + "-and-more"] },
        };
        foreach (var (other, i) in others.Select((other, i) => (other with { Output = $"{options.Output}-{i}" }, i)))
        {
            PackedOutput.Pack(other);
            var actual = PackedOutput.Everything(other.Output);
            Assert.Equal(expected.Keys, actual.Keys);
            foreach (var (name, bytes) in expected)
                Assert.True(bytes.AsSpan().SequenceEqual(actual[name]), $"{name} differs with {other.Threads} threads");
        }

        return first.Result.Pieces.Count;
    });
}
