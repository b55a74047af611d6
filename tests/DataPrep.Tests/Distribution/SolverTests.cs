using DataPrep.Distribution.Policies;
using DataPrep.Distribution.Solving;
using DataPrep.Distribution.Tables;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Distribution;

public sealed class SolverTests
{
    private const long Unit = 128;

    /// <summary>A small case, by its seed.</summary>
    private sealed record Case(IReadOnlyList<StorageProvider> Providers, Policy Policy, long[] Sizes)
    {
        public static Case Of(int seed, bool isMixed)
        {
            var random = new Random(seed);
            int providers = random.Next(1, 6), organisations = random.Next(1, 6), regions = random.Next(1, 4);
            var list = new List<StorageProvider>();
            for (int i = 0; i < providers; i++)
            {
                list.Add(new StorageProvider($"f0{i}")
                {
                    Organisation = random.Next(8) == 0 ? null : $"o{random.Next(organisations)}",
                    Region = random.Next(8) == 0 ? null : $"r{random.Next(regions)}",
                    Site = random.Next(4) == 0 ? null : $"s{random.Next(3)}",
                    Capacity = random.Next(3) == 0 ? random.Next(7) * Unit : null,
                    Weight = random.Next(1, 5) * 1000,
                });
            }

            int replicas = random.Next(1, 4);
            var policy = new Policy
            {
                Replicas = replicas,
                OnePerOrganisation = random.Next(3) > 0,
                MinRegionsPerPiece = random.Next(Math.Min(replicas, 3) + 1),
                MinProviders = random.Next(2) == 0 ? 0 : random.Next(5),
                MinRegions = random.Next(2) == 0 ? 0 : random.Next(4),
                MinSites = random.Next(2) == 0 ? 0 : random.Next(4),
                MaxProviderShare = random.Next(2) == 0 ? 100 : random.Next(20, 101),
            };
            return new Case(list, policy, [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => isMixed ? Unit << random.Next(3) : Unit)]);
        }

        public (PieceGroups Pieces, ReplicaSolution Solution) Solve()
        {
            var pieces = new PieceGroups();
            foreach (long size in Sizes)
                pieces.Add(size);
            return (pieces, new ReplicaSolver(new Fleet(Providers, Policy), Policy, pieces).Solve());
        }

        /// <summary>Goes through all sets of providers for each piece.</summary>
        public bool IsFeasible()
        {
            var sets = Enumerable.Range(0, 1 << Providers.Count).Select(bits => Enumerable.Range(0, Providers.Count).Where(i => (bits >> i & 1) == 1).ToArray()).Where(IsSet).ToList();
            return Try(0, []);

            bool Try(int piece, List<int[]> chosen)
            {
                if (piece == Sizes.Length)
                    return IsPlan(chosen);
                foreach (int[] set in sets)
                {
                    chosen.Add(set);
                    if (Try(piece + 1, chosen))
                        return true;
                    chosen.RemoveAt(piece);
                }

                return false;
            }
        }

        private bool IsSet(int[] providers) =>
            providers.Length == Policy.Replicas && providers.Distinct().Count() == providers.Length
            && (!Policy.OnePerOrganisation || providers.Select(i => Providers[i].Organisation ?? $"#{i}").Distinct().Count() == providers.Length)
            && Regions(providers) >= Policy.MinRegionsPerPiece;

        public bool IsPlan(IReadOnlyList<int[]> sets)
        {
            int[] used = [.. sets.SelectMany(set => set).Distinct()];
            long total = Sizes.Sum() * Policy.Replicas;
            return sets.All(IsSet) && used.Length >= Policy.MinProviders && Regions(used) >= Policy.MinRegions
                && used.Where(i => Providers[i].Site is not null).Select(i => (Providers[i].Region, Providers[i].Site)).Distinct().Count() >= Policy.MinSites
                && used.All(i => Load(sets, i) <= (Providers[i].Capacity ?? long.MaxValue) && 100 * Load(sets, i) <= Policy.MaxProviderShare * total);
        }

        public long Load(IReadOnlyList<int[]> sets, int provider) => sets.Zip(Sizes).Where(pair => pair.First.Contains(provider)).Sum(pair => pair.Second);

