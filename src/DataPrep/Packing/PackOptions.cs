using DataPrep.Hashing;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;
using Microsoft.Extensions.Logging;

namespace DataPrep.Packing;

/// <summary>What to do with a file that changed between the scan and its last read.</summary>
public enum OnChange
{
    /// <summary>Take its new state, at most three times, then leave it out.</summary>
    Retry,

    /// <summary>Leave it out.</summary>
    Skip,

    /// <summary>End the run.</summary>
    Fail,
}

/// <summary>What to pack, where to, and how. What decides the output is said so; all else has no influence on it. Sizes are in bytes.</summary>
public sealed record PackOptions
{
    /// <summary>32 GiB, the sector size of most storage providers.</summary>
    public const long DefaultPieceSize = 32L << 30;

    /// <summary>1 MiB, the least that storage providers take.</summary>
    public const long SmallestPieceSize = 1L << 20;

    /// <summary>64 GiB, the largest sector.</summary>
    public const long LargestPieceSize = 64L << 30;

    /// <summary>
    /// Files and folders to pack. One folder becomes the root; one file is the root itself (see <see cref="Wrap"/>); several stand in one
    /// root folder. Empty where <see cref="Source"/> or <see cref="Input"/> is given.
    /// </summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>The folder to pack into, made where it is missing; empty where only an estimate is wanted.</summary>
    public required string Output { get; init; }

    /// <summary>Packed in place of local files; null where these are. Who made it disposes it.</summary>
    public ISource? Source { get; init; }

    /// <summary>Further folders that pieces are spread over, beside the first.</summary>
    public IReadOnlyList<string> MoreOutputs { get; init; } = [];

    /// <summary>Where pieces go that are not kept in folders; null where they are.</summary>
    internal IPieceTarget? Target { get; init; }

    /// <summary>Name of the dataset; null for that of the source. Of <see cref="Input"/> also that of its file.</summary>
    public string? Name { get; init; }

    /// <summary>The parameters that decide the CIDs.</summary>
    public UnixFsProfile Profile { get; init; } = UnixFsProfile.V1Of2025;

    /// <summary>Largest padded piece size: a power of two.</summary>
    public long PieceSize { get; init; } = DefaultPieceSize;

    /// <summary>Most bytes of a CAR, where that is less than fills a piece.</summary>
    public long? LargestCarSize { get; init; }

    /// <summary>Padded size that smaller pieces are filled up to, with zeros behind the CAR; 0 for none.</summary>
    public long LeastPieceSize { get; init; }

    /// <summary>Whether files that fit in a piece are not cut.</summary>
    public bool KeepFilesWhole { get; init; }

    /// <summary>Whether of data pieces no CAR is stored, but what it can be made from, together with the sources.</summary>
    public bool Inline { get; init; }

    /// <summary>Whether the SHA-256 of each CAR is recorded, for which it is read once more.</summary>
    public bool Sha256 { get; init; }

    /// <summary>Whether pieces are made about equally large.</summary>
    public bool Balance { get; init; }

    /// <summary>Most bytes of a CAR.</summary>
    internal long Capacity => Math.Min(Piece.PieceSize.Unpadded(PieceSize), LargestCarSize ?? long.MaxValue);

    /// <summary>Bytes that a CAR file is filled up to with zeros.</summary>
    internal long LeastCarSize => LeastPieceSize == 0 ? 0 : Piece.PieceSize.Unpadded(LeastPieceSize);

    internal CutOptions Cut => new() { Capacity = Capacity, KeepFilesWhole = KeepFilesWhole, Balance = Balance };

    internal ScanOptions Scan { get; init; } = new();

    /// <summary>Whether files and folders are taken whose names begin with a dot.</summary>
    public bool Hidden { get => Scan.Hidden; init => Scan = Scan with { Hidden = value }; }

    /// <summary>Whether empty folders are taken.</summary>
    public bool EmptyDirectories { get => Scan.EmptyDirectories; init => Scan = Scan with { EmptyDirectories = value }; }

    /// <summary>Whether symlinks are taken, as entries: they are never followed.</summary>
    public bool Symlinks { get => Scan.Symlinks; init => Scan = Scan with { Symlinks = value }; }

    /// <summary>Whether a single file is put in a folder.</summary>
    public bool Wrap { get => Scan.Wrap; init => Scan = Scan with { Wrap = value }; }

    /// <summary>Patterns in the syntax of gitignore: where there are any, only what matches one of them is taken.</summary>
    /// <exception cref="UsageException">One cannot match anything.</exception>
    public IReadOnlyList<string> Include { get => Selection.Texts(Scan.Selection?.Include); init => Scan = Scan with { Selection = Selection.Of(Patterns(value, mayTakeBack: false), Scan.Selection?.Exclude.Patterns ?? [], Scan.Selection) }; }

    /// <summary>Patterns of what is left out, which win over <see cref="Include"/>; the last that matches decides.</summary>
    /// <exception cref="UsageException">One cannot match anything.</exception>
    public IReadOnlyList<string> Exclude { get => Selection.Texts(Scan.Selection?.Exclude); init => Scan = Scan with { Selection = Selection.Of(Scan.Selection?.Include.Patterns ?? [], Patterns(value, mayTakeBack: true), Scan.Selection) }; }

