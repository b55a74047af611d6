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
    public const long LeastPieceSize = 1L << 20;
    public const long LargestPieceSize = 64L << 30;

    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The folder to pack into; empty where only a plan is wanted.</summary>
    public required string Output { get; init; }

    public string? Name { get; init; }

    public UnixFsProfile Profile { get; init; } = UnixFsProfile.V1Of2025;

    /// <summary>Largest padded piece size: a power of two.</summary>
    public long PieceSize { get; init; } = DefaultPieceSize;

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

    /// <summary>Receives what a person should know while the work goes on.</summary>
    public Action<string> Warn { get; init; } = _ => { };

    /// <summary>Receives what only a person who asked for detail wants to know.</summary>
    public Action<string> Detail { get; init; } = _ => { };

    /// <summary>Makes the reader of a tree; replaced in tests.</summary>
    internal Func<SourceTree, ISourceReader>? Reader { get; init; }
}

/// <summary>A scanned source, laid out: what packing would give.</summary>
internal sealed record PackPlan(SourceTree Tree, PieceLayout Layout, DatasetRecord Dataset);

/// <param name="AlreadyDone">OUT held this very dataset, complete; nothing was written.</param>
/// <param name="Times">What the workers' time went into.</param>
internal sealed record PackResult(DatasetRecord Dataset, IReadOnlyList<PieceRecord> Pieces, IReadOnlyList<SkippedInput> Skipped, bool AlreadyDone, TimeSpan Elapsed, StageClock Times);

/// <summary>The options make no sense, together or for this source: the command line is to be changed.</summary>
internal sealed class UsageException(string message) : Exception(message);
