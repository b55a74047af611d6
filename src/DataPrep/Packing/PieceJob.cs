using DataPrep.Hashing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>
/// A data piece in the making: what its workers share. Each slab of its leaves is made by one of them; whoever ends the
/// last one writes the tail, and at the very end the first segment.
/// </summary>
internal sealed class PieceJob : IDisposable
{
    private readonly ISourceReader source;
    private readonly PartialTree part;
    private readonly HashSet<long> doneBefore = [];
    private readonly HashSet<long> done = [];
    private long slabsLeft;
    private bool tablesHandedOver;

    /// <param name="part">The tree that the layout is of, as a part of the tree that the source reads; null where they are the same.</param>
    /// <param name="fileSize">Bytes of the CAR file where it is to be filled up with zeros.</param>
    public PieceJob(PieceLayout layout, SlabPlan plan, ISourceReader source, IPieceSink sink, PackCounters progress, PartialTree? part = null, long fileSize = 0)
    {
        (Layout, Plan, this.source) = (layout, plan, source);
        this.part = part ?? PartialTree.Whole(layout.Tree);
        Slabs = slabsLeft = ((layout.LeafEnd - 1) / plan.RawSize) + 1;
        Leaves = new DigestTable(layout.LeafCount);
        Roots = new DigestTable(layout.RootCount);
        Bytes = new PieceBytes(layout.CarSize, Math.Max(layout.CarSize, fileSize), sink, progress);
    }

    public PieceLayout Layout { get; }

    public SlabPlan Plan { get; }

    public PieceBytes Bytes { get; }

    /// <summary>Slabs that hold leaves.</summary>
    public long Slabs { get; }

    public DigestTable Leaves { get; }

    public DigestTable Roots { get; }

    /// <summary>Called by the workers with each slab whose bytes are written and hashed, but for those that are kept.</summary>
    public Action<PieceJob, long>? SlabEnded { get; init; }

    /// <summary>Whether a slab was made by a run before this one.</summary>
    public bool WasDone(long slab) => doneBefore.Contains(slab);

    /// <summary>Whether a slab was made, by this run or another.</summary>
    public bool IsDone(long slab)
    {
        lock (done)
            return done.Contains(slab) || doneBefore.Contains(slab);
    }

    /// <summary>Offset of the first section of a file that, in the whole tree, is an entry or one behind it.</summary>
    /// <param name="entry">An entry of the whole tree.</param>
    public long FirstSectionFrom(int entry)
    {
        int low = 0, high = Layout.FileCount;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (part.Origin(Layout.FileEntry(middle)) >= entry)
                high = middle;
            else
                low = middle + 1;
        }