    /// <summary>What to do with files that change while they are packed.</summary>
    public OnChange OnChange { get; init; } = OnChange.Retry;

    /// <summary>How many hash at the same time.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Most memory to use, in bytes; null for the default.</summary>
    public long? Memory { get; init; }

    /// <summary>Padded slab size; null to choose. Has no influence on the output.</summary>
    internal long? SlabSize { get; init; }

    internal InputIo InputIo { get; init; }

    internal OutputIo OutputIo { get; init; }

    /// <summary>Whether what was read leaves the page cache; null for datasets of more than half the memory.</summary>
    internal bool? DropBehind { get; init; }

    /// <summary>One thread reads at a time, a slab as a whole, as suits disks that seek.</summary>
    internal bool ReadInTurn { get; init; }

    /// <summary>Most bytes of the source to read in a second, of all threads together; null for no limit.</summary>
    public long? MaxRate { get; init; }

    /// <summary>A shell command that each finished piece is handed on to; null for none.</summary>
    public string? OnPiece { get; init; }

    /// <summary>A folder on another disk that each finished piece is moved to; null for none.</summary>
    public string? MoveTo { get; init; }

    /// <summary>Whether finished pieces are handed on, or moved.</summary>
    internal bool HandsOn => OnPiece is not null || MoveTo is not null;

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
    internal Action<string> Warn { get; init; } = _ => { };

    /// <summary>Receives what is good to know, and no cause for worry.</summary>
    internal Action<string> Note { get; init; } = _ => { };

    /// <summary>Receives what only a person who asked for detail wants to know.</summary>
    internal Action<string> Detail { get; init; } = _ => { };

    /// <summary>Receives what is decided of a file that is not what was scanned; without it, <see cref="Warn"/> does.</summary>
    internal Action<string> Changed { get => field ?? Warn; init; }

    /// <summary>Receives that a run goes on with what one before it has left; without it, <see cref="Note"/> does.</summary>
    internal Action<string> Resumed { get => field ?? Note; init; }

    /// <summary>Receives what was scanned and cut.</summary>
    internal Action<PackPlan> Planned { get; init; } = _ => { };

    /// <summary>Receives each piece that is finished and has its name, on any thread.</summary>
    internal Action<PieceRecord> Finished { get; init; } = _ => { };

    /// <summary>What is told how packing goes; null for nothing. Events have the numbers of <c>docs/operating.md</c>.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Opens a stream of any length that is packed as one file in place of <see cref="Sources"/>; null where there are sources. It is read once, from its start.</summary>
    public Func<Stream>? Input { get; init; }

    /// <summary>What is packed instead of local sources; null where these are. Whoever made it disposes it.</summary>
    internal IRemoteSource? Remote { get; init; }

    /// <summary>The sources as a plan names them.</summary>
    internal IReadOnlyList<string> SourceNames => Remote?.Names ?? [.. Sources.Select(Path.GetFullPath)];

    /// <summary>Makes the reader of a tree; replaced in tests.</summary>
    internal Func<SourceTree, ISourceReader>? Reader { get; init; }

    /// <summary>Opens a tree's files for reading.</summary>
    /// <param name="bytes">Content of all of them.</param>
    internal ISourceReader OpenReader(SourceTree tree, long bytes)
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

    private static List<IgnorePattern> Patterns(IReadOnlyList<string> texts, bool mayTakeBack) => texts.Select(text => new IgnorePattern(PathText.FromArgument(text)) switch
    {
        { Problem: { } problem } => throw new UsageException($"the pattern '{text}' cannot match anything: {problem}"),
        { IsNegated: true } when !mayTakeBack => throw new UsageException($"the pattern '{text}' takes a match back, which only patterns of what is left out can"),
        var pattern => pattern,
    }).ToList();

    /// <summary>The slabs and workers that do the work.</summary>
    /// <param name="slabSize">Padded slab size; null to choose.</param>
    /// <param name="onDevice">Whether workers wait for a device, so that more than those that hash are of use.</param>
    /// <exception cref="UsageException">They would take more memory than they may.</exception>
    internal SlabPlan Slabs(in SlabDemand demand, long? slabSize, bool onDevice)
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
    internal SlabPlan SlabsOfRun(in SlabDemand demand, long? before, bool onDevice)
    {
        var plan = Slabs(demand, SlabSize ?? (before >= Math.Max(demand.LeastSlab, Target?.PartSize ?? 0) ? before : null), onDevice);
        Detail($"{plan.Threads} workers of which {Math.Min(plan.Threads, Threads)} hash at once, slabs of {plan.PaddedSize} padded bytes, SHA-256 by {Sha256Kernels.Current.Name}");
        return plan;
    }
}

/// <summary>The options make no sense, together or for this source: they are to be changed. Messages name them as the command line does.</summary>
public sealed class UsageException(string message) : Exception(message);
