using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataPrep.Records;

namespace DataPrep.Distribution.Reports;

/// <summary>How large the files of a dataset are, and of what types. Memory does not grow with their number.</summary>
internal sealed class FileFigures
{
    /// <summary>Types that are counted one by one; what comes later is of the others. Names can be made up, so there can be one for each file.</summary>
    public const int MostTypes = 1 << 14;

    /// <summary>Types that are shown: those with most bytes.</summary>
    public const int ShownTypes = 15;

    private const int LongestExtension = 12;
    private readonly Tally[] sizes = new Tally[2 + 27];
    private readonly Dictionary<string, Tally> types = [];
    private readonly Dictionary<string, Tally>.AlternateLookup<ReadOnlySpan<char>> byName;
    private readonly Tally late = new();

    public FileFigures()
    {
        byName = types.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int i = 0; i < sizes.Length; i++)
            sizes[i] = new Tally();
    }

    /// <exception cref="IOException">The list cannot be read.</exception>
    /// <exception cref="Ipld.MalformedDataException">It is not what it should be.</exception>
    public static FileFigures Read(string folder, CancellationToken cancel)
    {
        var figures = new FileFigures();
        foreach (var (entry, _) in RecordFile.ReadLines(Path.Join(folder, RecordFile.Files), FileFactsJson.Default.FileFacts))
        {
            cancel.ThrowIfCancellationRequested();
            if (entry.Type == "file")
                figures.Add(entry.Path, entry.Size);
        }

        return figures;
    }

    /// <param name="size">In bytes.</param>
    public void Add(string path, long size)
    {
        sizes[Bucket(size)].Add(size);
        Span<char> lower = stackalloc char[LongestExtension];
        ReadOnlySpan<char> name = lower[..Extension(path).ToLowerInvariant(lower)];
        if (byName.TryGetValue(name, out var tally))
            tally.Add(size);
        else if (types.Count < MostTypes)
            (types[name.ToString()] = new Tally()).Add(size);
        else
            late.Add(size);
    }

    /// <summary>0 for empty files, 1 for less than 1 KiB, and then one for each factor of four.</summary>
    public static int Bucket(long size) => size <= 0 ? 0 : size < 1024 ? 1 : 2 + ((BitOperations.Log2((ulong)size) - 10) / 2);

    /// <summary>What stands behind the last dot of a name that does not begin with it; nothing where that is no word of at most 12 letters and digits.</summary>
    public static ReadOnlySpan<char> Extension(ReadOnlySpan<char> path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        int dot = name.LastIndexOf('.');
        var extension = dot > 0 ? name[(dot + 1)..] : [];
        if (extension.Length > LongestExtension)
            return [];
        foreach (char c in extension)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('_' or '-' or '+' or '~'))
                return [];
        }

        return extension;
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("files");
        json.WriteStartArray("sizes");
        int last = Array.FindLastIndex(sizes, tally => tally.Files > 0);
        for (int i = Math.Max(0, Array.FindIndex(sizes, tally => tally.Files > 0)); i <= last; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("from", i < 2 ? i : 1L << (10 + (2 * (i - 2))));
            sizes[i].WriteTo(json);
        }

        json.WriteEndArray();
        var sorted = types.OrderByDescending(type => type.Value.Bytes).ThenByDescending(type => type.Value.Files).ThenBy(type => type.Key, StringComparer.Ordinal).ToList();
        json.WriteStartArray("types");
        foreach (var (name, tally) in sorted.Take(ShownTypes))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            tally.WriteTo(json);
        }

        json.WriteEndArray();
        var others = new Tally { Files = late.Files, Bytes = late.Bytes };
        foreach (var (_, tally) in sorted.Skip(ShownTypes))
            (others.Files, others.Bytes) = (others.Files + tally.Files, others.Bytes + tally.Bytes);
        json.WriteStartObject("otherTypes");
        json.WriteNumber("types", Math.Max(0, sorted.Count - ShownTypes));
        json.WriteBoolean("areMore", late.Files > 0);
        others.WriteTo(json);
        json.WriteEndObject();
    }

    private sealed class Tally
    {
        public long Files { get; set; }

        public long Bytes { get; set; }

        public void Add(long size)
        {
            Files++;
            Bytes += Math.Max(0, size);
        }

        /// <summary>Writes the closing properties of an object.</summary>
        public void WriteTo(Utf8JsonWriter json)
        {
            json.WriteNumber("files", Files);
            json.WriteNumber("bytes", Bytes);
            json.WriteEndObject();
        }
    }
}

/// <summary>What of a line of <c>files.jsonl</c> the figures are made of: the rest of it is most of the time that reading it whole takes.</summary>
internal sealed record FileFacts
{
    public required string Path { get; init; }

    public required string Type { get; init; }

    public required long Size { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(FileFacts))]
internal sealed partial class FileFactsJson : JsonSerializerContext;