        return low < Layout.FileCount ? Layout.FirstSection(low) : Layout.LeafEnd;
    }

    /// <summary>What is to be known of a slab that has ended, to go on from there.</summary>
    /// <param name="piece">The piece's number.</param>
    public SlabDone Describe(long slab, int piece)
    {
        var place = new Slab(Layout, Plan, slab);
        long first = place.FirstLeafNumber, end = EndOfLeaves(slab);
        int whole = place.Length / SubTreeHasher.SegmentRaw, rest = place.Length % SubTreeHasher.SegmentRaw;
        long segment = place.Start / SubTreeHasher.SegmentRaw;
        int kept = slab == 0 ? Math.Min(place.Length, SubTreeHasher.SegmentRaw) : 0;
        int skipped = kept == SubTreeHasher.SegmentRaw ? 1 : 0;
        bool keepsRest = rest > 0 && (slab > 0 || whole > 0);
        return new SlabDone
        {
            Piece = piece,
            Slab = slab,
            SlabSize = Plan.PaddedSize,
            FirstLeaf = first,
            Leaves = Leaves.Rows(first, (int)(end - first)),
            FirstSegment = segment + skipped,
            Nodes = Bytes.Nodes.AsSpan((int)(32 * (segment + skipped)), 32 * (whole - skipped)),
            First = new KeptSegment(0, Bytes.Unfinished(0)[..kept]),
            Last = keepsRest ? new KeptSegment(segment + whole, Bytes.Unfinished(segment + whole)[..rest]) : default,
        };
    }

    /// <summary>Takes over a slab that another run made. Not when workers are at work.</summary>
    /// <returns>Whether it is a slab of this layout.</returns>
    public bool Restore(in SlabDone done)
    {
        if (done.SlabSize != Plan.PaddedSize || done.Slab < 0 || done.Slab >= Slabs || WasDone(done.Slab))
            return false;
        var expected = Describe(done.Slab, done.Piece);
        bool fits = expected.FirstLeaf == done.FirstLeaf && expected.Leaves.Length == done.Leaves.Length
            && expected.FirstSegment == done.FirstSegment && expected.Nodes.Length == done.Nodes.Length
            && expected.First.Bytes.Length == done.First.Bytes.Length && expected.Last.Bytes.Length == done.Last.Bytes.Length;
        if (!fits)
            return false;
        done.Leaves.CopyTo(Leaves.Rows(done.FirstLeaf, done.Leaves.Length / DigestTable.RowSize));
        done.Nodes.CopyTo(Bytes.Nodes.AsSpan((int)(32 * done.FirstSegment)));
        Bytes.Keep(0, done.First.Bytes);
        if (!done.Last.Bytes.IsEmpty)
            Bytes.Keep(done.Last.Segment, done.Last.Bytes);
        _ = doneBefore.Add(done.Slab);
        slabsLeft--;
        return true;
    }

    /// <summary>The entry of the source's tree that a file of the layout, by its number, is.</summary>
    public int Origin(int file) => part.Origin(Layout.FileEntry(file));

    /// <summary>Opens a file of the layout, by its number.</summary>
    public ISourceFile Open(int file) => source.Open(Origin(file));

    /// <summary>Where the content of some leaves of a file of the layout lies in the source.</summary>
    /// <param name="last">The one behind the last.</param>
    public SourceRange RangeOf(int file, long first, long last, in FileLeaves leaves)
    {
        int entry = Layout.FileEntry(file), chunk = Layout.Profile.ChunkSize;
        return new SourceRange(part.Origin(entry), part.FileOffset(entry) + (first * chunk), ((last - 1 - first) * chunk) + leaves.Shape(last - 1).ContentLength);
    }

    /// <summary>Tells a source that fetches ahead what will be read of it for a slab: the leaf that crosses its end first, then the others.</summary>
    public void Announce(in Slab slab, CancellationToken stop)
    {
        if (!source.FetchesAhead)
            return;
        var ranges = new List<SourceRange>();
        long end = slab.Start + slab.Length;
        if (slab.Crossing is var (file, leaf))
        {
            var leaves = Layout.Leaves(file);
            ranges.Add(RangeOf(file, leaf, leaf + 1, leaves));
            end = leaves.SectionOffset(leaf);
        }

        foreach (var (number, first) in slab.Files())
        {
            var leaves = Layout.Leaves(number);
            long last = leaves.FirstLeafFrom(end);
            if (last <= first)
                break;
            ranges.Add(RangeOf(number, first, last, leaves));
        }

        source.Announce(ranges, stop);
    }

    /// <summary>What to say of a file that has other bytes than a run before this one read, though nothing else tells so.</summary>
    public SourceChangedException Changed(int file, long offset)
    {
        int entry = Layout.FileEntry(file);
        return source.Changed(part.Origin(entry), part.FileOffset(entry) + offset);
    }

    /// <summary>Notes that a slab is made; true for the last one of all.</summary>
    public bool EndSlab(long slab)
    {
        SlabEnded?.Invoke(this, slab);
        lock (done)
            _ = done.Add(slab);
        return Interlocked.Decrement(ref slabsLeft) == 0;
    }

    /// <summary>Whether no slab is left to be made, before the workers begin.</summary>
    public bool IsMade => slabsLeft == 0;

    /// <summary>When all slabs are made: the tail, the header, the commitment.</summary>
    public PackedPiece Finish(SubTreeHasher hasher, StageClock clock, CancellationToken stop)
    {
        var tail = new TailWriter(Bytes, Layout.Profile, Layout.LeafEnd, hasher, clock, stop);
        Layout.EmitTail(Leaves, Roots, tail);
        tail.End();
        var root = Layout.Profile.CidOf(Layout.IsRaw(0), Layout.RootDigest(0, Leaves, Roots));
        var commitment = Bytes.End(hasher, clock, root, Layout.HeaderLength);
        tablesHandedOver = true;
        return new PackedPiece(this, root, commitment, part);
    }

    private long EndOfLeaves(long slab) => slab + 1 < Slabs ? new Slab(Layout, Plan, slab + 1).FirstLeafNumber : Layout.LeafCount;

    public void Dispose()
    {
        Bytes.Dispose();
        if (tablesHandedOver)
            return;
        Leaves.Dispose();
        Roots.Dispose();
    }
}
