using System.Globalization;
using DataPrep.Distribution.Policies;
using DataPrep.Records;
using DataPrep.Verification;

namespace DataPrep.Distribution.Deals;

/// <summary>Holds deals against the thresholds of a policy. Shares are of bytes where nothing else is said.</summary>
internal static class DealChecks
{
    public static void Run(DealComparison deals, Policy policy, string path, FindingLog log)
    {
        var status = policy.Status;
        var used = deals.Providers.Where(provider => provider.Deals > 0).ToList();
        foreach (var provider in used)
        {
            if (Percent(provider.Bytes, deals.Bytes) > policy.MaxProviderShare)
                Take(true, "share", Of($"has {Percent(provider.Bytes, deals.Bytes):0.##} % of all bytes; at most {policy.MaxProviderShare} % are allowed"), provider.Id);
            decimal duplication = Percent(provider.Bytes - provider.UniqueBytes, provider.Bytes);
            if (provider.Duplicates > 0)
                Take(duplication > status.MaxDuplication, "duplicates", Of($"{provider.Duplicates} deal(s) for pieces that it has a deal for already, {duplication:0.##} % of its bytes; at most {status.MaxDuplication} % are allowed"), provider.Id);
            if (provider.NotPlanned > 0)
                Take(false, "not-planned", $"has {provider.NotPlanned} piece(s) that the plan gives others", provider.Id);
        }

        foreach (var provider in deals.Providers.Where(provider => provider.Missing > 0))
            Take(false, "missing", $"has no deal for {provider.Missing} piece(s) that the plan gives it", provider.Id);
        var undeclared = used.Where(provider => provider.Planned is null).ToList();
        if (undeclared.Count > 0)
        {
            Take(Percent(undeclared.Count, used.Count) > status.MaxUndeclaredProviders, "undeclared", Of(
                $"{undeclared.Count} of {used.Count} providers with deals are not in the plan ({string.Join(", ", undeclared.Take(10).Select(provider => provider.Id))}{(undeclared.Count > 10 ? " ..." : "")}); at most {status.MaxUndeclaredProviders} % are allowed"));
        }

        Replicas(deals, policy, Take);
        int regions = used.Select(provider => provider.Planned?.Region?.ToUpperInvariant()).Where(region => region is not null).Distinct().Count();
        if (used.Count < policy.MinProviders)
            Take(true, "providers", $"{used.Count} provider(s) have deals; at least {policy.MinProviders} are asked for");
        if (regions < policy.MinRegions)
            Take(true, "regions", $"providers with deals are in {regions} region(s) that the plan knows; at least {policy.MinRegions} are asked for");
        if (deals.WrongSizes > 0)
            Take(true, "size", $"{deals.WrongSizes} deal(s) are of another size than the piece");
        if (deals.OtherPieces > 0)
            Take(false, "other-pieces", $"{deals.OtherPieces} piece(s) with deals are not in the plan");
        long shared = deals.Shared.Values.SelectMany(other => other.Pieces).Distinct().LongCount();
        if (shared > 0)
            Take(Percent(shared, deals.Replications.Sum(part => part.Pieces)) > status.MaxSharedPieces, "shared", Of($"{shared} piece(s) have deals of another client ({string.Join(", ", deals.Shared.Keys.Take(10))}); at most {status.MaxSharedPieces} % are allowed"));
        if (Tranche(deals, policy) is { Left: < 0 } tranche)
            Take(false, "tranche", $"deals have {SizeText.Format(-tranche.Left)} more than all replicas of the plan need");

        void Take(bool isError, string code, string message, string? provider = null) =>
            log.Take(new Finding(isError ? "error" : "warning", code, path, -1, message) { Provider = provider });
    }

    /// <summary>The tranche that is open; null where the policy has none.</summary>
    public static TrancheState? Tranche(DealComparison deals, Policy policy) =>
        policy.Tranches is { } tranches ? new Tranches(tranches, deals.PlannedBytes).At(deals.Bytes) : null;

    /// <summary>A part in percent; of nothing it is nothing.</summary>
    public static decimal Percent(decimal part, decimal whole) => whole == 0 ? 0 : 100 * part / whole;

    private static void Replicas(DealComparison deals, Policy policy, Action<bool, string, string, string?> take)
    {
        var status = policy.Status;
        var all = deals.Replications;
        long below = all.Where(part => part.Providers < policy.Replicas).Sum(part => part.UniqueBytes);
        if (below > 0)
            take(Percent(below, deals.PlannedUnique) > status.MaxBelowReplicas, "replicas", Of($"{Percent(below, deals.PlannedUnique):0.##} % of the data is with fewer than {policy.Replicas} providers; at most {status.MaxBelowReplicas} % is allowed"), null);

        // Checkers see only what has deals.
        var made = all.Where(part => part.Providers > 0).ToList();
        long unique = made.Sum(part => part.UniqueBytes);
        decimal low = Percent(made.Where(part => part.Providers < status.LowReplicas).Sum(part => part.UniqueBytes), unique);
        decimal high = Percent(made.Where(part => part.Providers > status.HighReplicas).Sum(part => part.UniqueBytes), unique);
        if (low > status.MaxBelowLowReplicas)
            take(true, "low-replicas", Of($"{low:0.##} % of the data with deals is with fewer than {status.LowReplicas} providers; at most {status.MaxBelowLowReplicas} % is allowed"), null);
        if (high > status.MaxAboveHighReplicas)
            take(true, "high-replicas", Of($"{high:0.##} % of the data with deals is with more than {status.HighReplicas} providers; at most {status.MaxAboveHighReplicas} % is allowed"), null);
    }

    private static string Of(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
