using System.Text.Json;

namespace DataPrep.Distribution.Reports;

/// <summary>Reads JSON Lines that may be damaged, in little memory: what is no object, or a line of more than a mebibyte, is passed over and counted.</summary>
/// <param name="cancel">Checked at each line.</param>
internal sealed class LenientLines(string path, CancellationToken cancel)
{
    private const int LongestLine = 1 << 20;

    /// <summary>Lines passed over, or refused by who reads them.</summary>
    public long Damaged { get; private set; }

    /// <summary>Hands each object on. What it returns says whether the object was of use.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Read(Func<JsonElement, bool> take)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
        byte[] buffer = new byte[LongestLine];
        int end = 0;
        bool isTooLong = false;
        for (int got; (got = file.Read(buffer, end, buffer.Length - end)) > 0;)
        {
            int begin = 0, searched = end;
            end += got;
            for (int length; (length = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n')) >= 0; begin = searched = searched + length + 1)
            {
                cancel.ThrowIfCancellationRequested();
                if (!isTooLong)
                    Take(buffer.AsMemory(begin, searched + length - begin), take);
                isTooLong = false;
            }

            buffer.AsSpan(begin, end - begin).CopyTo(buffer);
            end -= begin;
            if (end < buffer.Length)
                continue;
            if (!isTooLong)
                Damaged++;
            (isTooLong, end) = (true, 0);
        }

        if (end > 0 && !isTooLong)
            Take(buffer.AsMemory(0, end), take);
    }

    /// <summary>A number from 0 to 10^15, in which differences are still exact to the byte; null for all else.</summary>
    public static double? Number(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number is >= 0 and <= 1e15 ? number : null;

    /// <summary>A byte count; null for all else.</summary>
    public static long? Bytes(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number is >= 0 and <= 1L << 60 ? number : null;

    /// <summary>A text; null for all else, such as one that is no Unicode.</summary>
    public static string? Text(JsonElement line, string name)
    {
        if (!line.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private void Take(ReadOnlyMemory<byte> line, Func<JsonElement, bool> take)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind == JsonValueKind.Object && take(json.RootElement))
                return;
        }
        catch (JsonException)
        {
            // Counted below.
        }

        Damaged++;
    }
}
