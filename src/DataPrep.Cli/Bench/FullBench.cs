using System.Diagnostics;
using DataPrep.Hashing;

namespace DataPrep.Cli.Bench;

/// <summary>What is to be measured.</summary>
/// <param name="Folder">On the disk to measure; null for none.</param>
/// <param name="Size">Most bytes of the large file there.</param>
internal sealed record BenchSettings(string? Folder, int Threads, bool IsQuick, long Size)
{
    public const long UsualSize = 1L << 30, QuickSize = 256L << 20, LeastSize = 16L << 20;
}

/// <summary>A part that was left out.</summary>
internal sealed record SkippedPart(string Name, string Reason);

/// <summary>All that a run found out.</summary>
/// <param name="FileSystem">Kind of the folder's file system; null where there is no folder.</param>
/// <param name="Device">What is mounted there.</param>
internal sealed record BenchRun(IReadOnlyList<BenchResult> Results, IReadOnlyList<SkippedPart> Skipped, Quietness Quiet, double Seconds, string? FileSystem, string? Device, Ceilings Ceilings, Advice Advice)
{
    public BenchResult Reference => Results[0];
}

/// <summary>Measures all parts of the machine one after the other, each within its share of the time.</summary>
/// <param name="step">Told what comes next.</param>
internal sealed class FullBench(BenchSettings settings, Action<string> step, CancellationToken cancel)
{
    private const string Disk = "disk";
    private readonly Reference reference = new();
    private readonly List<BenchResult> results = [];
    private readonly List<SkippedPart> skipped = [];
    private readonly double scale = settings.IsQuick ? 0.2 : 1;

    /// <exception cref="IOException">There is no such folder, or it cannot be written to.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left in the folder.</exception>
    public BenchRun Run()
    {
        using var folder = settings.Folder is { } path ? new BenchFolder(path) : null;
        var time = new CpuTime();
        var clock = Stopwatch.StartNew();
        var pipeline = new PipelineBench(cancel);
        step("SHA-256 kernels");
        Measure([.. new KernelBench().Probes(KernelBench.Usable).Where(probe => !probe.Name.EndsWith("/nodes", StringComparison.Ordinal))], Pace(2, 5, 5));
        step("hashing with several threads");
        Measure([.. Ends().SelectMany(threads => new HashBench(pipeline.Data, Slice(0.12), cancel).Probes(threads))], Pace(3, 7, 4));
        step("the pipeline in memory");
        Scaling(pipeline);
        Memory();
        step("small files in memory");
        SmallFiles[] small = [Small("small/1kB", 1000), Small("small/4kB", 4000)];
        Measure([.. small.Select(files => files.InMemory(settings.Threads))], Pace(3, 7, 3));
        bool isCold = folder is not null && OnDisk(folder, pipeline.Data, small);
        if (folder is null)
            skipped.Add(new SkippedPart(Disk, "no folder was named"));
        results.Insert(0, reference.Result);

        var ceilings = Ceilings.Of(results, settings.Threads, Sha256Kernels.Choice.Chosen.Name) with { Folder = results.Any(result => result.Name.StartsWith("disk/", StringComparison.Ordinal)) ? folder?.Parent : null, InMemory = folder?.IsMemory ?? false, IsCold = isCold };
        return new BenchRun(results, skipped, time.End(results[0].Spread), clock.Elapsed.TotalSeconds, folder?.FileSystem, folder?.Device, ceilings, Advice.Of(ceilings));

        SmallFiles Small(string name, int mean) => new(name, mean, settings.IsQuick ? 4000 : 20_000, folder, pipeline.Data, cancel);
    }

    /// <summary>Numbers of threads: 1, 2, 4 and so on, and all; every second of them where there are many.</summary>
    internal static IReadOnlyList<int> Steps(int threads)
    {
        var steps = new List<int>();
        for (long n = 1; n < threads; n *= threads > 32 ? 4 : 2)
            steps.Add((int)n);
        return [.. steps, threads];
    }

    private int[] Ends() => settings.Threads == 1 ? [1] : [1, settings.Threads];

    private double Slice(double seconds) => settings.IsQuick ? seconds / 3 : seconds;

    private Pace Pace(int least, int most, double budget) => new(settings.IsQuick ? Math.Min(2, least) : least, settings.IsQuick ? 3 : most, budget * scale);

    private void Measure(IReadOnlyList<Probe> probes, Pace pace) => results.AddRange(new InTurn(reference, cancel).Run(probes, pace));

    private void Scaling(PipelineBench pipeline)
    {
        // A first run says how much fills the time of one.
        var first = pipeline.Memory(settings.Threads, settings.Threads * (64L << 20)).Run();
        double perThread = first.Bytes / first.Seconds / settings.Threads;
        long Size(int threads) => Math.Max(threads * (32L << 20), (long)(perThread * threads * Slice(0.4)));
        var steps = Steps(settings.Threads);
        var found = new InTurn(reference, cancel).Run([.. steps.Select(threads => pipeline.Memory(threads, Size(threads)))], Pace(3, 7, 3.0 * steps.Count));
        double one = found[0].BytesPerSecond;
        results.AddRange(found.Select(result => result with { Efficiency = result.BytesPerSecond / one / result.Threads }));
    }

    private void Memory()
    {
        step("memory");
        if (MemoryBench.SizeFor(Machine.FreeMemory) is not { } size)
        {
            skipped.Add(new SkippedPart("memory", $"too little is free: {SizeText.Format(Machine.FreeMemory)}"));
            return;
        }

        using var memory = new MemoryBench(size, settings.Threads, Slice(0.1), cancel);
        Measure([.. Ends().SelectMany(memory.Probes)], Pace(3, 7, 3));
    }

    /// <returns>Whether reads came from the device.</returns>
    private bool OnDisk(BenchFolder folder, byte[] data, SmallFiles[] small)
    {
        // The file and a piece of it, or the piece that comes next.
        long size = Math.Min(settings.Size, folder.Room / 3) >> 22 << 22;
        if (size < BenchSettings.LeastSize)
        {
            skipped.Add(new SkippedPart(Disk, $"too little room in {folder.Parent}: {SizeText.Format(Math.Max(0, folder.Room))} may be used, {SizeText.Format(3 * BenchSettings.LeastSize)} are needed"));
            return false;
        }

        using var disk = new DiskBench(folder, size, Math.Max(1, (double)size / BenchSettings.UsualSize) * Slice(1), cancel);
        try
        {
            step($"writing to {folder.Parent}");
            Measure(disk.Writes(), Pace(2, 3, 8) with { WarmsUp = false });
            step($"reading from {folder.Parent}");
            Measure(disk.Reads(), Pace(2, 3, 8) with { WarmsUp = false });
            step($"packing from and to {folder.Parent}");
            var pack = new PackBench(folder, disk, data, settings.Threads, cancel);
            Measure(pack.Probes(), Pace(2, 3, 10) with { WarmsUp = false });
            step($"packing small files in {folder.Parent}");
            Measure([.. small.Select(pack.Small)], Pace(2, 3, 4) with { WarmsUp = false });
        }
        catch (IOException e)
        {
            skipped.Add(new SkippedPart(Disk, e.Message));
        }

        return disk.IsCold;
    }
}
