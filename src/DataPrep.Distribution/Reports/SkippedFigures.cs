using System.Text.Json;
using DataPrep.Records;

namespace DataPrep.Distribution.Reports;

/// <summary>What was left out of a dataset: how many for which reason, and the first of them.</summary>
internal static class SkippedFigures
{
    /// <summary>Inputs that are listed.</summary>
    public const int MostListed = 100;

    private const int MostReasons = 20;
    private const string OtherReasons = "others";

    /// <exception cref="IOException">The list cannot be read.</exception>
    /// <exception cref="Ipld.MalformedDataException">It is not what it should be.</exception>
    public static void Write(string folder, Utf8JsonWriter json, CancellationToken cancel)
    {
        string path = Path.Join(folder, RecordFile.Skipped);
        var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long count = 0;
        json.WriteStartObject("skipped");
        json.WriteStartArray("list");
        foreach (var (skipped, _) in File.Exists(path) ? RecordFile.ReadLines(path, RecordJson.Default.SkippedRecord) : [])
        {
            cancel.ThrowIfCancellationRequested();
            string reason = reasons.Count < MostReasons || reasons.ContainsKey(skipped.Reason) ? skipped.Reason : OtherReasons;
            reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            if (count++ >= MostListed)
                continue;
            json.WriteStartObject();
            json.WriteString("name", ShownText.Path(skipped.Path, skipped.PathHex));
            json.WriteString("reason", ShownText.Of(skipped.Reason));
            json.WriteString("detail", ShownText.Of(skipped.Detail));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("count", count);
        json.WriteStartArray("reasons");
        foreach (var (reason, inputs) in reasons.OrderByDescending(each => each.Value))
        {
            json.WriteStartObject();
            json.WriteString("reason", ShownText.Of(reason));
            json.WriteNumber("inputs", inputs);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
