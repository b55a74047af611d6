using System.Buffers;
using System.Globalization;
using DataPrep.Ipld;
using DataPrep.Records;

namespace DataPrep.Distribution.Tables;

/// <summary>
/// What <c>distribute</c> takes of a list of storage providers. A provider may stand there more than once, with several URLs to audit; what is
/// said of it must not contradict itself.
/// </summary>
internal static class StorageProviders
{
    /// <summary>Far more than any list has.</summary>
    public const long MostBytes = 64 << 20;

    /// <summary>More make no sense: each has two files open while a plan is written.</summary>
    public const int Most = 1_000;

    private const int LongestId = 64;
    private const decimal MostWeight = 1_000_000;

    // A name of a folder that no file system reads otherwise, and that is no other file's in the folder of the plan.
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>The providers in the order of their ids.</summary>
    /// <exception cref="MalformedDataException">It is no such list, or names no provider.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<StorageProvider> Read(string path)
    {
        // Folders whose names differ in case alone are one on some file systems.
        var providers = new Dictionary<string, StorageProvider>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in TableFile.Read(path, "a provider", MostBytes, ["id"]))
        {
            var provider = Provider(row);
            if (!providers.TryGetValue(provider.Id, out var earlier))
                providers[provider.Id] = provider;
            else if (earlier.Id != provider.Id)
                throw row.Error($"the ids '{earlier.Id}' and '{provider.Id}' differ in case alone");
            else if (earlier != provider)
                throw row.Error($"provider '{provider.Id}' stands here a second time, and what is said of it is not the same: organisation, region, country, site, capacity, weight and method have to be");
            if (providers.Count > Most)
                throw row.Error($"more than {Most} providers");
        }

        if (providers.Count == 0)
            throw new MalformedDataException("names no provider", 0, path);
        return [.. providers.Values.OrderBy(provider => provider.Id, StringComparer.Ordinal)];
    }

    private static StorageProvider Provider(TableRow row)
    {
        string id = row["id"] ?? throw row.Error("a provider has no 'id'");
        if (id.Length > LongestId || id.AsSpan().ContainsAnyExcept(IdCharacters))
            throw row.Error($"the id '{id}' cannot name a folder: up to {LongestId} letters, digits, '-' and '_', such as f01234");
        return new StorageProvider(id)
        {
            Organisation = row["organisation", "organization", "org"],
            Region = row["region", "continent"],
            Country = row["country"],
            Site = row["site", "city", "location"],
            Capacity = row["capacity"] is { } capacity ? Capacity(capacity) ?? throw row.Error($"provider '{id}': capacity '{capacity}' is no size; write it as 500TiB, 1PiB or in bytes") : null,
            Weight = row["weight"] is { } weight ? Weight(weight) ?? throw row.Error($"provider '{id}': weight '{weight}' is no number from 0.001 to {MostWeight}") : 1000,
            Method = row["method", "download", "downloadMethod"],
        };
    }

    private static long? Capacity(string text) => SizeText.TryParse(text, out long bytes) && bytes >= 0 ? bytes : null;

    private static long? Weight(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) && value is >= 0.001m and <= MostWeight ? (long)(value * 1000) : null;
}
