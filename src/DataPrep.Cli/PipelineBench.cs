using System.Diagnostics;
using System.Security.Cryptography;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Cli;

/// <summary>
/// Times the whole engine, leaves and commitment, without an output: over bytes in memory, and over files where some are
/// given. In turn with the reference, .NET's SHA-256 of one stream of 16 KiB blocks; medians of all rounds.
/// </summary>
internal sealed class PipelineBench(int threads, int rounds, CancellationToken cancel)
{
    private const long MemorySize = 1L << 30;
    private const int DataSize = 64 << 20;
    private readonly byte[] data = RandomNumberGenerator.GetBytes(DataSize);
    private readonly byte[] digest = new byte[32];

    /// <summary>Bytes a second of the reference.</summary>
    public double Reference { get; private set; }

    /// <param name="sources">Files and folders to read; none for memory alone.</param>
    public IReadOnlyList<(BenchResult Result, int Threads)> Run(IReadOnlyList<string> sources)
    {
        var memory = MemoryFile();
        var work = new List<(string Name, int Threads, Func<double> Rate)>
        {
            ("reference", 1, Blocks),
            ("pipeline/memory", 1, () => Pack(memory, new MemoryReader(data), 1, cancel)),
        };
        if (threads > 1)
            work.Add(("pipeline/memory", threads, () => Pack(memory, new MemoryReader(data), threads, cancel)));
        if (sources.Count > 0)
        {
            var tree = LocalScanner.Scan(sources, new ScanOptions(), cancel);
            work.Add(("pipeline/files", threads, () => Pack(tree, new LocalReader(tree), threads, cancel)));
        }

        var rates = work.ConvertAll(_ => new List<double>());
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < work.Count; i++)
                rates[i].Add(work[i].Rate());
        }

        Reference = Median(rates[0]);
        return [.. work.Select((w, i) => (new BenchResult(w.Name, Median(rates[i]), Median(rates[i]) / Reference), w.Threads)).Skip(1)];
    }

    /// <summary>Packs bytes in memory into nothing, once.</summary>
    /// <returns>Bytes a second.</returns>
    public static double OfMemory(int threads, CancellationToken cancel) =>
        Pack(MemoryFile(), new MemoryReader(RandomNumberGenerator.GetBytes(DataSize)), threads, cancel);

    private static SourceTree MemoryFile()
    {
        var tree = new SourceTree();
        tree.Add(EntryKind.File, "file"u8, [], new FileStamp { Mode = Posix.S_IFREG, Size = MemorySize }, -1, "/"u8.ToArray());
        return tree;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }

    private double Blocks()
    {
        const int Block = 16 << 10;
        long start = Stopwatch.GetTimestamp();
        for (int at = 0; at < data.Length; at += Block)
            _ = SHA256.HashData(data.AsSpan(at, Block), digest);
        return data.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Packs a tree into nothing.</summary>
    /// <returns>Bytes of content a second.</returns>
    public static double Pack(SourceTree tree, ISourceReader reader, int workers, CancellationToken cancel)
    {
        var layout = PieceLayout.Create(tree, UnixFsProfile.V1Of2025);
        var plan = SlabPlan.Choose(layout, workers, null, null);
        using var engine = new SlabEngine(plan, cancel);
        long start = Stopwatch.GetTimestamp();
        engine.Run([new PieceJob(layout, plan, reader, new NoSink(), new PackCounters())], piece => piece.Dispose());
        return layout.ContentSize / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
