namespace DataPrep.Distribution.Solving;

/// <summary>Most units of each kind that a network of replicas can take. A unit is a replica of a piece, or as many bytes.</summary>
/// <param name="Total">What is to be placed.</param>
/// <param name="Organisation">In each organisation.</param>
/// <param name="Provider">With each provider.</param>
/// <param name="Region">In each region, of replicas that count as the first of their piece in it.</param>
/// <param name="Free">Of replicas that need not be the first of their piece in a region.</param>
internal sealed record ReplicaLimits(long Total, long[] Organisation, long[] Provider, long[] Region, long Free);

/// <summary>
/// Replicas as a flow: source - all - organisation - provider - site - region - sink. A region's way to the sink takes as many as there are pieces; what is more in a
/// region goes another way, which has only as much room as pieces have replicas beyond those that have to be in different regions.
/// </summary>
internal sealed class ReplicaNetwork
{
    private readonly Fleet fleet;
    private readonly FlowNetwork network = new();
    private readonly int[] providerEdges, regionEdges, organisationNodes, ends, regionNodes;
    private readonly int freeNode;

    /// <param name="cost">Of each provider's units.</param>
    /// <param name="firstSite">Reward for the first unit at a site.</param>
    public ReplicaNetwork(Fleet fleet, ReplicaLimits limits, Func<int, EdgeCost?> cost, Func<int, Int128>? firstSite = null, Func<int, Int128>? firstRegion = null)
    {
        (this.fleet, Limits) = (fleet, limits);
        freeNode = network.AddNode();
        _ = network.Add(freeNode, FlowNetwork.Sink, limits.Free);
        (regionNodes, regionEdges, int[] regionEntries) = (new int[fleet.Regions], new int[fleet.Regions], new int[fleet.Regions]);
        for (int region = 0; region < fleet.Regions; region++)
        {
            regionNodes[region] = network.AddNode();
            regionEdges[region] = network.Add(regionNodes[region], FlowNetwork.Sink, limits.Region[region]);
            _ = network.Add(regionNodes[region], freeNode, limits.Total);
            regionEntries[region] = Rewarded(regionNodes[region], firstRegion?.Invoke(region) ?? 0);
        }

        int[] siteEntries = new int[fleet.Sites];
        for (int provider = 0; provider < fleet.Count; provider++)
        {
            if (fleet.Site[provider] is >= 0 and var site && siteEntries[site] == 0)
                siteEntries[site] = Rewarded(After(fleet.Region[provider]), firstSite?.Invoke(site) ?? 0);
        }

        int all = network.AddNode();
        _ = network.Add(FlowNetwork.Source, all, limits.Total);
        organisationNodes = new int[fleet.Organisations];
        for (int organisation = 0; organisation < fleet.Organisations; organisation++)
        {
            organisationNodes[organisation] = network.AddNode();
            _ = network.Add(all, organisationNodes[organisation], limits.Organisation[organisation]);
        }

        (providerEdges, ends) = (new int[fleet.Count], new int[fleet.Count]);
        for (int provider = 0; provider < fleet.Count; provider++)
        {
            ends[provider] = fleet.Site[provider] >= 0 ? siteEntries[fleet.Site[provider]] : After(fleet.Region[provider]);
            providerEdges[provider] = network.Add(organisationNodes[fleet.Organisation[provider]], ends[provider], limits.Provider[provider], cost(provider));
        }

        int After(int region) => region >= 0 ? regionEntries[region] : freeNode;
        int Rewarded(int target, Int128 reward)
        {
            int node = network.AddNode();
            _ = network.Add(node, target, limits.Total, reward == 0 ? null : new EdgeCost(1, 0, 0, reward));
            return node;
        }
    }

    public ReplicaLimits Limits { get; }

    /// <summary>Units that can be placed.</summary>
    public long Placed { get; private set; }

    public long Missing => Limits.Total - Placed;

    /// <summary>Places as much as can be placed, and where that is all, as cheaply as can be.</summary>
    /// <returns>Whether all of it could be placed.</returns>
    public bool Solve()
    {
        Placed = network.Fill();
        if (Missing > 0)
            return false;
        network.Cheapen();
        return true;
    }

    /// <summary>Units with each provider.</summary>
    public long[] Counts() => [.. providerEdges.Select(network.FlowOf)];

    /// <summary>Units of each region that count as the first of their piece in it.</summary>
    public long[] FirstInRegion() => [.. regionEdges.Select(network.FlowOf)];

    // Of a least cut, by which all that binds is full.
    public IEnumerable<int> BindingOrganisations() => Enumerable.Range(0, fleet.Organisations).Where(i => !network.IsReached(organisationNodes[i]));

    public IEnumerable<int> BindingProviders() => Enumerable.Range(0, fleet.Count).Where(i => network.IsReached(organisationNodes[fleet.Organisation[i]]) && !network.IsReached(ends[i]));

    public IEnumerable<int> BindingRegions() => Enumerable.Range(0, fleet.Regions).Where(i => network.IsReached(regionNodes[i]));

    public bool IsFreeBinding => network.IsReached(freeNode);
}
