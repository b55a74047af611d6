using DataPrep.Ipld;
using DataPrep.Verification;

namespace DataPrep.Distribution.Tables;

/// <summary>
/// What <c>audit</c> takes of a list of storage providers: <c>id</c>, <c>url</c>, <c>region</c>, <c>tokenEnv</c> and <c>pieces</c>. What else is said of
/// a provider is for others, see <see cref="StorageProviders"/>.
/// </summary>
internal static class AuditProviders
{
    /// <param name="without">Called with the id of each provider that has no URL.</param>
    /// <exception cref="MalformedDataException">It is no such list, or names no provider.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<AuditProvider> Read(string path, Action<string> without)
    {
        var providers = new List<AuditProvider>();
        bool isEmpty = true;
        foreach (var row in TableFile.Read(path, "a provider", StorageProviders.MostBytes, ["id"], ["url"]))
        {
            isEmpty = false;
            string id = row["id"] ?? throw row.Error("a provider has no 'id'");
            if (row["url"] is { } url)
                providers.Add(Provider(id, url, row));
            else
                without(id);
        }

        return isEmpty ? throw new MalformedDataException("names no provider", 0, path) : providers;
    }

    private static AuditProvider Provider(string id, string url, TableRow row)
    {
        try
        {
            return new AuditProvider(id, row["region"], AuditProvider.Check(url))
            {
                TokenVariable = row["tokenEnv"],
                Pieces = row["pieces"]?.Split([' ', ';'], StringSplitOptions.RemoveEmptyEntries).Select(AuditProvider.Version1).ToHashSet(),
            };
        }
        catch (FormatException e)
        {
            throw row.Error($"provider '{id}': {(e as MalformedDataException)?.Reason ?? e.Message}");
        }
    }
}
