using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>Cuts a tree into data pieces: each takes, in tree order, the most leaves and entries that fit.</summary>
internal static class PieceCutter
{
    /// <summary>The pieces, one after the other without gap, from the start of the tree to its end.</summary>
    /// <exception cref="PieceTooSmallException">Something does not fit in a piece even alone.</exception>
    /// <exception cref="InvalidDataException">A folder cannot be represented.</exception>
    public static List<PieceRange> Cut(SourceTree tree, UnixFsProfile profile, CutOptions options, CancellationToken cancel = default)
    {
        var pieces = new Run(tree, profile, options, options.Capacity, cancel).Cut();
        if (!options.Balance)
            return pieces;
        long low = 0, high = pieces.Max(piece => piece.CarSize);
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            List<PieceRange>? smaller = null;
            try
            {
                smaller = new Run(tree, profile, options, middle, cancel).Cut();
            }
            catch (PieceTooSmallException)
            {
                // A piece of this size does not do.
            }

            if (smaller is not null && smaller.Count <= pieces.Count)
                (pieces, high) = (smaller, smaller.Max(piece => piece.CarSize));
            else
                low = middle;
        }

        return pieces;
    }

    private sealed class Run(SourceTree tree, UnixFsProfile profile, CutOptions options, long capacity, CancellationToken cancel)
    {
        private readonly int[] units = [.. Enumerable.Range(0, tree.Count).Where(entry => tree[entry].Kind switch
        {
            EntryKind.Removed => false,
            EntryKind.Directory => !tree.HoldsAnything(entry),
            _ => true,
        })];

        public List<PieceRange> Cut()
        {
            var pieces = new List<PieceRange>();
            var begin = PlanPoint.Start;
            do
            {
                cancel.ThrowIfCancellationRequested();
                var end = EndOfPiece(begin);
                pieces.Add(new PieceRange(begin, end, Size(begin, end)));
                begin = end;
            }
            while (begin != PlanPoint.End(tree));
            return pieces;
        }

        private PlanPoint EndOfPiece(PlanPoint begin)
        {
            int first = 0;
            while (first < units.Length && units[first] < begin.Entry)
                first++;
            if (first == units.Length)
                return Fits(begin, PlanPoint.End(tree)) ? PlanPoint.End(tree) : throw TooSmall(0, Size(begin, PlanPoint.End(tree)));
            int next = Most(first, units.Length, count => Fits(begin, Before(count)));
            if (next == units.Length)
                return PlanPoint.End(tree);

            int entry = units[next];
            long from = next == first ? begin.Leaf : 0;
            long leaves = tree[entry].Kind == EntryKind.File ? BalancedFile.LeafCount(profile, tree[entry].Size) : 1;
            bool isKept = options.KeepFilesWhole && from == 0 && Fits(new(entry, 0), Before(next + 1));
            long leaf = isKept ? from : Most(from, leaves - 1, leaf => Fits(begin, new(entry, leaf)));
            if (leaf > from)
                return new(entry, leaf);
            if (next > first)
                return Before(next);
            long whole = Size(begin, Before(next + 1));
            throw TooSmall(entry, leaves - from > 1 ? Math.Min(whole, Size(begin, new(entry, from + 1))) : whole);
        }

        /// <summary>The point after the unit before this one.</summary>
        private PlanPoint Before(int unit) => unit == units.Length ? PlanPoint.End(tree) : new(units[unit - 1] + 1, 0);

        private bool Fits(PlanPoint begin, PlanPoint end) => Size(begin, end) <= capacity;

        private long Size(PlanPoint begin, PlanPoint end) => PieceLayout.Create(PartialTree.Of(tree, profile, begin, end).Tree, profile).CarSize;

        private PieceTooSmallException TooSmall(int entry, long needed) => new(tree.DatasetPath(entry), needed, capacity);

        private static int Most(int low, int high, Predicate<int> fits) => (int)Most((long)low, high, count => fits((int)count));

        /// <summary>The largest number up to <paramref name="high"/> that fits; <paramref name="low"/> is taken to.</summary>
        private static long Most(long low, long high, Predicate<long> fits)
        {
            while (low < high)
            {
                long middle = high - ((high - low) / 2);
                if (fits(middle))
                    low = middle;
                else
                    high = middle - 1;
            }

            return low;
        }
    }
}
