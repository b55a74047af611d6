using DataPrep.Distribution.Policies;
using DataPrep.Records;

namespace DataPrep.Distribution.Solving;

/// <summary>What came of solving.</summary>
/// <param name="Conflicts">Why there is no plan; empty where there is one, and then the pieces have their replicas.</param>
/// <param name="IsExact">Whether pieces to be placed were all of one kind, so that the plan is the one that is nearest to the weights, or there is none at all.</param>
/// <param name="Excess">Most bytes that a provider has above what it would have if pieces could be divided; 0 where exact.</param>
internal sealed record ReplicaSolution(IReadOnlyList<Conflict> Conflicts, bool IsExact, long Excess);

/// <summary>
/// Gives pieces their replicas. Pieces of one size that nobody has yet are interchangeable: how many replicas each provider gets is a flow of least cost, by squares of
/// bytes over weight, and <see cref="ReplicaSets"/> makes pieces of it. Where there are several kinds, they follow each other, the larger first.
/// </summary>
internal sealed class ReplicaSolver
{
    // Far above what any plan costs, and one far above the other.
    private static readonly Int128 Reward = Int128.One << 98, Force = Int128.One << 110;

    private readonly Fleet fleet;
    private readonly Policy policy;
    private readonly PieceGroups pieces;
    private readonly List<GroupNeed> needs;
    private readonly long[] loads;
    private readonly long shareLimit;

    public ReplicaSolver(Fleet fleet, Policy policy, PieceGroups pieces)
    {
        (this.fleet, this.policy, this.pieces) = (fleet, policy, pieces);
        needs = [.. pieces.Alike().Select(group => new GroupNeed(fleet, policy, group))];
        loads = pieces.Loads(fleet.Count);
        Total = needs.Sum(need => need.Bytes) + loads.Sum();
        shareLimit = (long)Math.Floor(Total * (policy.MaxProviderShare / 100));
    }

    /// <summary>Padded bytes of all replicas.</summary>
    public long Total { get; }

    public ReplicaSolution Solve()
    {
        var conflicts = Kept().Concat(Conflict.Counted(fleet, policy, pieces.Count)).ToList();
        var open = needs.Where(need => need.Replicas > 0).ToList();
        bool isExact = open.Count <= 1;
        if (conflicts.Count == 0 && Impossible(open) is { } impossible)
            conflicts.Add(impossible);
        if (conflicts.Count > 0)
            return new ReplicaSolution(conflicts, true, 0);

        var placed = isExact ? Single(open, out var reason) : Several(open, out reason);
        if (placed is null)
            return new ReplicaSolution([reason!], isExact, 0);
        long excess = isExact ? 0 : Excess(open, placed);
        foreach (var (need, placing) in open.Zip(placed))
            Give(need, placing);
        return new ReplicaSolution([], isExact, excess);
    }

    /// <summary>What is wrong with replicas that are kept.</summary>
    private IEnumerable<Conflict> Kept()
    {
        const string Way = "; --rebalance makes the plan anew";
        foreach (var need in needs)
        {
            var (kept, count) = (need.Group.Kept, need.Group.Pieces.Length);
            if (kept.Select(i => fleet.Organisation[i]).Distinct().Count() < kept.Length)
                yield return new Conflict("kept-organisation", $"{count} piece(s) of the plan have two replicas in one organisation (with {string.Join(", ", kept.Select(i => fleet.Providers[i].Id))}){Way}");
            if (need.Regions > need.Replicas)
                yield return new Conflict("kept-regions", $"{count} piece(s) of the plan are in {fleet.RegionsOf(kept)} region(s) (with {string.Join(", ", kept.Select(i => fleet.Providers[i].Id))}), and {need.Replicas} more replica(s) cannot make that {policy.MinRegionsPerPiece}{Way}");
        }

        for (int i = 0; i < fleet.Count; i++)
        {
            if (loads[i] > 0 && loads[i] > fleet.Providers[i].Capacity)
                yield return new Conflict("kept-capacity", $"{fleet.Providers[i].Id} has {SizeText.Format(loads[i])} in the plan, and a capacity of {SizeText.Format(fleet.Providers[i].Capacity!.Value)}{Way}");
            else if (loads[i] > shareLimit)
                yield return new Conflict("kept-share", FormattableString.Invariant($"{fleet.Providers[i].Id} has {SizeText.Format(loads[i])} in the plan, above maxProviderShare {policy.MaxProviderShare} % ({SizeText.Format(shareLimit)}){Way}"));
        }
    }

