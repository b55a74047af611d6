using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Distribution.Policies;

/// <summary>Reads policies, from files or from those that come with this.</summary>
internal static class PolicyFile
{
    public const string FilPlus = "fil-plus";
    private const long MostBytes = 1 << 20;

    /// <summary>Regions, sites and the like are at most as many as providers.</summary>
    private const int Most = 10_000;

    /// <summary>The text of a policy that comes with this; null where none has the name.</summary>
    public static byte[]? Shipped(string name)
    {
        if (name != FilPlus)
            return null;
        using var stream = typeof(PolicyFile).Assembly.GetManifestResourceStream(typeof(PolicyFile), FilPlus + ".json")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <param name="named">A file, or the name of a policy that comes with this.</param>
    /// <exception cref="MalformedDataException">It is no policy.</exception>
    /// <exception cref="UsageException">There is none of that name.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Policy Read(string named)
    {
        if (Shipped(named) is { } shipped)
            return Parse(shipped, named);
        if (!File.Exists(named))
            throw new UsageException($"--policy: there is no file '{named}', and no policy of that name: {FilPlus} comes with dataprep");
        return new FileInfo(named).Length <= MostBytes ? Parse(File.ReadAllBytes(named), named) : throw new MalformedDataException("is too long for a policy", 0, named);
    }

    private static Policy Parse(byte[] bytes, string path)
    {
        Policy policy;
        try
        {
            using (var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }))
                CheckNames(document.RootElement, PolicyJson.Default.Policy, "", path);
            policy = RecordFile.Parse(bytes, 0, path, PolicyJson.Default.Policy);
        }
        catch (JsonException e)
        {
            throw new MalformedDataException($"no JSON: {e.Message.Split(" LineNumber: ")[0]}", e.BytePositionInLine ?? 0, path);
        }

        return Problem(policy) is { } problem ? throw new MalformedDataException($"policy: {problem}", 0, path) : policy;
    }

    /// <summary>A rule that was written otherwise than it is read would not be kept, and nobody would know.</summary>
    private static void CheckNames(JsonElement element, JsonTypeInfo type, string at, string path)
    {
        if (element.ValueKind != JsonValueKind.Object || type.Kind != JsonTypeInfoKind.Object)
            return;
        foreach (var field in element.EnumerateObject())
        {
            var known = type.Properties.FirstOrDefault(property => property.Name == field.Name)
                ?? throw new MalformedDataException($"policy: there is no field '{at}{field.Name}'; known here are {string.Join(", ", type.Properties.Select(property => property.Name))}", 0, path);
            CheckNames(field.Value, PolicyJson.Default.GetTypeInfo(known.PropertyType) ?? type, $"{at}{field.Name}.", path);
        }
    }

    private static string? Problem(Policy policy)
    {
        (string Name, int Value)[] numbers = [("replicas", policy.Replicas - 1), ("minProviders", policy.MinProviders), ("minRegions", policy.MinRegions), ("minSites", policy.MinSites), ("minRegionsPerPiece", policy.MinRegionsPerPiece)];
        if (numbers.FirstOrDefault(number => number.Value is < 0 or > Most) is { Name: { } name })
            return $"{name} must be from {(name == "replicas" ? 1 : 0)} to {Most}";
        if (policy.MinRegionsPerPiece > policy.Replicas)
            return $"minRegionsPerPiece {policy.MinRegionsPerPiece} is more than there are replicas, {policy.Replicas}";
        if (policy.MaxProviderShare is <= 0 or > 100)
            return "maxProviderShare is in percent, above 0 and up to 100";
        var status = policy.Status;
        if (new[] { status.MaxDuplication, status.MaxBelowReplicas, status.MaxBelowLowReplicas, status.MaxAboveHighReplicas, status.MaxUndeclaredProviders, status.MaxSharedPieces }.Any(share => share is < 0 or > 100))
            return "the thresholds of status are in percent, from 0 to 100";
        return policy.Tranches is { } tranches ? Problem(tranches) : null;
    }

    private static string? Problem(TranchePolicy tranches)
    {
        if (tranches.Shares.Count is 0 or > 1000 || tranches.Shares.Any(share => share <= 0) || tranches.Shares.Sum() > 100)
            return "tranches.shares are in percent, each above 0, together at most 100";
        if (!SizeText.TryParse(tranches.Cap, out long cap) || cap < 1 << 20)
            return $"tranches.cap '{tranches.Cap}' is no size of 1MiB or more; write it as 1PiB";
        return tranches.OpenAt is < 0 or > 100 ? "tranches.openAt is in percent, from 0 to 100" : null;
    }
}
