using DataPrep.Distribution.Policies;
using DataPrep.Distribution.Tables;

namespace DataPrep.Distribution.Solving;

/// <summary>The providers of a plan as numbers: organisations, sites and regions of each, from 0; -1 where none is known.</summary>
internal sealed class Fleet
{
    public Fleet(IReadOnlyList<StorageProvider> providers, Policy policy)
    {
        Providers = providers;
        (Organisation, Organisations) = Number(providers, provider => policy.OnePerOrganisation ? provider.OrganisationKey : provider.Id);
        (Region, Regions) = Number(providers, provider => provider.RegionKey);
        (Site, Sites) = Number(providers, provider => provider.SiteKey);
    }

    public IReadOnlyList<StorageProvider> Providers { get; }

    public int Count => Providers.Count;

    /// <summary>Of each provider the one that may have a replica of a piece only once: the organisation, or itself where the policy lets organisations have more.</summary>
    public int[] Organisation { get; }

    public int[] Region { get; }

    /// <summary>A site lies in one region.</summary>
    public int[] Site { get; }

    public int Organisations { get; }

    public int Regions { get; }

    public int Sites { get; }

    /// <summary>How many regions some providers are in.</summary>
    public int RegionsOf(IEnumerable<int> providers) => providers.Select(provider => Region[provider]).Where(region => region >= 0).Distinct().Count();

    public int SitesOf(IEnumerable<int> providers) => providers.Select(provider => Site[provider]).Where(site => site >= 0).Distinct().Count();

    private static (int[] Numbers, int Count) Number(IReadOnlyList<StorageProvider> providers, Func<StorageProvider, string?> key)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        int[] all = new int[providers.Count];
        for (int i = 0; i < all.Length; i++)
        {
            if (key(providers[i]) is not { } name)
                all[i] = -1;
            else if (!numbers.TryGetValue(name, out all[i]))
                all[i] = numbers[name] = numbers.Count;
        }

        return (all, numbers.Count);
    }
}
