using BenchmarkDotNet.Attributes;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Benchmarks;

/// <summary>The layout of 100,000 files, and the cutting of them into a dozen pieces: in folders of one block each, or in one folder that is sharded.</summary>
[MemoryDiagnoser]
public class PlanningBenchmarks
{
    private const int Files = 100_000;
    private SourceTree tree = new();

    [Params(1, 100)]
    public int Folders { get; set; }

    // One file in 64 has several leaves
    [GlobalSetup]
    public void Setup() => tree = MadeTree.Folders(Folders, Files / Folders, number => number % 64 == 0 ? 3_000_000 + number : number % 60_000);

    [Benchmark(OperationsPerInvoke = Files)]
    public long Create() => PieceLayout.Create(tree, UnixFsProfile.V1Of2025).CarSize;

    [Benchmark(OperationsPerInvoke = Files)]
    public int Cut() => PieceCutter.Cut(tree, UnixFsProfile.V1Of2025, new CutOptions { Capacity = 640 << 20 }).Count;
}
