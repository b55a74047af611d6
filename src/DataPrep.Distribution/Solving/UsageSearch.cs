using DataPrep.Distribution.Policies;

namespace DataPrep.Distribution.Solving;

/// <summary>
/// Which providers get anything at all, where the policy asks for more providers, regions or sites than a plan by weights has. For each of the three the most
/// that there can be is found by a flow whose first units are rewarded; all three together by branching over providers that must, or must not, be used.
/// </summary>
internal sealed class UsageSearch(Fleet fleet, Policy policy, bool[] isUsed, Func<bool[], bool[], Rewards, Placing?> solve)
{
    /// <summary>Flows after which it gives up.</summary>
    private const int MostSteps = 2_000;

    private int steps;

    /// <summary>Whether it gave up before it knew.</summary>
    public bool HasGivenUp => steps >= MostSteps;

    /// <summary>What cannot be had; null where it is not one thing alone.</summary>
    public Conflict? Reason { get; private set; }

    /// <summary>Whether replicas so placed, with those that were there before, are enough.</summary>
    public bool IsEnough(long[] counts) => Lacking(counts) is (0, 0, 0);

    /// <summary>Replicas of each provider that are enough, as near to the weights as the providers allow that were chosen for it; null where there are none.</summary>
    public Placing? Find()
    {
        if (Branch(new bool[fleet.Count], new bool[fleet.Count], isFirst: true) is not { } found)
            return null;
        return solve(Representatives(found.Counts), new bool[fleet.Count], Rewards.None) ?? found;
    }

    private Placing? Branch(bool[] forced, bool[] banned, bool isFirst)
    {
        if (++steps >= MostSteps || solve(forced, banned, Rewards.All) is not { } placing || Enumerable.Range(0, fleet.Count).Any(i => forced[i] && placing.Counts[i] == 0))
            return null;
        if (IsEnough(placing.Counts))
            return placing;
        foreach (var reward in (Rewards[])[Rewards.Provider, Rewards.Site, Rewards.Region])
        {
            var lacking = Lacking(solve(forced, banned, reward)!.Counts);
            (int missing, string name, int asked) = reward switch
            {
                Rewards.Provider => (lacking.Providers, "minProviders", policy.MinProviders),
                Rewards.Site => (lacking.Sites, "minSites", policy.MinSites),
                _ => (lacking.Regions, "minRegions", policy.MinRegions),
            };
            if (missing == 0)
                continue;
            if (isFirst)
                Reason = new Conflict(name["min".Length..].ToLowerInvariant(), $"{name} {asked}: with the other rules at most {asked - missing} can be used");
            return null;
        }

        int undecided = Enumerable.Range(0, fleet.Count).FirstOrDefault(i => !isUsed[i] && !forced[i] && !banned[i], -1);
        if (undecided < 0)
            return null;
        return Branch(With(forced, undecided), banned, isFirst: false) ?? Branch(forced, With(banned, undecided), isFirst: false);
    }

    private (int Providers, int Sites, int Regions) Lacking(long[] counts)
    {
        var used = Enumerable.Range(0, fleet.Count).Where(i => isUsed[i] || counts[i] > 0).ToList();
        return (Math.Max(0, policy.MinProviders - used.Count), Math.Max(0, policy.MinSites - fleet.SitesOf(used)), Math.Max(0, policy.MinRegions - fleet.RegionsOf(used)));
    }

    /// <summary>So many of the providers that are used as are enough: new regions first, then new sites, then any.</summary>
    private bool[] Representatives(long[] counts)
    {
        bool[] chosen = new bool[fleet.Count];
        var used = Enumerable.Range(0, fleet.Count).Where(i => isUsed[i]).ToList();
        for (int pass = 0; pass < 3; pass++)
        {
            for (int i = 0; i < fleet.Count; i++)
            {
                bool isWanted = pass switch
                {
                    0 => fleet.RegionsOf(used) < policy.MinRegions && fleet.RegionsOf(used.Append(i)) > fleet.RegionsOf(used),
                    1 => fleet.SitesOf(used) < policy.MinSites && fleet.SitesOf(used.Append(i)) > fleet.SitesOf(used),
                    _ => used.Count < policy.MinProviders,
                };
                if (!isWanted || counts[i] == 0 || isUsed[i] || chosen[i])
                    continue;
                chosen[i] = true;
                used.Add(i);
            }
        }

        return chosen;
    }

    private static bool[] With(bool[] set, int item)
    {
        bool[] copy = [.. set];
        copy[item] = true;
        return copy;
    }
}

/// <summary>Whose first replica is rewarded.</summary>
[Flags]
internal enum Rewards
{
    None = 0,
    Provider = 1,
    Site = 2,
    Region = 4,
    All = 7,
}

/// <summary>Where the replicas of some pieces go.</summary>
/// <param name="Counts">Replicas with each provider.</param>
/// <param name="FirstInRegion">Of those in each region, most that count as the first of their piece there.</param>
internal sealed record Placing(long[] Counts, long[] FirstInRegion);
