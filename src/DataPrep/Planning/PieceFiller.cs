using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>Finds where a piece ends that begins at a place: at the last one at which its CAR is within the capacity.</summary>
internal sealed class PieceFiller
{
    private readonly SourceTree tree;
    private readonly UnixFsProfile profile;
    private readonly long capacity;
    private readonly long largestWhole;
    private readonly CancellationToken cancel;

    private readonly OpenShards shards;

    // States that the piece went through when it was filled to 3/4, 15/16 and so on: to go back to, not all the way.
    private readonly PieceMeter[] marks;

    // The piece as far as it is known to fit; as far as it may fit; and with one entry more.
    private PieceMeter filled, ahead, further;

    /// <param name="capacity">Most bytes of the CAR.</param>
    /// <param name="largestWhole">A piece ends before a file of which a piece of its own would have at most so many bytes, rather than in it; 0 where files may be cut.</param>
    public PieceFiller(SourceTree tree, UnixFsProfile profile, long capacity, long largestWhole, CancellationToken cancel)
    {
        (this.tree, this.profile, this.capacity, this.largestWhole, this.cancel) = (tree, profile, capacity, largestWhole, cancel);
        shards = new OpenShards(tree, profile);
        (filled, ahead, further) = (NewMeter(), NewMeter(), NewMeter());
        marks = [NewMeter(), NewMeter(), NewMeter(), NewMeter()];
    }

    /// <summary>Up to this capacity, not included, every piece so far would end where it does, and what did not fit in one would not.</summary>
    public long NextCapacity { get; private set; } = long.MaxValue;

    /// <exception cref="PieceTooSmallException">Not one unit fits.</exception>
    /// <exception cref="InvalidDataException">A folder cannot be represented.</exception>
    public PieceRange Fill(PlanPoint begin)
    {
        if (tree[0].Kind != EntryKind.Directory && begin == PlanPoint.Start && WholeRoot() is { } whole)
            return whole;
        shards.Clear();
        filled.Begin(begin);
        var entries = new EntrySearch(this);
        var (next, size) = entries.Furthest(begin.Entry, tree.Count + 1L, capacity);
        int entry = NextUnit((int)next);
        if (entry == tree.Count)
            return new PieceRange(begin, PlanPoint.End(tree), size);
        NoteNext(Math.Max(entries.SizeBeyond, LeastWith(entry)));

        // A file that does not fit may still fit in part; whole it is smaller than cut before its last leaf, without the folder for the cut.
        long first = entry == begin.Entry ? begin.Leaf : 0, leaf = first;
        long leaves = tree[entry].Kind == EntryKind.File ? BalancedFile.LeafCount(profile, tree[entry].Size) : 1;
        bool isKept = largestWhole > 0 && first == 0 && leaves > 1 && SizeAlone(entry) <= largestWhole;
        if (leaves - first > 1 && !isKept)
        {
            var parts = new LeafSearch(this, entry, first);
            (leaf, long sizeWithLeaves) = parts.Furthest(first, leaves, capacity);
            if (leaf + 1 < leaves)
                NoteNext(Math.Max(parts.SizeBeyond, filled.SizeWithPart(entry, first, leaf + 1, exact: false)));
            if (leaf > first)
                return new PieceRange(begin, new PlanPoint(entry, leaf), sizeWithLeaves);
        }

        return next > begin.Entry
            ? new PieceRange(begin, new PlanPoint((int)next, 0), size)
            : throw TooSmall(begin, entry, isKept ? 1 : leaves - first);
    }

    /// <summary>The range of a tree that is one file or symlink, if it fits whole: then it stands in no folder.</summary>
    private PieceRange? WholeRoot()
    {
        if (tree[0].Size > capacity && tree[0].Kind == EntryKind.File)
            return null;
        long size = ExactSize(PlanPoint.Start, 1);
        bool isFile = tree[0].Kind == EntryKind.File;
        return size <= capacity ? new PieceRange(PlanPoint.Start, PlanPoint.End(tree), size)
            : isFile ? null
            : throw new PieceTooSmallException(tree.DatasetPath(0), size, capacity);
    }

    /// <summary>The least that the piece would be with one entry more; of an entry that is larger than a piece, its content.</summary>
    private long LeastWith(int entry)
    {
        if (filled.ContentSize(entry) > capacity)
            return filled.ContentSize(entry);
        further.CopyFrom(filled);
        further.Take(entry);
        return further.Least();
    }

    /// <summary>Size of the piece of a file alone; of one whose content alone is too much to be kept whole, that.</summary>
    private long SizeAlone(int file)
    {
        if (tree[file].Size > largestWhole)
            return tree[file].Size;
        var alone = new PieceMeter(tree, profile, new OpenShards(tree, profile));
        alone.Begin(new PlanPoint(file, 0));
        alone.Take(file);
        return alone.Size();
    }

