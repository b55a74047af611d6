using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Tests.Packing;
using DataPrep.Unixfs;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Planning;

/// <summary>Random trees, cut as the slow twin cuts them and as the rules say.</summary>
public sealed class PieceCutterTests
{
    /// <summary>Every piece as large as the twin makes it, at capacities of all kinds and at the very sizes of ranges.</summary>
    [Fact]
    public void CutsAsTheTwinDoes() => ForAll(CutSample.Small, 1000, (sample, random) =>
    {
        bool keep = random.Next(2) == 0;
        long capacity = Capacity(sample.Tree, sample.Profile, random);
        var (expected, expectedFault) = Attempt(() => new PlainCutter(sample.Tree, sample.Profile, capacity, keep ? capacity : 0).Cut());
        var (actual, fault) = Attempt(() => Cut(sample.Tree, sample.Profile, capacity, keep));
        Assert.Equal(expectedFault?.Message, fault?.Message);
        Assert.Equal(expected, actual);
    });

    /// <summary>Larger trees, where only the ends of pieces can be tried.</summary>
    [Fact]
    public void PiecesOfManyEntriesTakeTheMostThatFits() => ForAll(CutSample.Large, 200, CheckRuleAtSomeCapacity);

    /// <summary>A file of one raw leaf has a longer CID than nodes of version 0: found by the test above.</summary>
    [Fact]
    public void RawLeavesAreMeasuredWithTheirCidInShardsOfVersion0()
    {
        var profile = UnixFsProfile.V1Of2025 with { CidVersion = 0, ChunkSize = 128, MaxLinks = 2, HamtThreshold = 1, HamtEstimation = HamtEstimation.LinksBytes };
        CheckRuleAtSomeCapacity(CutSample.Again(profile, 1802302793, 313), new Random(1802302793));
        for (int seed = 0; seed < 200; seed++)
            CheckRuleAtSomeCapacity(CutSample.Again(profile, seed, 150), new Random(seed));
    }

