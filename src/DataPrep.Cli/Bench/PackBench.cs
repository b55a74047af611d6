using System.Diagnostics;
using DataPrep.Packing;
using DataPrep.Source;

namespace DataPrep.Cli.Bench;

/// <summary>Times packing as users meet it, with a folder to read from and to write to: each half alone, and both together.</summary>
/// <param name="disk">What made the large file.</param>
/// <param name="data">What stands for its content where it is not read.</param>
internal sealed class PackBench(BenchFolder folder, DiskBench disk, byte[] data, int threads, CancellationToken cancel)
{
    public IReadOnlyList<Probe> Probes() =>
    [
        new Probe("pipeline/files", threads, Files) { Note = () => $"{disk.Note}, no output" },
        new Probe("pipeline/write", threads, () => Pack(disk.File, _ => new MemoryReader(data))) { Note = () => folder.IsMemory ? "from memory, pieces into memory" : "from memory, pieces durable" },
        new Probe("pack", threads, Whole) { Note = () => folder.IsMemory ? "memory-backed, both ways" : $"{disk.Note}, pieces durable" },
    ];

    /// <summary>Packs many small files that were just written, records included.</summary>
    public Probe Small(SmallFiles files) => new($"{files.Name}/files", threads, () => Pack(files.Write(), null) with { Items = files.Written })
    {
        Counts = Items.Files,
        Note = () => $"{BenchText.Count(files.Written)} files, from the page cache",
    };

    private Amount Files()
    {
        disk.Forget(disk.File);
        var tree = LocalScanner.Scan([disk.File], new ScanOptions(), cancel);
        using var reader = new LocalReader(tree);
        return PipelineBench.Pack(tree, reader, threads, cancel, folder.IsMemory ? 0 : Math.Clamp(threads / 2, 2, 8));
    }

    private Amount Whole()
    {
        disk.Forget(disk.File);
        return Pack(disk.File, null);
    }

    private Amount Pack(string source, Func<SourceTree, ISourceReader>? reader)
    {
        string output = folder.At("out");
        var clock = Stopwatch.StartNew();
        var result = new DatasetPacker(new PackOptions { Sources = [source], Output = output, Threads = threads, Reader = reader }, new PackCounters(), cancel).Run();
        double seconds = clock.Elapsed.TotalSeconds;
        Directory.Delete(output, recursive: true);
        return new Amount(result.Dataset.Bytes, seconds);
    }
}
