using DataPrep.Planning;
using DataPrep.Source;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Planning;

/// <summary>A piece's share of a plan gives the same piece as the whole tree.</summary>
public sealed class PlanShareTests : IDisposable
{
    private readonly TempFolder temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public void SharesOfRandomTreesHoldWhatTheirPiecesHold()
    {
        foreach (var samples in new[] { CutSample.Small, CutSample.Large })
            Prop.ForAll(samples.ToArbitrary(), Check).Check(Config.QuickThrowOnFailure.WithMaxTest(samples == CutSample.Small ? 300 : 40));
    }

    private void Check(CutSample sample)
    {
        var tree = sample.Tree;
        long capacity = PieceLayout.Create(tree, sample.Profile).CarSize;
        List<PieceRange>? pieces = null;
        // The least room that the tree can be cut with is not known; a third of the whole mostly is enough.
        for (long room = capacity / 3; pieces is null; room *= 2)
        {
            try
            {
                pieces = PieceCutter.Cut(tree, sample.Profile, new CutOptions { Capacity = Math.Max(room, 1) });
            }
            catch (PieceTooSmallException) when (room < 2 * capacity)
            {
                room = Math.Max(room, 1);
            }
        }

        string path = PlanFile.Write(temp.Path, new PlanContent("{}"u8.ToArray(), tree, pieces), withShares: true);
        for (int number = 0; number < pieces.Count; number++)
        {
            var share = PlanFile.ReadShare(path, number).Share!;
            var expected = PartialTree.Of(tree, sample.Profile, pieces[number].Begin, pieces[number].End);
            var actual = PartialTree.Of(share.Tree, sample.Profile, share.Range.Begin, share.Range.End);
            // A piece that holds all stands for itself in one of the two.
            Assert.Equal(Lines(expected, i => i), Lines(actual, share.Origin));
            Assert.Equal(pieces[number].CarSize, share.Range.CarSize);
        }

        File.Delete(path);
    }

    private static List<string> Lines(PartialTree part, Func<int, int> originOf)
    {
        var lines = new List<string>();
        for (int i = 0; i < part.Tree.Count; i++)
        {
            ref readonly var entry = ref part.Tree[i];
            if (entry.Kind == EntryKind.Removed || (entry.Kind == EntryKind.Directory && !part.Tree.HoldsAnything(i) && !PlanPoint.IsUnit(part.Tree, i)))
                continue;
            int origin = part.Origin(i);
            lines.Add($"{Convert.ToHexString(part.Tree.DatasetPath(i))} {entry.Kind} {part.Tree.Stamp(i)} {Convert.ToHexString(part.Tree.Target(i))} {(origin < 0 ? origin : originOf(origin))} {part.FileOffset(i)} {part.IsPart(i)}");
        }

        return lines;
    }
}
