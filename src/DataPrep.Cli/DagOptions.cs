using System.CommandLine;
using DataPrep.Packing;
using DataPrep.Unixfs;

namespace DataPrep.Cli;

/// <summary>Options that decide the CIDs: a profile, and departures from it.</summary>
internal sealed class DagOptions
{
    private readonly Option<string?> profile = OptionOf.Word("--profile", "UnixFS profile (default unixfs-v1-2025)", "unixfs-v1-2025", "unixfs-v0-2015");
    private readonly Option<long?> chunkSize = OptionOf.Size("--chunk-size", "Content bytes of a leaf");
    private readonly Option<int?> maxLinks = new("--max-links") { Description = "Most links of a file node", HelpName = "N" };
    private readonly Option<int?> cidVersion = new("--cid-version") { Description = "CID version of dag-pb blocks", HelpName = "0|1" };
    private readonly Option<bool?> rawLeaves = new("--raw-leaves") { Description = "Leaves without an envelope", HelpName = "true|false" };
    private readonly Option<long?> hamtThreshold = OptionOf.Size("--hamt-threshold", "Estimated size above which a folder is sharded; 0: never");
    private readonly Option<int?> hamtFanout = new("--hamt-fanout") { Description = "Buckets of a shard, a power of two from 8 to 1024", HelpName = "N" };
    private readonly Option<string?> hamtEstimation = OptionOf.Word("--hamt-estimation", "How the size of a folder is estimated", "links-bytes", "block-bytes");
    private readonly Option<bool> preserveMode = new("--preserve-mode") { Description = "Keep permission bits in the DAG (changes CIDs)" };
    private readonly Option<bool> preserveMtime = new("--preserve-mtime") { Description = "Keep modification times in the DAG (changes CIDs)" };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[profile, chunkSize, maxLinks, cidVersion, rawLeaves, hamtThreshold, hamtFanout, hamtEstimation, preserveMode, preserveMtime])
            command.Options.Add(option);
    }

    /// <exception cref="UsageException">The combination makes no sense.</exception>
    public UnixFsProfile Profile(ParseResult parsed)
    {
        var named = UnixFsProfile.ByName(parsed.GetValue(profile) ?? "unixfs-v1-2025")!;
        if (parsed.GetValue(chunkSize) is > UnixFsProfile.MaxChunkSize)
            throw new UsageException($"chunk size must be from 1 to {UnixFsProfile.MaxChunkSize} bytes (blocks above 2 MiB cannot be transferred)");
        var result = named with
        {
            ChunkSize = (int)(parsed.GetValue(chunkSize) ?? named.ChunkSize),
            MaxLinks = parsed.GetValue(maxLinks) ?? named.MaxLinks,
            CidVersion = parsed.GetValue(cidVersion) ?? named.CidVersion,
            RawLeaves = parsed.GetValue(rawLeaves) ?? named.RawLeaves,
            HamtThreshold = parsed.GetValue(hamtThreshold) ?? named.HamtThreshold,
            HamtFanout = parsed.GetValue(hamtFanout) ?? named.HamtFanout,
            HamtEstimation = parsed.GetValue(hamtEstimation) switch
            {
                "links-bytes" => HamtEstimation.LinksBytes,
                "block-bytes" => HamtEstimation.BlockBytes,
                _ => named.HamtEstimation,
            },
            PreserveMode = parsed.GetValue(preserveMode),
            PreserveMtime = parsed.GetValue(preserveMtime),
        };
        return result.Problem() is { } problem ? throw new UsageException(problem) : result;
    }
}