    private long[] Room(long[] taken) => [.. Enumerable.Range(0, fleet.Count).Select(i => Math.Max(0, Math.Min(shareLimit, fleet.Providers[i].Capacity ?? long.MaxValue) - taken[i]))];

    /// <summary>
    /// Says why pieces from a size on could not be placed even if they were divided into parts of that size and of all pieces together. That is a proof: sizes are powers of
    /// two, and any plan would be such a flow. Null where it says nothing.
    /// </summary>
    private Conflict? Impossible(List<GroupNeed> open)
    {
        foreach (long unit in open.Select(need => need.Group.Size).Distinct())
        {
            var large = open.Where(need => need.Group.Size >= unit).ToList();
            var network = new ReplicaNetwork(fleet, GroupNeed.Limits(fleet, large, unit, Room(loads)), _ => null);
            if (!network.Solve())
                return Conflict.OfCut(network, fleet, policy, unit, shareLimit, $"the replicas of {large.Sum(need => need.Pieces)} piece(s)");
        }

        return null;
    }

    /// <summary>Pieces of one kind: exact.</summary>
    private List<Placing>? Single(List<GroupNeed> open, out Conflict? reason)
    {
        bool[] isUsed = [.. loads.Select(load => load > 0)];
        reason = null;
        if (open is not [var need])
        {
            if (new UsageSearch(fleet, policy, isUsed, (_, _, _) => null).IsEnough(new long[fleet.Count]))
                return [];
            reason = new Conflict("kept-usage", "the plan has fewer providers, regions or sites than the policy asks for, and no piece is to be placed; --rebalance makes the plan anew");
            return null;
        }

        var search = new UsageSearch(fleet, policy, isUsed, Solve);
        if (Solve([], [], Rewards.None) is { } plain && search.IsEnough(plain.Counts))
            return [plain];
        if (search.Find() is { } found)
            return [found];
        reason = search.HasGivenUp ? Unproven("minProviders, minRegions and minSites together")
            : search.Reason ?? new Conflict("providers", "minProviders, minRegions and minSites cannot be had together with the other rules");
        return null;

        Placing? Solve(bool[] forced, bool[] banned, Rewards rewards) => Place(need, loads, isUsed, i => fleet.Providers[i].Weight, rewards, forced, banned, out _);
    }

    /// <summary>Pieces of several kinds, one after the other: by the weights; else with all that is rewarded; else by the room that providers have.</summary>
    private List<Placing>? Several(List<GroupNeed> open, out Conflict? reason)
    {
        long[] room = Room(loads);
        long scale = Math.Max(1, room.Max() / 1_000_000);
        bool[] used = [.. loads.Select(load => load > 0)];
        var search = new UsageSearch(fleet, policy, used, (_, _, _) => null);
        reason = null;
        foreach (var (weight, rewards) in ((Func<int, long>, Rewards)[])[(Weight, Rewards.None), (Weight, Rewards.All), (RoomWeight, Rewards.None), (RoomWeight, Rewards.All)])
        {
            var (placed, taken, isUsed) = (new List<Placing>(), (long[])[.. loads], (bool[])[.. used]);
            foreach (var need in open)
            {
                if (Place(need, taken, isUsed, weight, rewards, [], [], out var network) is not { } placing)
                {
                    var cut = Conflict.OfCut(network, fleet, policy, need.Group.Size, shareLimit, $"the replicas of {need.Pieces} piece(s) of {SizeText.Format(need.Group.Size)}");
                    reason = Unproven(cut.Message);
                    break;
                }

                placed.Add(placing);
                for (int i = 0; i < taken.Length; i++)
                    (taken[i], isUsed[i]) = (taken[i] + (placing.Counts[i] * need.Group.Size), isUsed[i] || placing.Counts[i] > 0);
            }

            if (placed.Count < open.Count)
                continue;
            if (search.IsEnough([.. isUsed.Select(is1 => is1 ? 1L : 0)]))
                return placed;
            reason = Unproven("minProviders, minRegions or minSites");
        }

        return null;

        long Weight(int i) => fleet.Providers[i].Weight;
        long RoomWeight(int i) => 1 + (room[i] / scale);
    }

