using System.Globalization;
using BenchmarkDotNet.Attributes;
using DataPrep.Distribution.Policies;
using DataPrep.Distribution.Solving;
using DataPrep.Distribution.Tables;

namespace DataPrep.Benchmarks;

/// <summary>Four replicas of 10,000 pieces over 20 providers of 10 organisations in 4 regions.</summary>
[MemoryDiagnoser]
public class DistributionBenchmarks
{
    private const int Pieces = 10_000;
    private readonly Policy policy = new() { Replicas = 4, OnePerOrganisation = true, MinRegionsPerPiece = 2 };
    private readonly StorageProvider[] providers =
    [
        .. Enumerable.Range(0, 20).Select(i => new StorageProvider(string.Create(CultureInfo.InvariantCulture, $"f0{1000 + i}"))
        {
            Organisation = string.Create(CultureInfo.InvariantCulture, $"o{i / 2}"),
            Region = string.Create(CultureInfo.InvariantCulture, $"r{i % 4}"),
            Weight = 1000 * (1 + (i % 3)),
        }),
    ];

    /// <summary>All pieces of one size, which has an exact answer.</summary>
    [Benchmark(OperationsPerInvoke = Pieces)]
    public long OneSize() => Solve(_ => 32L << 30);

    /// <summary>One in ten is smaller.</summary>
    [Benchmark(OperationsPerInvoke = Pieces)]
    public long TwoSizes() => Solve(piece => piece % 10 == 0 ? 16L << 30 : 32L << 30);

    private long Solve(Func<int, long> sizeOf)
    {
        var pieces = new PieceGroups();
        for (int i = 0; i < Pieces; i++)
            pieces.Add(sizeOf(i));
        var solver = new ReplicaSolver(new Fleet(providers, policy), policy, pieces);
        return solver.Solve().Conflicts.Count == 0 ? solver.Total : throw new InvalidOperationException("there is a plan, but none was found");
    }
}
