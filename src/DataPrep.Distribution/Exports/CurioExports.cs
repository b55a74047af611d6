using DataPrep.Packing;

namespace DataPrep.Distribution.Exports;

/// <summary>What Curio takes: the list of <c>curio market add-url</c>, data sources of its market 2.0, and the parts of an aggregate.</summary>
internal static class CurioExports
{
    // Curio, market/mk20/utils.go.
    private const int MostUrls = 10;
    private const int MostHeaders = 10;
    private const int LeastParts = 2;
    private const int MostParts = 1024;

    /// <summary>
    /// Lines that Curio splits at commas, without any quotes: the fourth field is all headers as <c>name:value</c>, and has to be there where there is none.
    /// </summary>
    public static void AddUrl(ExportInput input, Stream stream)
    {
        input.OnlyNaturalSizes("Curio");
        var uuids = ExportInput.Needed(input.Options.Uuids, ExportOption.Uuids);
        if (input.Options.Headers.FirstOrDefault(header => header.Value.Contains(',', StringComparison.Ordinal)) is { } bad)
            throw new UsageException($"--header '{bad.Name}': Curio splits at commas, so the value cannot have one");
        string headers = string.Join(',', input.Options.Headers.Select(header => $"{header.Name}:{header.Value}"));
        var ids = input.Records.Select(piece => uuids.Of(piece, input.Pieces.Count)).ToList();
        using var lines = new StreamWriter(stream, bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
        foreach (var (piece, id) in input.Records.Zip(ids))
            lines.WriteLine($"{id},{piece.CarSize},{input.Options.Urls[0].Of(piece)},{headers}");
    }

    /// <summary>An array of what Curio calls DataSource, one for each piece.</summary>
    public static void MarketTwo(ExportInput input, Stream stream)
    {
        input.OnlyNaturalSizes("Curio");
        var (urls, headers) = (input.Options.Urls, input.Options.Headers);
        if (urls.Count > MostUrls || headers.Count > MostHeaders)
            throw new UsageException($"Curio takes at most {MostUrls} --url and {MostHeaders} --header");
        using (var json = new JsonText(stream, isIndented: true))
        {
            var writer = json.Writer;
            writer.WriteStartArray();
            foreach (var piece in input.Records)
            {
                writer.WriteStartObject();
                // Go reads a CID from a link of DAG-JSON, and from nothing else.
                writer.WriteStartObject("piece_cid");
                writer.WriteString("/", piece.PieceCidV2);
                writer.WriteEndObject();
                writer.WriteStartObject("format");
                writer.WriteStartObject("car");
                writer.WriteEndObject();
                writer.WriteEndObject();
                writer.WriteStartObject(urls.Count > 0 ? "source_http" : "source_offline");
                if (urls.Count > 0)
                    WriteUrls(writer, [.. urls.Select(url => url.Of(piece))], headers);
                writer.WriteEndObject();
                writer.WriteEndObject();
                json.Relieve();
            }

            writer.WriteEndArray();
        }

        stream.WriteByte((byte)'\n');
    }

    private static void WriteUrls(System.Text.Json.Utf8JsonWriter writer, string[] urls, IReadOnlyList<HttpHeader> headers)
    {
        writer.WriteStartArray("urls");
        for (int i = 0; i < urls.Length; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("url", urls[i]);
            writer.WriteStartObject("headers");
            foreach (var header in headers.GroupBy(header => header.Name, StringComparer.OrdinalIgnoreCase))
            {
                writer.WriteStartArray(header.Key);
                foreach (var value in header)
                    writer.WriteStringValue(value.Value);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
            writer.WriteNumber("priority", i);
            writer.WriteBoolean("fallback", true);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>The file of <c>mk20-client deal --aggregate</c>: a line for each part, in the order of the segments.</summary>
    public static void Aggregate(ExportInput input, Stream stream)
    {
        input.OnlyNaturalSizes("Curio");
        if (input.Pieces.Count is < LeastParts or > MostParts)
            throw new InvalidDataException($"{input.Pieces.Count} pieces: an aggregate of Curio has {LeastParts} to {MostParts}");
        using var lines = new StreamWriter(stream, bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
        foreach (var piece in input.Records)
            lines.WriteLine($"{piece.PieceCidV2}\t{input.Options.Urls[0].Of(piece)}");
    }
}
