using System.Globalization;
using BenchmarkDotNet.Attributes;
using DataPrep.Source;

namespace DataPrep.Benchmarks;

/// <summary>The scan of 10,000 empty files in 100 folders, in the folder for temporary files.</summary>
[MemoryDiagnoser]
public class SourceBenchmarks
{
    private const int Folders = 100;
    private const int FilesInEach = 100;
    private readonly string root = Path.Join(Path.GetTempPath(), $"dataprep-scan-{Guid.NewGuid():N}");
    private readonly ScanOptions options = new();

    [GlobalSetup]
    public void Setup()
    {
        for (int folder = 0; folder < Folders; folder++)
        {
            string path = Path.Join(root, folder.ToString("D3", CultureInfo.InvariantCulture));
            _ = Directory.CreateDirectory(path);
            for (int file = 0; file < FilesInEach; file++)
                File.Create(Path.Join(path, string.Create(CultureInfo.InvariantCulture, $"file-{file:D4}.bin"))).Dispose();
        }
    }

    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(root, recursive: true);

    [Benchmark(OperationsPerInvoke = Folders * FilesInEach)]
    public int Scan() => LocalScanner.Scan([root], options, CancellationToken.None).Count;
}
