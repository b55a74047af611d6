using DataPrep.Packing;

namespace DataPrep.Hosting;

/// <summary>How datasets are packed in the background. Sizes are in bytes.</summary>
public sealed class DataPrepOptions
{
    /// <summary>How many datasets are packed at the same time. One takes all cores; more are of use where a source is slow.</summary>
    public int Workers { get; set; } = 1;

    /// <summary>Most jobs that wait; to enqueue a further one takes until there is room.</summary>
    public int QueueLength { get; set; } = 100;

    /// <summary>How many jobs that have ended are kept to be looked at; the oldest go first.</summary>
    public int JobsKept { get; set; } = 100;

    /// <summary>How often a job is tried. A source that is away is waited for without end: that takes no try.</summary>
    public int MostTries { get; set; } = 5;

    /// <summary>How long a job that has failed waits before it is tried again; twice as long each time.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest such wait.</summary>
    public TimeSpan LongestRetryDelay { get; set; } = TimeSpan.FromHours(1);

    /// <summary>A folder whose sub-folders are packed; off where it names none.</summary>
    public WatchOptions Watch { get; set; } = new();
}

/// <summary>
/// A folder whose direct sub-folders are datasets, each packed once it is complete. It is looked at from time to time, not listened to: network file systems
/// tell of no changes. What is packed is never looked at again; a new version of it goes in a folder with another name.
/// </summary>
public sealed class WatchOptions
{
    /// <summary>The folder; null to watch none. Sub-folders whose names begin with a dot are left alone.</summary>
    public string? Folder { get; set; }

    /// <summary>Where each is packed to, in a folder of its name. Not within <see cref="Folder"/>.</summary>
    public string? Output { get; set; }

    /// <summary>How often the folder is looked at.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a sub-folder has to stay as it is, by number, sizes and times of all in it, until it is taken to be complete; null where only <see cref="Marker"/> says so.</summary>
    public TimeSpan? Quiet { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Name of a file in a sub-folder, such as <c>.ready</c>, that says that it is complete; null for none. It is not packed.</summary>
    public string? Marker { get; set; }

    /// <summary>Largest padded piece size: a power of two.</summary>
    public long PieceSize { get; set; } = PackOptions.DefaultPieceSize;

    /// <summary>How many threads hash; null for all cores.</summary>
    public int? Threads { get; set; }

    /// <summary>Most memory to use; null for the default.</summary>
    public long? Memory { get; set; }

    /// <summary>Most bytes to read in a second; null for no limit.</summary>
    public long? MaxRate { get; set; }

    /// <summary>Changes what is made of all this for a sub-folder: for the options that are not named here.</summary>
    public Func<PackOptions, PackOptions>? Configure { get; set; }
}
