using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Tests.Planning;

/// <summary>
/// The slow twin of <see cref="PieceCutter"/>: makes the layout of a piece up to every place where it could end, and takes
/// the last that fits, without thinking that sizes rise.
/// </summary>
internal sealed class PlainCutter(SourceTree tree, UnixFsProfile profile, long capacity, long largestWhole)
{
    // By more than this no piece can become smaller again.
    private const int TooMuch = 400;

    public List<PieceRange> Cut()
    {
        var pieces = new List<PieceRange>();
        for (var begin = PlanPoint.Start; pieces.Count == 0 || begin != PlanPoint.End(tree); begin = pieces[^1].End)
            pieces.Add(Piece(begin));
        return pieces;
    }

    public static long Size(SourceTree tree, UnixFsProfile profile, PlanPoint begin, PlanPoint end) =>
        PieceLayout.Create(PartialTree.Of(tree, profile, begin, end).Tree, profile).CarSize;

    /// <summary>The places after which a piece from a place can end, each with the entry of the unit before it.</summary>
    public static IEnumerable<(PlanPoint End, int Entry)> Ends(SourceTree tree, UnixFsProfile profile, PlanPoint begin)
    {
        for (int entry = begin.Entry; entry < tree.Count; entry++)
        {
            if (!PlanPoint.IsUnit(tree, entry))
                continue;
            for (long leaf = entry == begin.Entry ? begin.Leaf + 1 : 1; leaf < Leaves(tree, profile, entry); leaf++)
                yield return (new PlanPoint(entry, leaf), entry);
            bool isLast = !Enumerable.Range(entry + 1, tree.Count - entry - 1).Any(later => PlanPoint.IsUnit(tree, later));
            yield return (isLast ? PlanPoint.End(tree) : new PlanPoint(entry + 1, 0), entry);
        }
    }

    private static long Leaves(SourceTree tree, UnixFsProfile profile, int entry) =>
        tree[entry].Kind == EntryKind.File ? BalancedFile.LeafCount(profile, tree[entry].Size) : 1;

    private PieceRange Piece(PlanPoint begin)
    {
        PieceRange? best = null;
        long least = long.MaxValue;
        int first = -1;
        foreach (var (end, entry) in Ends(tree, profile, begin))
        {
            long size = Size(tree, profile, begin, end);
            if (first < 0)
                first = entry;
            if (entry == first)
                least = Math.Min(least, size);
            else if (size > capacity + TooMuch)
                break;
            if (size <= capacity && (end.Leaf == 0 || !IsKept(begin, entry)))
                best = new PieceRange(begin, end, size);
        }

        if (first < 0)
        {
            long size = Size(tree, profile, begin, PlanPoint.End(tree));
            return size <= capacity ? new PieceRange(begin, PlanPoint.End(tree), size) : throw new PieceTooSmallException(tree.DatasetPath(0), size, capacity);
        }

        return best ?? throw new PieceTooSmallException(tree.DatasetPath(first), least, capacity);
    }

    private bool IsKept(PlanPoint begin, int file) =>
        (file != begin.Entry || begin.Leaf == 0)
        && Size(tree, profile, new PlanPoint(file, 0), file + 1 == tree.Count ? PlanPoint.End(tree) : new PlanPoint(file + 1, 0)) <= largestWhole;
}
