using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>What of the pieces of a run decides how much memory it takes; of several pieces the most of each.</summary>
/// <param name="LongestSection">Bytes of the longest leaf section.</param>
/// <param name="LeafBytes">Bytes of the header and all leaf sections of a piece.</param>
/// <param name="Leaves">Leaves of the pieces that are in the making at once.</param>
/// <param name="Entries">Entries of the whole tree.</param>
/// <param name="Roots">Entries of these pieces that have blocks in the tail.</param>
internal readonly record struct SlabDemand(long LongestSection, long LeafBytes, long CarSize, long Leaves, long Entries, long Roots)
{
    // An envelope with mode and mtime, and what else stands around a leaf.
    private const int Around = 256;

    /// <summary>Whether the content of all slabs at work is held a second time, since it comes as a stream.</summary>
    public bool IsStream { get; init; }

    /// <summary>Padded size of the parts in which pieces leave, which slabs hold whole; 0 where they are written in place.</summary>
    public long Part { get; init; }

    /// <summary>Bytes of such parts on their way, beside one for each worker.</summary>
    public long Held { get; init; }

    /// <summary>Bytes that are fetched ahead of the workers.</summary>
    public long Ahead { get; init; }

    /// <summary>Padded size of the smallest slabs: each holds a whole leaf section.</summary>
    public long LeastSlab
    {
        get
        {
            long least = Math.Max(Part, SubTreeHasher.SegmentPadded);
            while (least / 128 * 127 < LongestSection)
                least *= 2;
            return least;
        }
    }

    public static SlabDemand Of(PieceLayout piece) => new(piece.LongestSection, piece.LeafEnd, piece.CarSize, piece.LeafCount, piece.Tree.Count, piece.RootCount);

    /// <summary>Of a stream, of which two pieces may be in the making at once.</summary>
    public static SlabDemand OfStream(UnixFsProfile profile, long capacity) =>
        new(Math.Min(capacity, profile.ChunkSize) + Around, capacity, capacity, 2 * ((capacity / profile.ChunkSize) + 1), 2, 0) { IsStream = true };

    /// <summary>Of pieces of which two are in the making at once.</summary>
    /// <param name="keptToo">Whether what is kept from an earlier version is gone over too.</param>
    public static SlabDemand Of(CutRound round, UnixFsProfile profile, bool keptToo = false)
    {
        long size = round.Pieces.Select(piece => piece.CarSize).DefaultIfEmpty().Max();
        long files = 0, content = 0, longest = 0;
        for (int i = 0; i < round.Tree.Count; i++)
        {
            if (round.Tree[i].Kind != EntryKind.File || (round.Tree[i].IsKept && !keptToo))
                continue;
            files++;
            content += round.Tree[i].Size;
            longest = Math.Max(longest, round.Tree[i].Size);
        }

        long leaves = Math.Min(files + (content / profile.ChunkSize), 2 * (files + (size / profile.ChunkSize)));
        return new SlabDemand(Math.Min(longest, profile.ChunkSize) + Around, size, size, leaves, round.Tree.Count, 0);
    }
}

/// <summary>How the CAR is cut into slabs and by how many threads they are made. Has no influence on the output.</summary>
/// <param name="PaddedSize">Slab size after fr32: a power of two of at least 1 MiB, so that every slab is a sub-tree.</param>
internal sealed record SlabPlan(long PaddedSize, int Threads)
{
    public const long DefaultPaddedSize = 16 << 20;
    public const long MaxPaddedSize = 256 << 20;

    /// <summary>What the runtime and the tables of a run of usual size take beside the slabs.</summary>
    private const long Base = 64 << 20;
    private const long DefaultMemory = 288 << 20;

    /// <summary>Bytes of the CAR in a slab.</summary>
    public int RawSize => (int)(PaddedSize / 128 * 127);

    /// <param name="memory">Most bytes to use, or null for the default.</param>
    /// <param name="slab">Wanted slab size, or null to choose.</param>
    /// <exception cref="ArgumentException">The memory is too small for one thread.</exception>
    public static SlabPlan Choose(PieceLayout layout, int threads, long? memory, long? slab) => Choose(SlabDemand.Of(layout), threads, memory, slab);

    /// <inheritdoc cref="Choose(PieceLayout, int, long?, long?)"/>
    public static SlabPlan Choose(SlabDemand demand, int threads, long? memory, long? slab)
    {
        long least = demand.LeastSlab;
        long size = Math.Max(least, slab ?? DefaultPaddedSize);

        // A small piece needs no more threads than it has slabs, and smaller slabs to keep them busy.
        while (slab is null && size > least && size * threads > demand.CarSize)
            size /= 2;
        long slabs = ((demand.LeafBytes - 1) / (size / 128 * 127)) + 1;
        var plan = new SlabPlan(size, (int)Math.Min(threads, slabs));

        // By default the tables, which no choice makes smaller, are left out of account.
        long cap = memory ?? DefaultMemory;
        long Counted(SlabPlan chosen) => memory is null ? Base + chosen.SlabMemory(demand) : chosen.Total(demand);
        while (Counted(plan) > cap && plan.PaddedSize > least && slab is null)
            plan = plan with { PaddedSize = plan.PaddedSize / 2 };
        while (memory is not null && plan.Total(demand) > cap && plan.Threads > 1)
            plan = plan with { Threads = plan.Threads - 1 };
        if (memory is not null && plan.Total(demand) > cap)
            throw new ArgumentException($"--memory must be at least {(plan.Total(demand) >> 20) + 1}MiB for this dataset and chunk size");
        return plan;
    }

    /// <summary>How much of a stream is held: the slabs at work, one that has ended behind them, and what crosses their ends.</summary>
    public long WindowSize(in SlabDemand demand) => ((Threads + 1) * (long)RawSize) + (4 * demand.LongestSection);

    // For each thread a slab, room for the leaf that crosses its end, and a copy of that leaf on its way to the next slab;
    // the segments of the header and of the tail; of a stream also what is held of it; of parts that leave two, one of which waits for the end of a leaf.
    private long SlabMemory(in SlabDemand demand) =>
        (Threads * (RawSize + (2L * demand.LongestSection))) + (2 * SubTreeHasher.SegmentPadded) + (demand.IsStream ? WindowSize(demand) : 0)
        + demand.Ahead + demand.Held + (Threads * 2 * demand.Part);

    private long Total(in SlabDemand demand)
    {
        long entries = (88L * demand.Entries) + (48L * demand.Roots);
        return Base + SlabMemory(demand) + (32 * demand.Leaves) + entries;
    }
}
