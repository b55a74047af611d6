using System.Diagnostics;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Cli.Bench;

/// <summary>Times the whole engine, leaves and commitment, without an output: over bytes in memory, and over files.</summary>
internal sealed class PipelineBench(CancellationToken cancel)
{
    private const int DataSize = 64 << 20;

    /// <summary>What stands for the content of files.</summary>
    public byte[] Data { get; } = TestData.Make(DataSize);

    /// <summary>Over content in memory.</summary>
    /// <param name="size">Bytes that one run packs.</param>
    public Probe Memory(int threads, long size)
    {
        var tree = MemoryFile(size);
        return new Probe("pipeline/memory", threads, () => Pack(tree, new MemoryReader(Data), threads, cancel));
    }

    /// <summary>Over files as they are, most likely from the page cache after the first time.</summary>
    public Probe Files(IReadOnlyList<string> sources, int threads)
    {
        var tree = LocalScanner.Scan(sources, new ScanOptions(), cancel);
        return new Probe("pipeline/files", threads, () => Pack(tree, new LocalReader(tree), threads, cancel));
    }

    /// <summary>Packs bytes in memory into nothing, once.</summary>
    /// <returns>Bytes a second.</returns>
    public static double OfMemory(int threads, CancellationToken cancel)
    {
        var amount = new PipelineBench(cancel).Memory(threads, 1L << 30).Run();
        return amount.Bytes / amount.Seconds;
    }

    /// <summary>A tree of one file.</summary>
    public static SourceTree MemoryFile(long size)
    {
        var tree = new SourceTree();
        tree.Add(EntryKind.File, "file"u8, [], new FileStamp { Mode = Posix.S_IFREG, Size = size }, -1, "/"u8.ToArray());
        return tree;
    }

    /// <summary>Packs a tree into nothing.</summary>
    /// <param name="workers">Threads that hash.</param>
    /// <param name="others">Further threads, which read while those hash.</param>
    public static Amount Pack(SourceTree tree, ISourceReader reader, int workers, CancellationToken cancel, int others = 0)
    {
        var layout = PieceLayout.Create(tree, UnixFsProfile.V1Of2025);
        var plan = SlabPlan.Choose(layout, workers + others, null, null);
        using var engine = new SlabEngine(plan, cancel, workers);
        long start = Stopwatch.GetTimestamp();
        engine.Run([new PieceJob(layout, plan, reader, new NoSink(), new PackCounters())], piece => piece.Dispose());
        return new Amount(layout.ContentSize, Stopwatch.GetElapsedTime(start).TotalSeconds, layout.FileCount);
    }
}
