using System.Text.Json.Serialization;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Extraction;

/// <summary>The records of a dataset's entries, asked for in the order of their paths, in which the file has them. Reads as far as it is asked.</summary>
internal sealed class RecordedEntries : IDisposable
{
    private readonly Action<Exception> onFault;
    private IEnumerator<(RecordedEntry Record, long Offset)>? lines;
    private RecordedEntry? current;

    /// <param name="onFault">Takes what is wrong with the file, of which nothing is then known from there on.</param>
    public RecordedEntries(string folder, Action<Exception> onFault)
    {
        this.onFault = onFault;
        lines = RecordFile.ReadLines(Path.Join(folder, RecordFile.Files), RecordedEntryJson.Default.RecordedEntry).GetEnumerator();
        MoveNext();
    }

    /// <summary>The record of a path, or null; the first one where the path is empty, as of a dataset that is a single file.</summary>
    /// <param name="path">Not before one that was asked for.</param>
    public RecordedEntry? Find(byte[] path)
    {
        while (current is not null && path.Length > 0)
        {
            int order = PathText.Compare(current.Bytes, path);
            if (order >= 0)
                return order == 0 ? current : null;
            MoveNext();
        }

        return current;
    }

    public void Dispose() => lines?.Dispose();

    private void MoveNext()
    {
        try
        {
            current = lines is not null && lines.MoveNext() ? lines.Current.Record : null;
            _ = current?.Bytes;
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            (current, lines) = (null, null);
            onFault(e);
        }
    }
}

/// <summary>What a line of <c>files.jsonl</c> says of an entry beside its content. Reading no more than this takes a third of the time.</summary>
internal sealed class RecordedEntry
{
    public string? Path { get; set; }

    public string? PathHex { get; set; }

    public uint? Mode { get; set; }

    public string? Mtime { get; set; }

    /// <summary>Bytes of the path.</summary>
    /// <exception cref="FormatException">The record has no path, or one that is none.</exception>
    [JsonIgnore]
    public byte[] Bytes => field ??= RecordFile.PathBytes(Path ?? throw new FormatException("an entry has no path"), PathHex);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RecordedEntry))]
internal sealed partial class RecordedEntryJson : JsonSerializerContext;
