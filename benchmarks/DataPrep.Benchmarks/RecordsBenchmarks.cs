using System.Globalization;
using BenchmarkDotNet.Attributes;
using DataPrep.Records;

namespace DataPrep.Benchmarks;

/// <summary>Lines of <c>files.jsonl</c>, of files of one part.</summary>
[MemoryDiagnoser]
public class RecordsBenchmarks
{
    private const int Lines = 10_000;
    private const string Cid = "bafkreihzludlaret32uu24g36j6zrginprpejm5fuhfjycf5yylfnkg6q4";
    private const string PieceCid = "baga6ea4seaqb2a22i3m4n2wpgt53agroyv57axxzep76drahn23uolhzod5scha";
    private readonly FileRecord[] records = [.. Enumerable.Range(0, Lines).Select(Record)];
    private readonly string path = Path.Join(Path.GetTempPath(), $"dataprep-records-{Guid.NewGuid():N}.jsonl");

    [GlobalSetup]
    public void Setup()
    {
        using var file = File.Create(path);
        RecordFile.WriteLines(file, records, RecordJson.Default.FileRecord);
    }

    [GlobalCleanup]
    public void Cleanup() => File.Delete(path);

    [Benchmark(OperationsPerInvoke = Lines)]
    public void WriteLines() => RecordFile.WriteLines(Stream.Null, records, RecordJson.Default.FileRecord);

    [Benchmark(OperationsPerInvoke = Lines)]
    public long ReadLines()
    {
        long size = 0;
        foreach (var (record, _) in RecordFile.ReadLines(path, RecordJson.Default.FileRecord))
            size += record.Size;
        return size;
    }

    private static FileRecord Record(int number) => new()
    {
        Path = string.Create(CultureInfo.InvariantCulture, $"folder-{number / 1000:D3}/file-{number:D6}.bin"),
        Type = "file",
        Size = 50_000,
        Mode = 0x1a4,
        Mtime = TimeText.Format(1_700_000_000 + number, number),
        Cid = Cid,
        Parts = [new FilePart(PieceCid, 0, 50_000, 59 + (number * 50_039L))],
    };
}