        private int Regions(int[] providers) => providers.Select(i => Providers[i].Region).Where(region => region is not null).Distinct().Count();
    }

    /// <summary>Other cases each time; a failure names the seed of its case.</summary>
    private static void ForAll(int cases, Action<int> check) =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), check).Check(Config.QuickThrowOnFailure.WithMaxTest(cases));

    private static List<int[]> Sets(PieceGroups pieces) => [.. Enumerable.Range(0, pieces.Count).Select(pieces.ProvidersOf)];

    [Fact]
    public void PiecesOfOneSizeHaveAPlanExactlyWhereThereIsOne()
    {
        int feasible = 0;
        ForAll(10_000, seed =>
        {
            var it = Case.Of(seed, isMixed: false);
            var (pieces, solution) = it.Solve();
            bool expected = it.IsFeasible();
            feasible += expected ? 1 : 0;
            Assert.True(expected == (solution.Conflicts.Count == 0), $"seed {seed}: expected {expected}; {string.Join("; ", solution.Conflicts)}");
            Assert.True(solution.IsExact && (!expected || it.IsPlan(Sets(pieces))), $"seed {seed}");
        });

        Assert.InRange(feasible, 1500, 8500);
    }

    [Fact]
    public void PiecesOfSeveralSizesKeepAllRules()
    {
        int proven = 0, found = 0, missed = 0;
        ForAll(3_000, seed =>
        {
            var it = Case.Of(seed, isMixed: true);
            var (pieces, solution) = it.Solve();
            if (solution.Conflicts.Count == 0)
            {
                found++;
                Assert.True(it.IsPlan(Sets(pieces)), $"seed {seed}");
            }
            else if (solution.Conflicts.Any(conflict => conflict.Code != "unproven"))
            {
                proven++;
                Assert.False(it.IsFeasible(), $"seed {seed}: {string.Join("; ", solution.Conflicts)}");
            }
            else
            {
                missed += it.IsFeasible() ? 1 : 0;
            }
        });

        Assert.True(proven > 300 && found > 300 && missed < found / 50, $"{proven} {found} {missed}");
    }

    [Fact]
    public void ReplicasAreAsNearToTheWeightsAsCanBe()
    {
        // By brute force over all numbers of replicas: the least sum of squares over weight.
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            long[] weights = [.. Enumerable.Range(0, 4).Select(_ => (long)random.Next(1, 6))];
            long?[] capacities = [.. Enumerable.Range(0, 4).Select(_ => random.Next(2) == 0 ? (long?)random.Next(8) : null)];
            var providers = weights.Select((weight, i) => new StorageProvider($"f0{i}") { Weight = weight * 1000, Capacity = capacities[i] * Unit }).ToList();
            int count = random.Next(1, 9);
            var it = new Case(providers, new Policy { Replicas = 2 }, [.. Enumerable.Repeat(Unit, count)]);
            var (pieces, solution) = it.Solve();
            decimal? best = null;
            for (int code = 0; code < 9 * 9 * 9 * 9; code++)
            {
                int[] counts = [code % 9, code / 9 % 9, code / 81 % 9, code / 729];
                if (counts.Sum() == 2 * count && counts.All(n => n <= count) && Enumerable.Range(0, 4).All(i => counts[i] <= (capacities[i] ?? 9)))
                    best = Math.Min(best ?? decimal.MaxValue, Cost(counts));
            }

            Assert.Equal(best is not null, solution.Conflicts.Count == 0);
            if (best is not null)
                Assert.Equal(best.Value, Cost([.. Enumerable.Range(0, 4).Select(i => (int)(it.Load(Sets(pieces), i) / Unit))]), 6);

            decimal Cost(int[] counts) => counts.Select((n, i) => (decimal)n * n / weights[i]).Sum();
        }
    }

    [Fact]
    public void LargeCasesAreSpreadFromTheFirstPieceOn()
    {
        var providers = Enumerable.Range(0, 100).Select(i => new StorageProvider($"f0{1000 + i}") { Organisation = $"o{i % 60}", Region = $"r{i % 7}", Site = $"s{i % 40}", Weight = 1000 * (1 + (i % 4)) }).ToList();
        var policy = PolicyFile.Read(PolicyFile.FilPlus);
        var it = new Case(providers, policy, [.. Enumerable.Repeat(32L << 30, 20_000)]);
        var (pieces, solution) = it.Solve();
        Assert.Empty(solution.Conflicts);
        var sets = Sets(pieces);
        Assert.True(it.IsPlan(sets));
        var (again, _) = it.Solve();
        Assert.Equal(sets.SelectMany(set => set), Sets(again).SelectMany(set => set));
        for (int i = 0; i < providers.Count; i++)
        {
            // Each provider has of the first tenth about a tenth.
            int all = sets.Count(set => set.Contains(i)), early = sets.Take(2000).Count(set => set.Contains(i));
            Assert.InRange(early, (all / 10) - 20, (all / 10) + 20);
            Assert.Equal(100_000.0 * (1 + (i % 4)) / 250, all, 1.0);
        }
    }

    [Fact]
    public void WhatIsKeptStaysAndWhatIsAddedFollowsTheRules()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var it = Case.Of(seed, isMixed: seed % 2 == 1);
            var (pieces, solution) = it.Solve();
            if (solution.Conflicts.Count > 0)
                continue;
            var before = Sets(pieces);
            // A further piece, and a further provider.
            var more = new Case([.. it.Providers, new StorageProvider("f9") { Region = "r0" }], it.Policy, [.. it.Sizes, Unit]);
            var next = new PieceGroups();
            for (int i = 0; i < it.Sizes.Length; i++)
                next.Add(it.Sizes[i], before[i]);
            next.Add(Unit);
            var grown = new ReplicaSolver(new Fleet(more.Providers, more.Policy), more.Policy, next).Solve();
            if (grown.Conflicts.Count > 0)
                continue;
            var after = Sets(next);
            Assert.Equal(before.SelectMany(set => set), after.Take(before.Count).SelectMany(set => set));
            Assert.True(more.IsPlan(after), $"seed {seed}");
        }
    }

    [Fact]
    public void MissingReplicasAreAddedToWhatIsKept()
    {
        var providers = Enumerable.Range(0, 6).Select(i => new StorageProvider($"f0{i}") { Organisation = $"o{i}", Region = $"r{i % 3}" }).ToList();
        var policy = new Policy { Replicas = 4, MinRegionsPerPiece = 3 };
        var pieces = new PieceGroups();
        for (int i = 0; i < 30; i++)
            pieces.Add(Unit, i % 3, 3 + (i % 3));
        Assert.Empty(new ReplicaSolver(new Fleet(providers, policy), policy, pieces).Solve().Conflicts);
        var it = new Case(providers, policy, [.. Enumerable.Repeat(Unit, 30)]);
        Assert.True(it.IsPlan(Sets(pieces)));
        for (int i = 0; i < 30; i++)
            Assert.True(Sets(pieces)[i].Contains(i % 3) && Sets(pieces)[i].Contains(3 + (i % 3)));
    }

    [Theory]
    [InlineData(5, 4, null, 100, "replicas 5 need 5 organisations, there are 4")]
    [InlineData(7, 7, null, 100, "replicas 7 need 7 providers, there are 6")]
    [InlineData(3, 6, null, 15, "at least 7 are needed")]
    [InlineData(3, 6, 4, 100, "768B are missing. What binds: the capacity of f00, f01, f02, f03, f04, f05, where there is room for 3KiB")]
    public void WhatBindsIsNamed(int replicas, int organisations, int? capacity, int share, string message)
    {
        var providers = Enumerable.Range(0, 6).Select(i => new StorageProvider($"f0{i}") { Organisation = $"o{i % organisations}", Capacity = capacity * Unit }).ToList();
        var it = new Case(providers, new Policy { Replicas = replicas, MaxProviderShare = share }, [.. Enumerable.Repeat(Unit, 10)]);
        Assert.Contains(it.Solve().Solution.Conflicts, conflict => conflict.Message.Contains(message, StringComparison.Ordinal));
    }
}
