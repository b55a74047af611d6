using System.Globalization;
using DataPrep.Distribution.Policies;
using DataPrep.Records;

namespace DataPrep.Distribution.Solving;

/// <summary>Why there is no plan by a policy, or why none was found.</summary>
/// <param name="Code">A short name that scripts can rely on.</param>
internal sealed record Conflict(string Code, string Message)
{
    private const int MostNames = 10;

    /// <summary>What can be told by counting.</summary>
    public static IEnumerable<Conflict> Counted(Fleet fleet, Policy policy, int pieces)
    {
        if (fleet.Count < policy.Replicas)
            yield return new Conflict("providers", Of($"replicas {policy.Replicas} need {policy.Replicas} providers, there are {fleet.Count}"));
        else if (fleet.Organisations < policy.Replicas)
            yield return new Conflict("organisations", Of($"replicas {policy.Replicas} need {policy.Replicas} organisations, there are {fleet.Organisations}"));
        if (fleet.Count < policy.MinProviders)
            yield return new Conflict("providers", Of($"minProviders {policy.MinProviders}: there are {fleet.Count}"));
        else if ((long)pieces * policy.Replicas < policy.MinProviders)
            yield return new Conflict("providers", Of($"minProviders {policy.MinProviders}: {pieces} piece(s) with {policy.Replicas} replica(s) each have {(long)pieces * policy.Replicas}"));
        if (fleet.Regions < policy.MinRegions)
            yield return new Conflict("regions", Of($"minRegions {policy.MinRegions}: the providers are in {fleet.Regions}"));
        if (fleet.Regions < policy.MinRegionsPerPiece)
            yield return new Conflict("regions", Of($"minRegionsPerPiece {policy.MinRegionsPerPiece}: the providers are in {fleet.Regions}"));
        if (fleet.Sites < policy.MinSites)
            yield return new Conflict("sites", Of($"minSites {policy.MinSites}: the providers are at {fleet.Sites}"));
        if (fleet.Count * policy.MaxProviderShare < 100)
            yield return new Conflict("share", Of($"maxProviderShare {policy.MaxProviderShare} %: {fleet.Count} providers have {fleet.Count * policy.MaxProviderShare} % together; at least {Math.Ceiling(100 / policy.MaxProviderShare)} are needed"));
    }

    /// <summary>What a least cut tells: all that is full, and what is missing.</summary>
    /// <param name="unit">Bytes of a unit of the network's.</param>
    /// <param name="shareLimit">Most bytes with a provider.</param>
    /// <param name="subject">What cannot be placed.</param>
    public static Conflict OfCut(ReplicaNetwork network, Fleet fleet, Policy policy, long unit, long shareLimit, string subject)
    {
        var (byShare, byCapacity, byPieces) = (new List<int>(), new List<int>(), new List<int>());
        foreach (int provider in network.BindingProviders())
        {
            long? capacity = fleet.Providers[provider].Capacity;
            bool hasAll = network.Limits.Provider[provider] == network.Limits.Organisation[fleet.Organisation[provider]];
            (hasAll ? byPieces : capacity < shareLimit ? byCapacity : byShare).Add(provider);
        }

        var organisations = network.BindingOrganisations().Where(i => network.Limits.Organisation[i] > 0).ToList();
        var reasons = new List<string>();
        Add(byCapacity, "the capacity of");
        Add(byShare, Of($"maxProviderShare {policy.MaxProviderShare} % ({SizeText.Format(shareLimit)}) with"));
        if (byPieces.Count > 0)
            reasons.Add("one replica of each piece with " + Names(byPieces.Select(i => fleet.Providers[i].Id)));
        if (organisations.Count > 0)
            reasons.Add((policy.OnePerOrganisation ? "one replica of each piece in the organisation of " : "one replica of each piece with ") + Names(organisations.Select(i => fleet.Providers[Array.IndexOf(fleet.Organisation, i)].Id)));
        bool byRegions = network.IsFreeBinding && network.Limits.Free < network.Limits.Total;
        if (byRegions)
            reasons.Add(Of($"minRegionsPerPiece {policy.MinRegionsPerPiece}"));
        string code = byRegions ? "regions" : byCapacity.Count > 0 ? "capacity" : byShare.Count > 0 ? "share" : "organisations";
        return new Conflict(code, $"{subject} need {SizeText.Format(network.Limits.Total * unit)}, and {SizeText.Format(network.Placed * unit)} can be placed: {SizeText.Format(network.Missing * unit)} are missing. What binds: {string.Join("; ", reasons)}");

        void Add(List<int> providers, string what)
        {
            if (providers.Count > 0)
                reasons.Add($"{what} {Names(providers.Select(i => fleet.Providers[i].Id))}, where there is room for {SizeText.Format(providers.Sum(i => network.Limits.Provider[i]) * unit)}");
        }
    }

    private static string Names(IEnumerable<string> all)
    {
        var names = all.ToList();
        return string.Join(", ", names.Take(MostNames)) + (names.Count > MostNames ? $" and {names.Count - MostNames} more" : "");
    }

    private static string Of(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
