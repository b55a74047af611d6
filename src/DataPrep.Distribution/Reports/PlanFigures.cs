using System.Text.Json;
using DataPrep.Piece;

namespace DataPrep.Distribution.Reports;

/// <summary>Which provider, and which region, is to have how much by <c>distribution/plan.jsonl</c>, and how many replicas pieces have. Lines that cannot be read are counted and left out.</summary>
internal sealed class PlanFigures
{
    public const string FileName = "distribution/plan.jsonl";

    /// <summary>Providers and regions that are shown; the bytes of the rest are shown as those of others.</summary>
    public const int ShownProviders = 100, ShownRegions = 12;

    private const int MostReplicas = 1000, MostCells = 1 << 14, LongestName = 60;
    private const string Unknown = "unknown", Others = "others";
    private readonly SortedDictionary<int, long> pieces = [];
    private readonly Dictionary<(string Provider, string Region), Share> cells = [];
    private readonly Dictionary<string, string> organisations = [];
    private long count, damaged;

    /// <returns>Null where there is no plan.</returns>
    /// <exception cref="IOException">It is there, and cannot be read.</exception>
    public static PlanFigures? Read(string folder, CancellationToken cancel)
    {
        string path = Path.Join(folder, FileName);
        if (!File.Exists(path))
            return null;
        var figures = new PlanFigures();
        var lines = new LenientLines(path, cancel);
        lines.Read(figures.Take);
        figures.damaged = lines.Damaged;
        return figures;
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("plan");
        json.WriteNumber("pieces", count);
        json.WriteNumber("damaged", damaged);
        json.WriteStartArray("replicas");
        foreach (var (replicas, number) in pieces)
        {
            json.WriteStartObject();
            json.WriteNumber("replicas", replicas);
            json.WriteNumber("pieces", number);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        var providers = Largest(cell => cell.Provider, ShownProviders);
        var regions = Largest(cell => cell.Region, ShownRegions);
        WriteNames(json, "regions", regions);
        json.WriteStartArray("providers");
        foreach (var rows in cells.GroupBy(cell => Name(cell.Key.Provider, providers)).OrderBy(row => Place(row.Key, providers)))
        {
            json.WriteStartObject();
            json.WriteString("name", rows.Key);
            json.WriteString("organisation", organisations.GetValueOrDefault(rows.Key));
            json.WriteStartArray("shares");
            foreach (string region in regions)
            {
                var here = rows.Where(cell => Name(cell.Key.Region, regions) == region).Select(cell => cell.Value).ToList();
                json.WriteStartObject();
                json.WriteNumber("pieces", here.Sum(share => share.Pieces));
                json.WriteNumber("bytes", here.Sum(share => share.Bytes));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private bool Take(JsonElement line)
    {
        if (LenientLines.Text(line, "pieceCid") is null || LenientLines.Bytes(line, "pieceSize") is not { } size || !PieceSize.IsValid(size)
            || !line.TryGetProperty("replicas", out var replicas) || replicas.ValueKind != JsonValueKind.Array || replicas.GetArrayLength() > MostReplicas)
            return false;
        foreach (var replica in replicas.EnumerateArray())
        {
            if (replica.ValueKind != JsonValueKind.Object || LenientLines.Text(replica, "provider") is null)
                return false;
        }

        foreach (var replica in replicas.EnumerateArray())
            Add(Short(replica, "provider"), Short(replica, "organisation"), Short(replica, "region"), size);
        pieces[replicas.GetArrayLength()] = pieces.GetValueOrDefault(replicas.GetArrayLength()) + 1;
        count++;
        return true;
    }

    private void Add(string? provider, string? organisation, string? region, long size)
    {
        var key = (provider ?? Unknown, region ?? Unknown);
        if (cells.Count >= MostCells && !cells.ContainsKey(key))
            key = (Others, Others);
        if (!cells.TryGetValue(key, out var share))
            cells.Add(key, share = new Share());
        share.Pieces++;
        share.Bytes += size;
        if (organisation is not null && organisations.Count < MostCells)
            _ = organisations.TryAdd(key.Item1, organisation);
    }

    /// <summary>Names by their bytes, most first; what is behind the limit is one of <see cref="Others"/>, last.</summary>
    private List<string> Largest(Func<(string Provider, string Region), string> name, int most)
    {
        var names = cells.GroupBy(cell => name(cell.Key), cell => cell.Value.Bytes).Select(group => (Name: group.Key, Bytes: group.Sum()))
            .OrderBy(each => each.Name == Others).ThenByDescending(each => each.Bytes).ThenBy(each => each.Name, StringComparer.Ordinal).Select(each => each.Name).ToList();
        return names.Count <= most ? names : [.. names.Where(each => each != Others).Take(most), Others];
    }

    private static string Name(string name, List<string> shown) => shown.Contains(name) ? name : Others;

    private static int Place(string name, List<string> shown) => shown.IndexOf(name);

    private static void WriteNames(Utf8JsonWriter json, string property, List<string> names)
    {
        json.WriteStartArray(property);
        foreach (string name in names)
            json.WriteStringValue(name);
        json.WriteEndArray();
    }

    private static string? Short(JsonElement line, string name) =>
        LenientLines.Text(line, name) is not { Length: > 0 } text ? null : ShownText.Of(text.Length > LongestName ? text[..LongestName] : text);

    private sealed class Share
    {
        public long Pieces { get; set; }

        public long Bytes { get; set; }
    }
}
