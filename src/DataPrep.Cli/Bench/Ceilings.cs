namespace DataPrep.Cli.Bench;

/// <summary>What the parts of a machine can do, bytes a second, as far as they were measured.</summary>
/// <param name="Threads">All that were used.</param>
/// <param name="Compute">Leaves and commitment with all threads, content in memory, no output.</param>
internal sealed record Ceilings(int Threads, double Compute)
{
    /// <summary>The same with one thread.</summary>
    public double? ComputeOne { get; init; }

    /// <summary>Leaves and commitment with all threads on data that their caches hold.</summary>
    public double? Hash { get; init; }

    /// <summary>The same with one thread.</summary>
    public double? HashOne { get; init; }

    /// <summary>Memory copied, all threads.</summary>
    public double? Copy { get; init; }

    /// <summary>The folder that was read from and written to; null where none was.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether the folder is in memory: then it says nothing of a disk.</summary>
    public bool InMemory { get; init; }

    /// <summary>Whether reads came from the device.</summary>
    public bool IsCold { get; init; }

    /// <summary>Sequential read of a large file.</summary>
    public double? Read { get; init; }

    /// <summary>Sequential durable write of a large file.</summary>
    public double? Write { get; init; }

    /// <summary>All of it: files read, packed, written durably, in the one folder.</summary>
    public double? Pack { get; init; }

    /// <summary>Small files that are packed in a second, from the folder and into it.</summary>
    public double? SmallFiles { get; init; }

    /// <summary>The same from memory into nothing.</summary>
    public double? SmallInMemory { get; init; }

    /// <summary>Bytes of such a file.</summary>
    public const double SmallFileSize = 1000;

    /// <summary>
    /// What is left of the rate when memory is used too, all threads beside one: 1 where memory holds nobody up. Null where it was not measured.
    /// </summary>
    public double? MemoryLoss => Threads > 1 && ComputeOne is { } one && Hash is { } hash && HashOne is { } hashOne ? Compute / hash / (one / hashOne) : null;

    /// <summary>The SHA-256 kernel in use; null where it was not measured.</summary>
    public KernelRate? Kernel { get; init; }

    /// <summary>The fastest of all.</summary>
    public KernelRate? BestKernel { get; init; }

    /// <summary>One that is clearly faster than the one in use.</summary>
    public KernelRate? FasterKernel => Kernel is { } used && BestKernel is { } best && best.Rate > used.Rate * 1.1 ? best : null;

    /// <param name="kernel">The one in use.</param>
    public static Ceilings Of(IReadOnlyList<BenchResult> results, int threads, string kernel)
    {
        const string Together = "/leaves+commp";
        var kernels = results.Where(result => result.Name.EndsWith(Together, StringComparison.Ordinal)).Select(result => new KernelRate(result.Name[..^Together.Length], result.BytesPerSecond)).ToList();
        double? Rate(string name, int count) => results.FirstOrDefault(result => result.Name == name && result.Threads == count)?.BytesPerSecond;
        double? Best(params string[] names) => results.Where(result => names.Contains(result.Name)).Select(result => (double?)result.BytesPerSecond).Max();
        double? Files(string name) => results.FirstOrDefault(result => result.Name == name)?.FilesPerSecond;
        double? Both(int count) => Rate("leaves", count) is { } leaves && Rate("commp", count) is { } commp ? 1 / ((1 / leaves) + (1 / commp)) : null;
        return new Ceilings(threads, Rate("pipeline/memory", threads) ?? 0)
        {
            ComputeOne = Rate("pipeline/memory", 1),
            Hash = Both(threads),
            HashOne = Both(1),
            Copy = Rate("memory/copy", threads),
            Read = Best("disk/read", "disk/read-direct"),
            Write = Best("disk/write", "disk/write-direct"),
            Pack = Best("pack"),
            SmallFiles = Files("small/1kB/files"),
            SmallInMemory = Files("small/1kB/memory"),
            Kernel = kernels.Find(each => each.Name == kernel),
            BestKernel = kernels.MaxBy(each => each.Rate),
        };
    }
}

/// <summary>Leaves and commitment by one SHA-256 kernel and one thread, bytes a second.</summary>
internal sealed record KernelRate(string Name, double Rate);
