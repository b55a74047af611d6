using DataPrep.Hashing;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>What to do with a file that changed between the scan and its last read.</summary>
internal enum OnChange
{
    /// <summary>Take its new state, at most three times, then leave it out.</summary>
    Retry,

    /// <summary>Leave it out.</summary>
    Skip,

    /// <summary>End the run.</summary>
    Fail,
}

/// <summary>What to pack, where to, and how.</summary>
internal sealed record PackOptions
{
    public const long DefaultPieceSize = 32L << 30;
    public const long SmallestPieceSize = 1L << 20;
    public const long LargestPieceSize = 64L << 30;

    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The folder to pack into; empty where only a plan is wanted.</summary>
    public required string Output { get; init; }

    /// <summary>Further folders that pieces are spread over, beside the first.</summary>
    public IReadOnlyList<string> MoreOutputs { get; init; } = [];

    /// <summary>Where pieces go that are not kept in folders; null where they are.</summary>
    public IPieceTarget? Target { get; init; }

    public string? Name { get; init; }

    public UnixFsProfile Profile { get; init; } = UnixFsProfile.V1Of2025;

    /// <summary>Largest padded piece size: a power of two.</summary>
    public long PieceSize { get; init; } = DefaultPieceSize;

    /// <summary>Most bytes of a CAR, where that is less than fills a piece.</summary>
    public long? LargestCarSize { get; init; }

    /// <summary>Padded size that smaller pieces are filled up to, with zeros behind the CAR; 0 for none.</summary>
    public long LeastPieceSize { get; init; }

    public bool KeepFilesWhole { get; init; }

    /// <summary>Whether of data pieces no CAR is stored, but what it can be made from, together with the sources.</summary>
    public bool Inline { get; init; }

    /// <summary>Whether the SHA-256 of each CAR is recorded, for which it is read once more.</summary>
    public bool Sha256 { get; init; }

    /// <summary>Whether pieces are made about equally large.</summary>
    public bool Balance { get; init; }

    /// <summary>Most bytes of a CAR.</summary>
    public long Capacity => Math.Min(Piece.PieceSize.Unpadded(PieceSize), LargestCarSize ?? long.MaxValue);

    /// <summary>Bytes that a CAR file is filled up to with zeros.</summary>
    public long LeastCarSize => LeastPieceSize == 0 ? 0 : Piece.PieceSize.Unpadded(LeastPieceSize);

    public CutOptions Cut => new() { Capacity = Capacity, KeepFilesWhole = KeepFilesWhole, Balance = Balance };

    public ScanOptions Scan { get; init; } = new();

    public OnChange OnChange { get; init; } = OnChange.Retry;

    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Most memory to use, in bytes; null for the default.</summary>
    public long? Memory { get; init; }

    /// <summary>Padded slab size; null to choose. Has no influence on the output.</summary>
    public long? SlabSize { get; init; }

    public InputIo InputIo { get; init; }

    public OutputIo OutputIo { get; init; }

    /// <summary>Whether what was read leaves the page cache; null for datasets of more than half the memory.</summary>
    public bool? DropBehind { get; init; }

    /// <summary>One thread reads at a time, a slab as a whole, as suits disks that seek.</summary>
    public bool ReadInTurn { get; init; }

    /// <summary>Most bytes of the source to read in a second, of all threads together; null for no limit.</summary>
    public long? MaxRate { get; init; }

    /// <summary>A shell command that each finished piece is handed on to; null for none.</summary>
    public string? OnPiece { get; init; }

    /// <summary>A folder on another disk that each finished piece is moved to; null for none.</summary>
    public string? MoveTo { get; init; }

    /// <summary>Whether finished pieces are handed on, or moved.</summary>
    public bool HandsOn => OnPiece is not null || MoveTo is not null;

    /// <summary>Most bytes of CARs in the making and not yet handed on; null for no limit.</summary>
    public long? MaxStaged { get; init; }

