using DataPrep.Planning;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Planning;

/// <summary>Random trees cut as the slow twin cuts them, and as the rules say.</summary>
public sealed class PieceCutterTests
{
    /// <summary>Every piece as large as the twin makes it, at capacities of all kinds and at the very sizes of ranges.</summary>
    [Fact]
    public void CutsAsTheTwinDoes() => ForAll(1000, (sample, random) =>
    {
        bool keep = random.Next(2) == 0;
        long capacity = Capacity(sample, random);
        var (expected, expectedFault) = Attempt(() => new PlainCutter(sample.Tree, sample.Profile, capacity, keep).Cut());
        var (actual, fault) = Attempt(() => Cut(sample, capacity, keep));
        Assert.Equal(expectedFault?.Message, fault?.Message);
        Assert.Equal(expected, actual);
    });

    private static void ForAll(int cases, Action<CutSample, Random> check) =>
        Prop.ForAll(CutSample.Gen.ToArbitrary(), sample => check(sample, new Random(sample.Seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(cases));

    private static List<PieceRange> Cut(CutSample sample, long capacity, bool keepFilesWhole = false, bool balance = false) =>
        PieceCutter.Cut(sample.Tree, sample.Profile, new CutOptions { Capacity = capacity, KeepFilesWhole = keepFilesWhole, Balance = balance });

    private static (List<PieceRange>? Pieces, PieceTooSmallException? Fault) Attempt(Func<List<PieceRange>> cut)
    {
        try
        {
            return (cut(), null);
        }
        catch (PieceTooSmallException e)
        {
            return (null, e);
        }
    }

    /// <summary>The size of some range, or about it, so that often something just fits or just does not.</summary>
    private static long Capacity(CutSample sample, Random random)
    {
        var begin = PlanPoint.Start;
        for (int i = random.Next(2); i >= 0; i--)
        {
            PlanPoint[] ends = [.. PlainCutter.Ends(sample.Tree, sample.Profile, begin).Select(end => end.End)];
            if (ends.Length == 0 || i > 0 && ends.Length == 1)
                break;
            if (i > 0)
            {
                begin = ends[random.Next(ends.Length - 1)];
                continue;
            }

            var end = ends[random.Next(ends.Length)];
            return PlainCutter.Size(sample.Tree, sample.Profile, begin, end) + random.Next(3) switch { 0 => 0, 1 => random.Next(-1, 2), _ => random.Next(400) };
        }

        return random.Next(50, 100);
    }
}