    private static Conflict Unproven(string what) =>
        new("unproven", $"no plan was found, which does not prove that there is none: pieces are of several sizes, or have replicas already, and such plans are not searched to the end. In the way: {what}");

    private Placing? Place(GroupNeed need, long[] taken, bool[] isUsed, Func<int, long> weight, Rewards rewards, bool[] forced, bool[] banned, out ReplicaNetwork network)
    {
        long[] room = Room(taken);
        for (int i = 0; i < banned.Length; i++)
            room[i] = banned[i] ? 0 : room[i];
        var used = Enumerable.Range(0, fleet.Count).Where(i => isUsed[i]).ToList();
        var (sites, regions) = (used.Select(i => fleet.Site[i]).ToHashSet(), used.Select(i => fleet.Region[i]).ToHashSet());
        network = new ReplicaNetwork(
            fleet,
            GroupNeed.Limits(fleet, [need], need.Group.Size, room),
            i => new EdgeCost(need.Group.Size, taken[i], weight(i), (forced.Length > 0 && forced[i] ? Force : 0) + (rewards.HasFlag(Rewards.Provider) && !isUsed[i] ? Reward : 0)),
            site => rewards.HasFlag(Rewards.Site) && !sites.Contains(site) ? Reward : 0,
            region => rewards.HasFlag(Rewards.Region) && !regions.Contains(region) ? Reward : 0);
        return network.Solve() ? new Placing(network.Counts(), network.FirstInRegion()) : null;
    }

    /// <summary>How far above the best plan of divided pieces a provider is, at most.</summary>
    private long Excess(List<GroupNeed> open, List<Placing> placed)
    {
        long unit = open.Min(need => need.Group.Size);
        var ideal = new ReplicaNetwork(fleet, GroupNeed.Limits(fleet, open, unit, Room(loads)), i => new EdgeCost(unit, loads[i], fleet.Providers[i].Weight, 0));
        _ = ideal.Solve();
        long[] divided = ideal.Counts();
        return Enumerable.Range(0, fleet.Count).Max(i => Math.Max(0, open.Zip(placed).Sum(pair => pair.Second.Counts[i] * pair.First.Group.Size) - (divided[i] * unit)));
    }

    /// <summary>
    /// Gives the pieces of a group their sets. Each set comes as evenly as can be, so that any first part of the pieces is spread like the whole: DataCap comes in parts.
    /// </summary>
    private void Give(GroupNeed need, Placing placing)
    {
        var sets = ReplicaSets.Make(fleet, need.Pieces, need.Replicas, need.Regions, placing.Counts, placing.FirstInRegion);
        var turns = new PriorityQueue<(int Set, long Given), (Int128 Due, int Set)>();
        for (int i = 0; i < sets.Count; i++)
            turns.Enqueue((i, 0), (Due(sets[i], 0), i));
        foreach (int piece in need.Group.Pieces)
        {
            var (set, given) = turns.Dequeue();
            pieces.Give(piece, sets[set].Providers);
            if (given + 1 < sets[set].Pieces)
                turns.Enqueue((set, given + 1), (Due(sets[set], given + 1), set));
        }

        Int128 Due(ReplicaSet set, long given) => (((2 * (Int128)given) + 1) * need.Pieces << 20) / set.Pieces;
    }
}