    /// <summary>How long what is finished may wait until it is noted durably: as much can be lost when the run is killed.</summary>
    public TimeSpan Checkpoint { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether what a broken-off run left is thrown away.</summary>
    public bool Restart { get; init; }

    /// <summary>The folder of an earlier version of the dataset, whose unchanged content is kept; null for none.</summary>
    public string? Previous { get; init; }

    /// <summary>Whether content, and not times and inodes, tells what is unchanged.</summary>
    public bool Checksum { get; init; }

    /// <summary>Receives what a person should know while the work goes on.</summary>
    public Action<string> Warn { get; init; } = _ => { };

    /// <summary>Receives what is good to know, and no cause for worry.</summary>
    public Action<string> Note { get; init; } = _ => { };

    /// <summary>Receives what only a person who asked for detail wants to know.</summary>
    public Action<string> Detail { get; init; } = _ => { };

    /// <summary>Opens the stream that is packed instead of sources; null where there are sources.</summary>
    public Func<Stream>? Input { get; init; }

    /// <summary>What is packed instead of local sources; null where these are. Whoever made it disposes it.</summary>
    public IRemoteSource? Remote { get; init; }

    /// <summary>The sources as a plan names them.</summary>
    public IReadOnlyList<string> SourceNames => Remote?.Names ?? [.. Sources.Select(Path.GetFullPath)];

    /// <summary>Makes the reader of a tree; replaced in tests.</summary>
    internal Func<SourceTree, ISourceReader>? Reader { get; init; }

    /// <summary>Opens a tree's files for reading.</summary>
    /// <param name="bytes">Content of all of them.</param>
    public ISourceReader OpenReader(SourceTree tree, long bytes)
    {
        if (Reader is not null)
            return Reader(tree);
        if (Remote is not null)
            return new RemoteReader(tree, Remote, RemoteWorkers);
        bool isLarge = bytes > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        return new LocalReader(tree, InputIo, DropBehind ?? isLarge);
    }

    // What a network takes its time for is waited for side by side.
    private int RemoteWorkers => Threads + 8;

    /// <summary>The slabs and workers that do the work.</summary>
    /// <param name="slabSize">Padded slab size; null to choose.</param>
    /// <param name="onDevice">Whether workers wait for a device, so that more than those that hash are of use.</param>
    /// <exception cref="UsageException">They would take more memory than they may.</exception>
    public SlabPlan Slabs(in SlabDemand demand, long? slabSize, bool onDevice)
    {
        int others = Remote is not null ? RemoteWorkers - Threads : onDevice ? Math.Clamp(Threads / 2, 2, 8) : 0;
        try
        {
            var all = demand with { Part = Target?.PartSize ?? 0, Held = Target?.Held ?? 0, Ahead = Remote is null ? 0 : RemoteReader.AheadBytes(RemoteWorkers) };
            return SlabPlan.Choose(all, Threads + others, Memory, slabSize);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>The slabs and workers of a run: with those of the run before this one, where that is possible, what it made can be gone on with.</summary>
    /// <param name="before">Padded slab size of the run before this one; null where there is none.</param>
    /// <inheritdoc cref="Slabs(in SlabDemand, long?, bool)"/>
    public SlabPlan SlabsOfRun(in SlabDemand demand, long? before, bool onDevice)
    {
        var plan = Slabs(demand, SlabSize ?? (before >= Math.Max(demand.LeastSlab, Target?.PartSize ?? 0) ? before : null), onDevice);
        Detail($"{plan.Threads} workers of which {Math.Min(plan.Threads, Threads)} hash at once, slabs of {plan.PaddedSize} padded bytes, SHA-256 by {Sha256Kernels.Current.Name}");
        return plan;
    }
}

/// <param name="AlreadyDone">OUT held this very dataset, complete; nothing was written.</param>
/// <param name="Times">What the workers' time went into.</param>
/// <param name="Kept">What is in pieces of an earlier version.</param>
internal sealed record PackResult(DatasetRecord Dataset, IReadOnlyList<PieceRecord> Pieces, IReadOnlyList<SkippedInput> Skipped, bool AlreadyDone, TimeSpan Elapsed, StageClock Times, DatasetTotals Kept);

/// <summary>The options make no sense, together or for this source: the command line is to be changed.</summary>
internal sealed class UsageException(string message) : Exception(message);
