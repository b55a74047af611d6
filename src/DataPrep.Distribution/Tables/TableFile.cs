using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using DataPrep.Ipld;

namespace DataPrep.Distribution.Tables;

/// <summary>
/// Reads tables that others have written: CSV (RFC 4180) with the names of the columns first, JSON Lines, or a JSON array of objects. Lines of
/// CSV that begin with <c>#</c> are remarks. Rows come one by one; CSV is never in memory as a whole.
/// </summary>
internal static class TableFile
{
    private static readonly CsvReaderOptions Form = new()
    {
        HasHeader = false,
        CommentPrefix = '#',
        TrimWhitespace = true,
        MalformedData = CsvMalformedDataHandling.Throw,
        MaxRecordSize = 1 << 20,
        TrackLineNumbers = true,
    };

    /// <param name="what">What a row is, in messages: a provider.</param>
    /// <param name="mostBytes">No such file is longer.</param>
    /// <param name="required">Columns that CSV has to have; of each the names that it may go by.</param>
    /// <exception cref="MalformedDataException">It is no such table.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IEnumerable<TableRow> Read(string path, string what, long mostBytes, params string[][] required)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        if (file.Length > mostBytes)
            throw new MalformedDataException($"has {file.Length} bytes; {mostBytes} are the most that is read", 0, path);
        int start = Begin(file);
        var rows = file.ReadByte() is '[' or '{' ? Json(path, start, what) : Csv(file, path, start, required);
        foreach (var row in rows)
            yield return row;
    }

    /// <summary>Where the first byte is that says which form it is; the file stands there.</summary>
    private static int Begin(FileStream file)
    {
        Span<byte> head = stackalloc byte[1 << 10];
        int length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        int start = head[..length].StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        start += Math.Max(0, head[start..length].IndexOfAnyExcept(" \t\r\n"u8));
        file.Position = start;
        return start;
    }

    private static IEnumerable<TableRow> Csv(FileStream file, string path, int start, string[][] required)
    {
        file.Position = start;
        using var csv = CsvReader.Create(file, Form, leaveOpen: true);
        Dictionary<string, int>? columns = null;
        while (Next(csv, path, start))
        {
            long offset = start + csv.ByteOffset;
            string place = string.Create(CultureInfo.InvariantCulture, $"line {csv.LineNumber}: ");
            string[] values = [.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetString)];
            if (values is [""])
                continue;
            if (columns is null)
                columns = Columns(values, place, path, offset, required);
            else if (values.Length > columns.Count)
                throw new MalformedDataException($"{place}has {values.Length} values for {columns.Count} columns", offset, path);
            else
                yield return new TableRow(columns, values, place, path, offset);
        }
    }

    private static bool Next(CsvReader csv, string path, int start)
    {
        try
        {
            return csv.Read();
        }
        catch (CsvFormatException e)
        {
            throw new MalformedDataException($"line {e.LineNumber}: no row of CSV; it may end within quotes, or have one where none can be: {e.Message}", start + e.ByteOffset, path);
        }
    }

    private static Dictionary<string, int> Columns(string[] names, string place, string path, long offset, string[][] required)
    {
        var columns = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < names.Length; i++)
        {
            if (!columns.TryAdd(names[i], i) && names[i].Length > 0)
                throw new MalformedDataException($"{place}there are two columns '{names[i]}'", offset, path);
        }

        if (required.Any(any => !any.Any(columns.ContainsKey)))
            throw new MalformedDataException($"the first line names the columns; {string.Join(" and ", required.Select(any => $"'{any[0]}'"))} have to be among them", offset, path);
        return columns;
    }

    /// <summary>One array, or any number of objects, whether each has a line or several.</summary>
    private static IEnumerable<TableRow> Json(string path, int start, string what)
    {
        byte[] bytes = File.ReadAllBytes(path);
        var columns = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        int at = start;
        var state = new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true });
        while (Element(bytes, ref at, ref state, path) is (var element, int offset))
        {
            using (element)
            {
                if (element.RootElement.ValueKind != JsonValueKind.Object)
                    throw new MalformedDataException($"{what} is no JSON object", offset, path);
                yield return new TableRow(columns, Values(element.RootElement, columns), "", path, offset);
            }
        }
    }

    /// <summary>The next value at the top or in an array that stands there.</summary>
    private static (JsonDocument Element, int Offset)? Element(byte[] bytes, ref int at, ref JsonReaderState state, string path)
    {
        var reader = new Utf8JsonReader(bytes.AsSpan(at), isFinalBlock: true, state);
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth == 0 && reader.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray)
                    continue;
                int offset = at + (int)reader.TokenStartIndex;
                var element = JsonDocument.ParseValue(ref reader);
                at += (int)reader.BytesConsumed;
                state = reader.CurrentState;
                return (element, offset);
            }

            return null;
        }
        catch (JsonException e)
        {
            throw new MalformedDataException($"not the expected JSON: {e.Message.Split(" LineNumber: ")[0]}", at + reader.BytesConsumed, path);
        }
    }

    private static string?[] Values(JsonElement element, Dictionary<string, int> columns)
    {
        // Names that no reader asks for are kept out of the memory of a file that has ever new ones.
        string?[] values = new string?[element.GetPropertyCount() + columns.Count];
        foreach (var property in element.EnumerateObject())
        {
            if (!columns.TryGetValue(property.Name, out int column))
                columns[property.Name] = column = columns.Count;
            values[column] = property.Value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.Array => string.Join(' ', property.Value.EnumerateArray().Select(item => item.ToString())),
                _ => property.Value.ToString().Trim(),
            };
        }

        return values;
    }
}
