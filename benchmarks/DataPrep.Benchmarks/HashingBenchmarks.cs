using BenchmarkDotNet.Attributes;
using DataPrep.Hashing;

namespace DataPrep.Benchmarks;

/// <summary>Every SHA-256 kernel that this machine can run, on one thread.</summary>
[MemoryDiagnoser]
public class HashingBenchmarks
{
    private const int Length = 16 << 20;
    private readonly byte[] payload = Payload.Bytes(Length);
    private readonly byte[] digests = new byte[Length / 2];
    private readonly Message[] leaves = Messages(1 << 20);
    private readonly Message[] small = Messages(1 << 10);
    private Sha256Kernel kernel = Sha256Kernels.All[^1];

    [ParamsSource(nameof(Kernels))]
    public string Kernel { get; set; } = "";

    public static IEnumerable<string> Kernels => Sha256Kernels.All.Where(known => known.IsSupported).Select(known => known.Name);

    [GlobalSetup]
    public void Setup() => kernel = Sha256Kernels.Resolve(Kernel);

    /// <summary>16 messages of 1 MiB: the leaves of large files.</summary>
    [Benchmark, Bytes(Length)]
    public void Leaves() => kernel.HashMessages(payload, leaves, digests);

    /// <summary>16,384 messages of 1 KiB: small files.</summary>
    [Benchmark, Bytes(Length)]
    public void SmallMessages() => kernel.HashMessages(payload, small, digests);

    /// <summary>262,144 pairs of tree nodes.</summary>
    [Benchmark, Bytes(Length)]
    public void Pairs() => kernel.HashPairs(payload, digests);

    private static Message[] Messages(int length) =>
        [.. Enumerable.Range(0, Length / length).Select(i => new Message(i * length, length))];
}
