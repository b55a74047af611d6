using System.Text.Json;

namespace DataPrep.Tests;

/// <summary>
/// The UnixFS part of the golden vectors: 66 files and 34 directories or symlinks, each with the root CID that several public
/// tools agree on. Where they do not agree, <see cref="GoldenCase.Root"/> is the value this project stands by.
/// </summary>
internal static class GoldenUnixfs
{
    private static readonly Lazy<IReadOnlyDictionary<string, GoldenCase>> Loaded = new(Load);

    public static IEnumerable<GoldenCase> Files => Loaded.Value.Values.Where(c => c.Entries is [{ Path: "", Type: GoldenType.File }]);

    /// <summary>Directories, and the four cases whose root is a symlink.</summary>
    public static IEnumerable<GoldenCase> Directories => Loaded.Value.Values.Except(Files);

    public static GoldenCase Get(string id) => Loaded.Value[id];

    private static Dictionary<string, GoldenCase> Load()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Vectors", "golden-unixfs.json");
        JsonElement document = JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
        return document.GetProperty("files").EnumerateArray()
            .Concat(document.GetProperty("dirs").EnumerateArray())
            .Select(Read)
            .ToDictionary(c => c.Id);
    }

    private static GoldenCase Read(JsonElement json)
    {
        JsonElement parameters = json.GetProperty("params");
        var golden = new GoldenCase(
            json.GetProperty("id").GetString()!,
            parameters.GetProperty("chunk").GetInt64(),
            parameters.GetProperty("max_links").GetInt32(),
            [.. Entries(json)],
            json.GetProperty("root").GetString()!)
        {
            ShardThreshold = parameters.TryGetProperty("shard_threshold", out JsonElement threshold) ? threshold.GetInt64() : 262144,
            Fanout = parameters.TryGetProperty("fanout", out JsonElement fanout) ? fanout.GetInt32() : 256,
            BlockBytes = parameters.TryGetProperty("shard_estimation", out JsonElement rule) && rule.GetString() == "block-bytes",
            Consensus = json.GetProperty("consensus").GetBoolean(),
            Note = Text(json, "note"),
            DagSize = json.GetProperty("dag_size").GetInt64(),
            BlocksVisited = json.GetProperty("n_blocks_visited").GetInt32(),
            BlocksSha256 = json.GetProperty("blocks_sha256").GetString(),
            CarPreOrder = Car(json, "dfs_preorder"),
            CarPostOrder = Car(json, "dfs_postorder"),
        };

        // A mode that equals the default is still a mode: kubo and boxo write it, js-importer drops it.
        // The file lists js-importer's root and blocks first here; only the root is known for what boxo makes of it.
        return golden.Id == "file-c262144-l174-prng-1000-mode0644"
            ? golden with
            {
                Root = json.GetProperty("disagree").GetProperty("boxo-dagpb-leaf").GetString()!,
                DagSize = null,
                BlocksSha256 = null,
                CarPreOrder = null,
                CarPostOrder = null,
            }
            : golden;
    }

    private static IEnumerable<GoldenEntry> Entries(JsonElement json)
    {
        if (json.TryGetProperty("input", out JsonElement input))
            yield return new GoldenEntry("", GoldenType.File, input, null, Mode(json), Mtime(json));
        if (json.TryGetProperty("target", out JsonElement target))
            yield return new GoldenEntry("", GoldenType.Symlink, null, target.GetString(), null, Mtime(json));
        if (json.TryGetProperty("entries", out JsonElement entries))
        {
            foreach (JsonElement entry in entries.EnumerateArray())
            {
                GoldenType type = Enum.Parse<GoldenType>(
                    entry.GetProperty("type").GetString() is "dir" ? "Directory" : entry.GetProperty("type").GetString()!, ignoreCase: true);
                yield return new GoldenEntry(
                    entry.GetProperty("path").GetString()!,
                    type,
                    entry.TryGetProperty("input", out JsonElement content) ? content : null,
                    Text(entry, "target"),
                    Mode(entry),
                    Mtime(entry));
            }
        }

        if (json.TryGetProperty("gen", out JsonElement recipe))
        {
            foreach (GoldenEntry entry in Generated(recipe))
                yield return entry;
        }
    }

    private static IEnumerable<GoldenEntry> Generated(JsonElement recipe)
    {
        int width = recipe.GetProperty("width").GetInt32();
        for (int i = 0; i < recipe.GetProperty("count").GetInt32(); i++)
        {
            string name = $"{Text(recipe, "prefix")}{i.ToString().PadLeft(width, '0')}{Text(recipe, "suffix")}";
            if (recipe.TryGetProperty("long", out JsonElement longer) && longer.GetProperty("index").GetInt32() == i)
                name += Text(longer, "add");
            long size = recipe.TryGetProperty("const", out JsonElement constant)
                ? constant.GetInt64()
                : i * 37L % recipe.GetProperty("mod").GetInt64();
            JsonElement input = JsonSerializer.SerializeToElement(new { kind = "prng", seed = $"{Text(recipe, "seed")}/{i}", size });
            yield return new GoldenEntry(name, GoldenType.File, input, null, null, null);
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static uint? Mode(JsonElement json) => json.TryGetProperty("mode", out JsonElement mode) ? mode.GetUInt32() : null;

    private static (long Seconds, int Nanos)? Mtime(JsonElement json) => json.TryGetProperty("mtime", out JsonElement mtime)
        ? (mtime.GetProperty("secs").GetInt64(), mtime.GetProperty("nanos").GetInt32())
        : null;

    private static GoldenCar? Car(JsonElement json, string order) =>
        json.TryGetProperty("carv1", out JsonElement cars) && cars.TryGetProperty(order, out JsonElement car)
            ? new GoldenCar(car.GetProperty("sha256").GetString()!, car.GetProperty("size").GetInt64())
            : null;
}