    /// <param name="size">What a piece would have to be to end further than it does, or less than that.</param>
    private void NoteNext(long size) => NextCapacity = Math.Min(NextCapacity, Math.Max(size, capacity + 1));

    /// <param name="leaves">In how many parts what does not fit could be cut at most.</param>
    private PieceTooSmallException TooSmall(PlanPoint begin, int entry, long leaves)
    {
        // Of a few leaves the whole file may be smaller than the first one with the folder for the cut.
        var start = entry == begin.Entry ? begin : new PlanPoint(entry, 0);
        long needed = leaves > 100 ? long.MaxValue : ExactSize(start, entry + 1);
        if (leaves > 1)
            needed = Math.Min(needed, ExactSize(start, entry, start.Leaf + 1));
        NoteNext(needed);
        return new PieceTooSmallException(tree.DatasetPath(entry), needed, capacity);
    }

    private long ExactSize(PlanPoint begin, int endEntry, long endLeaf = 0) =>
        PieceLayout.Create(PartialTree.Of(tree, profile, begin, new PlanPoint(endEntry, endLeaf)).Tree, profile).CarSize;

    private PieceMeter NewMeter() => new(tree, profile, shards);

    private int NextUnit(int entry)
    {
        while (entry < tree.Count && !PlanPoint.IsUnit(tree, entry))
            entry++;
        return entry;
    }

    /// <summary>Whole entries: a place is the entry after the last one in the piece.</summary>
    private sealed class EntrySearch(PieceFiller piece) : PlaceSearch
    {
        private int marked;
        private long toMark;

        protected override long Reach(long low, long high, long limit, bool atLeastOne)
        {
            piece.ahead.CopyFrom(NearestBefore(high, limit));
            int entry = piece.NextUnit(piece.ahead.Next);
            bool isFirst = !atLeastOne;
            if (isFirst)
                toMark = limit / 4;
            else if (piece.ahead.Next == low && entry + 1 < high)
            {
                piece.ahead.Take(entry);
                entry = piece.NextUnit(entry + 1);
            }

            for (; entry < piece.tree.Count && entry + 1 < high && TryTake(entry, limit); entry = piece.NextUnit(entry + 1))
            {
                if (isFirst && limit - piece.ahead.Most < toMark && marked < piece.marks.Length)
                {
                    piece.marks[marked++].CopyFrom(piece.ahead);
                    toMark /= 4;
                }
            }

            return piece.ahead.Next;
        }

        private PieceMeter NearestBefore(long high, long limit)
        {
            for (int i = marked - 1; i >= 0 && piece.marks[i].Next > piece.filled.Next; i--)
            {
                if (piece.marks[i].Next < high && piece.marks[i].Least() <= limit)
                    return piece.marks[i];
            }

            return piece.filled;
        }

        protected override (long Least, long Exact) Measure(long place) => (piece.ahead.Least(), piece.ahead.Size());

        protected override void Keep() => (piece.filled, piece.ahead) = (piece.ahead, piece.filled);

        private bool TryTake(int entry, long limit)
        {
            if ((entry & 0xfff) == 0)
                piece.cancel.ThrowIfCancellationRequested();
            if (piece.ahead.TryTake(entry, limit))
                return true;
            if (piece.ahead.ContentSize(entry) > limit)
                return false;
            piece.further.CopyFrom(piece.ahead);
            piece.further.Take(entry);
            if (piece.further.Least() > limit)
                return false;
            (piece.ahead, piece.further) = (piece.further, piece.ahead);
            return true;
        }
    }

    /// <summary>Leaves of the file after the whole entries: a place is the number of them that stand before it in the file.</summary>
    private sealed class LeafSearch(PieceFiller piece, int file, long first) : PlaceSearch
    {
        protected override long Reach(long low, long high, long limit, bool atLeastOne)
        {
            long most = low + Math.Min(high - 1 - low, Math.Max(limit, 0) / piece.profile.ChunkSize);
            long reached = low;
            while (reached < most)
            {
                long middle = most - ((most - reached) / 2);
                if (piece.filled.SizeWithPart(file, first, middle, exact: false) <= limit)
                    reached = middle;
                else
                    most = middle - 1;
            }

            return reached == low && atLeastOne && low + 1 < high ? low + 1 : reached;
        }

        protected override (long Least, long Exact) Measure(long place) =>
            (piece.filled.SizeWithPart(file, first, place, exact: false), piece.filled.SizeWithPart(file, first, place, exact: true));

        protected override void Keep()
        {
        }
    }
}
