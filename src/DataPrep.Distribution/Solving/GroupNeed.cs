using DataPrep.Distribution.Policies;

namespace DataPrep.Distribution.Solving;

/// <summary>What pieces that are alike still need: so many replicas, in so many regions that they are not in yet, from providers that may have them.</summary>
internal sealed class GroupNeed
{
    private readonly bool[] isRegionNew, isOrganisationNew;

    public GroupNeed(Fleet fleet, Policy policy, PieceGroup group)
    {
        Group = group;
        Replicas = Math.Max(0, policy.Replicas - group.Kept.Length);
        Regions = Math.Max(0, policy.MinRegionsPerPiece - fleet.RegionsOf(group.Kept));
        (isRegionNew, isOrganisationNew) = (new bool[fleet.Regions], new bool[fleet.Organisations]);
        Array.Fill(isRegionNew, true);
        Array.Fill(isOrganisationNew, true);
        foreach (int provider in group.Kept)
        {
            isOrganisationNew[fleet.Organisation[provider]] = false;
            if (fleet.Region[provider] >= 0)
                isRegionNew[fleet.Region[provider]] = false;
        }
    }

    public PieceGroup Group { get; }

    /// <summary>Of each piece.</summary>
    public int Replicas { get; }

    public int Regions { get; }

    public long Pieces => Group.Pieces.Length;

    public long Bytes => Pieces * Replicas * Group.Size;

    /// <summary>What can be placed of these groups together, at most.</summary>
    /// <param name="unit">Bytes that count as one.</param>
    /// <param name="room">Bytes that each provider can take.</param>
    public static ReplicaLimits Limits(Fleet fleet, IReadOnlyCollection<GroupNeed> needs, long unit, long[] room)
    {
        long total = 0, free = 0;
        long[] organisations = new long[fleet.Organisations], regions = new long[fleet.Regions];
        foreach (var need in needs)
        {
            long units = need.Pieces * (need.Group.Size / unit);
            (total, free) = (total + (units * need.Replicas), free + (units * Math.Max(0, need.Replicas - need.Regions)));
            for (int i = 0; i < organisations.Length; i++)
                organisations[i] += need.isOrganisationNew[i] && need.Replicas > 0 ? units : 0;
            for (int i = 0; i < regions.Length; i++)
                regions[i] += need.isRegionNew[i] && need.Regions > 0 ? units : 0;
        }

        long[] providers = [.. Enumerable.Range(0, fleet.Count).Select(i => Math.Min(room[i] / unit, organisations[fleet.Organisation[i]]))];
        return new ReplicaLimits(total, organisations, providers, regions, free);
    }
}