    /// <summary>The same where files are of more leaves, and deep.</summary>
    [Fact]
    public void PiecesOfManyLeavesTakeTheMostThatFits() =>
        Prop.ForAll(SampleGen.Case.ToArbitrary(), Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), (sample, seed) =>
            CheckRuleAtSomeCapacity(new CutSample(sample.Profile, seed, 0, sample.Root.ToSource().Tree), new Random(seed)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    [Fact]
    public void FilesThatFitWholeAreNotCut() => ForAll(CutSample.Small, 500, (sample, random) =>
    {
        var (tree, profile, capacity) = (sample.Tree, sample.Profile, Capacity(sample.Tree, sample.Profile, random));
        var (pieces, _) = Attempt(() => Cut(tree, profile, capacity, keepFilesWhole: true));
        foreach (var piece in pieces ?? [])
            Assert.True(piece.End.Leaf == 0 || PlainCutter.Size(tree, profile, new(piece.End.Entry, 0), AfterFile(tree, piece.End.Entry)) > capacity);
    });

    /// <summary>As many pieces as without balance, and more of them if one byte less were allowed.</summary>
    [Fact]
    public void BalanceTakesTheSmallestCapacityForAsManyPieces() => ForAll(CutSample.Small, 500, (sample, random) =>
    {
        bool keep = random.Next(2) == 0;
        var (tree, profile, capacity) = (sample.Tree, sample.Profile, Capacity(sample.Tree, sample.Profile, random));
        var (greedy, fault) = Attempt(() => Cut(tree, profile, capacity, keep));
        var (balanced, balancedFault) = Attempt(() => Cut(tree, profile, capacity, keep, balance: true));
        Assert.Equal(fault?.Message, balancedFault?.Message);
        if (greedy is null || balanced is null)
            return;
        long largest = balanced.Max(piece => piece.CarSize);
        Assert.InRange(largest, 1, greedy.Max(piece => piece.CarSize));
        Assert.InRange(balanced.Count, 1, greedy.Count);
        Assert.Equal(balanced, new PlainCutter(tree, profile, largest, keep ? capacity : 0).Cut());
        if (greedy.Count > 1)
            Assert.InRange(Attempt(() => new PlainCutter(tree, profile, largest - 1, keep ? capacity : 0).Cut()).Pieces?.Count ?? int.MaxValue, balanced.Count + 1, int.MaxValue);
        if (keep)
            Assert.All(balanced, piece => Assert.True(piece.End.Leaf == 0 || PlainCutter.Size(tree, profile, new(piece.End.Entry, 0), AfterFile(tree, piece.End.Entry)) > capacity));
    });

    internal static List<PieceRange> Cut(SourceTree tree, UnixFsProfile profile, long capacity, bool keepFilesWhole = false, bool balance = false) =>
        PieceCutter.Cut(tree, profile, new CutOptions { Capacity = capacity, KeepFilesWhole = keepFilesWhole, Balance = balance }, TestContext.Current.CancellationToken);

    /// <summary>That ranges follow each other, have the sizes of their layouts, and could not have been longer.</summary>
    internal static void CheckRule(SourceTree tree, UnixFsProfile profile, long capacity, bool keep, List<PieceRange> pieces)
    {
        Assert.Equal(PlanPoint.Start, pieces[0].Begin);
        Assert.Equal(PlanPoint.End(tree), pieces[^1].End);
        for (int i = 0; i < pieces.Count; i++)
        {
            var (begin, end, size) = pieces[i];
            Assert.Equal(PlainCutter.Size(tree, profile, begin, end), size);
            Assert.InRange(size, 1, capacity);
            if (i == pieces.Count - 1)
                break;
            Assert.Equal(end, pieces[i + 1].Begin);
            Assert.Contains(end, PlainCutter.Ends(tree, profile, begin).Select(place => place.End));
            bool isNext = true;
            int unit = end.Entry;
            while (!PlanPoint.IsUnit(tree, unit))
                unit++;
            foreach (var (further, file) in PlainCutter.Ends(tree, profile, end).TakeWhile(place => place.Entry == unit))
            {
                // The next leaf, and the rest of its file, which may be smaller.
                bool isKept = keep && further.Leaf > 0 && (file != begin.Entry || begin.Leaf == 0)
                    && PlainCutter.Size(tree, profile, new(file, 0), AfterFile(tree, file)) <= capacity;
                if ((isNext || further.Leaf == 0) && !isKept)
                    Assert.True(PlainCutter.Size(tree, profile, begin, further) > capacity, $"piece {i} could end at {further}");
                isNext = false;
            }
        }
    }

    internal static (List<PieceRange>? Pieces, PieceTooSmallException? Fault) Attempt(Func<List<PieceRange>> cut)
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

    private static void CheckRuleAtSomeCapacity(CutSample sample, Random random)
    {
        bool keep = random.Next(2) == 0;
        long whole = PlainCutter.Size(sample.Tree, sample.Profile, PlanPoint.Start, PlanPoint.End(sample.Tree));
        long capacity = (whole / random.Next(1, 12)) + random.Next(1000);
        if (Attempt(() => Cut(sample.Tree, sample.Profile, capacity, keep)).Pieces is { } pieces)
            CheckRule(sample.Tree, sample.Profile, capacity, keep, pieces);
    }

    private static void ForAll(Gen<CutSample> samples, int cases, Action<CutSample, Random> check) =>
        Prop.ForAll(samples.ToArbitrary(), sample => check(sample, new Random(sample.Seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(cases));

    private static PlanPoint AfterFile(SourceTree tree, int file) => file + 1 == tree.Count ? PlanPoint.End(tree) : new PlanPoint(file + 1, 0);

    /// <summary>The size of some range, or about it, so that often something just fits or just does not.</summary>
    private static long Capacity(SourceTree tree, UnixFsProfile profile, Random random)
    {
        PlanPoint[] places = [PlanPoint.Start, .. PlainCutter.Ends(tree, profile, PlanPoint.Start).Select(place => place.End)];
        if (places.Length == 1)
            return random.Next(50, 70);
        int begin = random.Next(2) * random.Next(places.Length - 1);
        int end = random.Next(begin + 1, places.Length);
        return PlainCutter.Size(tree, profile, places[begin], places[end]) + (random.Next(3) switch { 0 => 0, 1 => random.Next(-1, 2), _ => random.Next(400) });
    }
}
