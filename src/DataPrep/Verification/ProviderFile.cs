using System.Text;
using System.Text.Json;
using DataPrep.Ipld;

namespace DataPrep.Verification;

/// <summary>
/// Reads a list of storage providers: CSV with a line of names first, JSON Lines, or a JSON array. Of each provider <c>id</c>, <c>url</c>,
/// <c>region</c>, <c>tokenEnv</c> and <c>pieces</c> are taken; what else is said of it is for others.
/// </summary>
internal static class ProviderFile
{
    /// <summary>Far more than any list has.</summary>
    private const int MostBytes = 64 << 20;

    /// <param name="without">Called with the id of each provider that has no URL.</param>
    /// <exception cref="MalformedDataException">It is no such list, or names no provider.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<AuditProvider> Read(string path, Action<string> without)
    {
        using (var file = File.OpenRead(path))
        {
            if (file.Length > MostBytes)
                throw new MalformedDataException($"has {file.Length} bytes, which no list of providers has", 0, path);
        }

        byte[] bytes = File.ReadAllBytes(path);
        int start = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        int first = start + Math.Max(0, bytes.AsSpan(start).IndexOfAnyExcept(" \t\r\n"u8));
        IEnumerable<(Dictionary<string, string> Fields, long Offset)> rows = bytes.Length > first && bytes[first] is (byte)'[' or (byte)'{' ? Json(bytes, first, path) : Csv(Encoding.UTF8.GetString(bytes.AsSpan(start)), path);
        var providers = new List<AuditProvider>();
        bool isEmpty = true;
        foreach (var (fields, offset) in rows)
        {
            isEmpty = false;
            if (Provider(fields, offset, path) is { } provider)
                providers.Add(provider);
            else
                without(fields.GetValueOrDefault("id", "?"));
        }

        return isEmpty ? throw new MalformedDataException("names no provider", 0, path) : providers;
    }

    /// <summary>Null where it has no URL.</summary>
    private static AuditProvider? Provider(Dictionary<string, string> fields, long offset, string path)
    {
        if (Value("id") is not { } id)
            throw new MalformedDataException("a provider has no 'id'", offset, path);
        if (Value("url") is not { } url)
            return null;
        try
        {
            return new AuditProvider(id, Value("region"), AuditProvider.Check(url))
            {
                TokenVariable = Value("tokenEnv"),
                Pieces = Value("pieces") is { } pieces ? pieces.Split([' ', ';'], StringSplitOptions.RemoveEmptyEntries).Select(AuditProvider.Version1).ToHashSet() : null,
            };
        }
        catch (FormatException e)
        {
            throw new MalformedDataException($"provider '{id}': {(e as MalformedDataException)?.Reason ?? e.Message}", offset, path);
        }

        string? Value(string name) => fields.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;
    }

    /// <summary>One array, or any number of objects, whether each has a line or several.</summary>
    private static List<(Dictionary<string, string> Fields, long Offset)> Json(byte[] bytes, int first, string path)
    {
        var rows = new List<(Dictionary<string, string>, long)>();
        var reader = new Utf8JsonReader(bytes.AsSpan(first), new JsonReaderOptions { AllowMultipleValues = true });
        try
        {
            while (reader.Read())
            {
                long offset = first + reader.TokenStartIndex;
                using var document = JsonDocument.ParseValue(ref reader);
                var root = document.RootElement;
                foreach (var element in root.ValueKind == JsonValueKind.Array ? root.EnumerateArray().ToArray() : [root])
                    rows.Add((Fields(element, offset, path), offset));
            }
        }
        catch (JsonException e)
        {
            throw new MalformedDataException($"not the expected JSON: {e.Message.Split(" LineNumber: ")[0]}", first + reader.BytesConsumed, path);
        }

        return rows;
    }

    private static Dictionary<string, string> Fields(JsonElement element, long offset, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new MalformedDataException("a provider is no JSON object", offset, path);
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var property in element.EnumerateObject())
        {
            fields[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.Null => "",
                JsonValueKind.Array => string.Join(' ', property.Value.EnumerateArray().Select(item => item.ToString())),
                _ => property.Value.ToString(),
            };
        }

        return fields;
    }

    private static IEnumerable<(Dictionary<string, string> Fields, long Offset)> Csv(string text, string path)
    {
        string[]? names = null;
        long line = 0;
        foreach (string row in text.Split('\n'))
        {
            line++;
            if (row.Trim() is not { Length: > 0 } content || content[0] == '#')
                continue;
            var values = Values(content, line, path);
            if (names is null)
            {
                names = [.. values];
                if (!names.Contains("id", StringComparer.OrdinalIgnoreCase) || !names.Contains("url", StringComparer.OrdinalIgnoreCase))
                    throw new MalformedDataException("the first line names the columns; 'id' and 'url' have to be among them", 0, path);
                continue;
            }

            if (values.Count > names.Length)
                throw new MalformedDataException($"line {line} has {values.Count} values for {names.Length} columns", 0, path);
            var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (int i = 0; i < values.Count; i++)
                fields[names[i]] = values[i];
            yield return (fields, 0);
        }
    }

    /// <summary>Values of a line, in double quotes where they hold a comma; a quote in these is doubled (RFC 4180).</summary>
    private static List<string> Values(string row, long line, string path)
    {
        var values = new List<string>();
        var value = new StringBuilder();
        bool isQuoted = false;
        for (int i = 0; i < row.Length; i++)
        {
            char c = row[i];
            if (c == '"' && isQuoted && i + 1 < row.Length && row[i + 1] == '"')
                _ = value.Append(row[i++]);
            else if (c == '"')
                isQuoted = !isQuoted;
            else if (c == ',' && !isQuoted)
                Take();
            else
                _ = value.Append(c);
        }

        if (isQuoted)
            throw new MalformedDataException($"line {line} ends within quotes", 0, path);
        Take();
        return values;

        void Take()
        {
            values.Add(value.ToString().Trim());
            _ = value.Clear();
        }
    }
}
