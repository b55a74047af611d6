using BenchmarkDotNet.Attributes;
using DataPrep.Packing;
using DataPrep.Verification;

namespace DataPrep.Benchmarks;

/// <summary>A piece of 33 MB in the page cache, verified whole and by samples; and the size of a sample.</summary>
[MemoryDiagnoser]
public class VerificationBenchmarks : IDisposable
{
    private const int Samples = 8;
    private readonly long[] strata = [.. Enumerable.Repeat(32L << 10, 1000)];
    private PackedFolder? packed;

    [GlobalSetup]
    public void Setup() => packed = new PackedFolder();

    [GlobalCleanup]
    public void Dispose()
    {
        packed?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Framing, blocks, links and commitment, on one thread.</summary>
    [Benchmark, Bytes(PackedFolder.LargeSize + (PackedFolder.SmallFiles * PackedFolder.SmallSize))]
    public int WholeCar()
    {
        var log = new FindingLog(_ => { });
        new CarSetVerifier(log, 1, new PackCounters(), CancellationToken.None).Verify([packed!.Car], _ => { });
        return log.Errors == 0 ? 0 : throw new InvalidOperationException("the piece is damaged");
    }

    /// <summary>One sample: a segment with its proof, and a block in it. Opening the dataset is divided among eight.</summary>
    [Benchmark(OperationsPerInvoke = Samples)]
    public long OneSample()
    {
        var options = new SampleOptions { Folder = packed!.Output, Samples = Samples, Seed = "1" };
        return new SampleVerifier(new FindingLog(_ => { }), options, 1, new PackCounters(), CancellationToken.None).Verify()!.Bytes;
    }

    /// <summary>How many of 32,768,000 segments in 1,000 pieces find a hundredth that is damaged, with 99 %.</summary>
    [Benchmark]
    public long SampleSize() => SamplePlan.ToDetect(strata, 0.01m, 0.99m).Count;
}
