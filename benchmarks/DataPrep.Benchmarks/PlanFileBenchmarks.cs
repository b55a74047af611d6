using BenchmarkDotNet.Attributes;
using DataPrep.Planning;
using DataPrep.Source;

namespace DataPrep.Benchmarks;

/// <summary>Plans of a million files in 1000 folders, written durably to the temporary folder and read from there.</summary>
[MemoryDiagnoser]
public class PlanFileBenchmarks
{
    private const int Files = 1_000_000;
    private readonly string folder = Directory.CreateTempSubdirectory("dataprep-plans-").FullName;
    private PlanContent plan = new([], new SourceTree(), []);
    private string path = "";

    [GlobalSetup]
    public void Setup()
    {
        plan = new PlanContent([], MadeTree.Folders(1000, Files / 1000, number => number % 60_000), []);
        path = PlanFile.Write(folder, plan);
    }

    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [Benchmark(OperationsPerInvoke = Files)]
    public string Write() => PlanFile.Write(folder, plan);

    [Benchmark(OperationsPerInvoke = Files)]
    public int Read() => PlanFile.Read(path).Tree.Count;
}
