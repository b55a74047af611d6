using BenchmarkDotNet.Attributes;
using DataPrep.Hashing;
using DataPrep.Unixfs;

namespace DataPrep.Benchmarks;

/// <summary>Blocks of files and folders from known digests; hashing of the blocks is left out.</summary>
[MemoryDiagnoser]
public class UnixfsBenchmarks
{
    private const int LeafCount = 64 << 10;
    private const int SmallFolder = 1000;
    private const int LargeFolder = 100_000;
    private static readonly DigestTable Leaves = new(LeafCount);
    private readonly UnixFsProfile profile = UnixFsProfile.V1Of2025;
    private readonly DiscardingBlockSink sink = new();
    private readonly byte[] digest = new byte[32];
    private readonly DirectoryNode directory = new(UnixFsProfile.V1Of2025);
    private readonly MadeLinks small = new(SmallFolder, UnixFsProfile.V1Of2025);
    private readonly MadeLinks large = new(LargeFolder, UnixFsProfile.V1Of2025);

    /// <summary>All inner nodes of a file of 64 GiB: 65,536 leaves.</summary>
    [Benchmark(OperationsPerInvoke = LeafCount)]
    public void BalancedFileEmit() =>
        new BalancedFile(profile, (long)LeafCount * profile.ChunkSize, default).Emit(Leaves, 0, sink, digest);

    /// <summary>A folder of 1000 files: one block.</summary>
    [Benchmark(OperationsPerInvoke = SmallFolder)]
    public void DirectoryEmit() => directory.Emit(small, default, sink, digest);

    /// <summary>Sizes alone of a folder of 100,000 files, which is sharded.</summary>
    [Benchmark(OperationsPerInvoke = LargeFolder)]
    public long HamtMeasure() => directory.Measure(large, default).DagSize;

    /// <summary>All shards of that folder.</summary>
    [Benchmark(OperationsPerInvoke = LargeFolder)]
    public void HamtEmit() => directory.Emit(large, default, sink, digest);
}
