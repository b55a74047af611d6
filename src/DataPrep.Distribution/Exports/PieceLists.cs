using System.Globalization;
using DataPrep.Records;

namespace DataPrep.Distribution.Exports;

/// <summary>Lists with a row or an object for each piece. docs/export.md says where their fields come from.</summary>
internal static class PieceLists
{
    // fidlabs/provider-sample-url-finder, deal_manifest.rs.
    private const int RpaPieces = 100_000;
    private const int RpaBytes = 10 << 20;
    private const long RpaLeastServed = 8L << 30;

    public static void Csv(ExportInput input, Stream stream)
    {
        using var csv = new CsvRows(stream);
        csv.Row("pieceCid", "pieceCidV2", "pieceSize", "rootCid", "carSize", "payloadSize", "carFile", "kind", "files", "inline", "sha256", "url");
        foreach (var piece in input.Records)
        {
            csv.Row(piece.PieceCid, piece.PieceCidV2, piece.PieceSize, piece.RootCid, piece.CarSize, piece.PayloadSize, piece.CarFile, piece.Kind, piece.Files, piece.Inline,
                piece.Sha256, input.Options.Urls.Count > 0 ? input.Options.Urls[0].Of(piece) : "");
        }
    }

    public static void Singularity(ExportInput input, Stream stream) => WritePieceList(input, stream);

    public static void Rpa(ExportInput input, Stream stream)
    {
        if (input.Pieces.Count > RpaPieces)
            throw new InvalidDataException($"{input.Pieces.Count} pieces, and a manifest for RPA has at most {RpaPieces}: split the dataset");
        int small = input.Records.Count(piece => piece.CarSize < RpaLeastServed);
        if (small > 0)
            input.Warn($"{small} of {input.Pieces.Count} CARs are smaller than 8 GiB: RPA counts them as not retrievable where a provider serves no more than the CAR");
        using var text = new MemoryStream();
        WritePieceList(input, text);
        if (text.Length > RpaBytes)
            throw new InvalidDataException($"a manifest of {text.Length} bytes, and RPA takes at most {RpaBytes}: split the dataset");
        text.WriteTo(stream);
    }

    /// <summary>The shape in which Singularity lists the pieces of a preparation, and that RPA takes as manifest.</summary>
    private static void WritePieceList(ExportInput input, Stream stream)
    {
        using (var json = new JsonText(stream, isIndented: true))
        {
            var writer = json.Writer;
            writer.WriteStartArray();
            writer.WriteStartObject();
            writer.WriteStartArray("pieces");
            foreach (var piece in input.Records)
            {
                writer.WriteStartObject();
                writer.WriteString("pieceCid", piece.PieceCid);
                writer.WriteNumber("pieceSize", piece.PieceSize);
                writer.WriteString("rootCid", piece.RootCid);
                writer.WriteNumber("fileSize", piece.CarSize);
                writer.WriteString("storagePath", piece.CarFile);
                writer.WriteNumber("numOfFiles", piece.Files);
                writer.WriteString("pieceType", piece.Kind);
                writer.WriteEndObject();
                json.Relieve();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        stream.WriteByte((byte)'\n');
    }

    public static void FilDataPrep(ExportInput input, Stream stream)
    {
        string time = (input.Options.Timestamp ?? Newest(input.Dataset)).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        using var csv = new CsvRows(stream);
        csv.Row("timestamp", "car file", "root_cid", "piece cid", "padded piece size");
        foreach (var piece in input.Records)
            csv.Row(time, piece.CarFile, piece.RootCid, piece.PieceCid, piece.PieceSize);
    }

    public static void DeltaCsv(ExportInput input, Stream stream)
    {
        using var csv = new CsvRows(stream);
        csv.Row("commP", "payloadCid", "size", "paddedSize");
        foreach (var piece in input.Records)
            csv.Row(piece.PieceCid, piece.RootCid, piece.CarSize, piece.PieceSize);
    }

    public static void DeltaJson(ExportInput input, Stream stream)
    {
        using (var json = new JsonText(stream, isIndented: true))
        {
            var writer = json.Writer;
            writer.WriteStartArray();
            foreach (var piece in input.Records)
            {
                writer.WriteStartObject();
                writer.WriteString("payload_cid", piece.RootCid);
                writer.WriteString("commp", piece.PieceCid);
                writer.WriteNumber("padded_size", piece.PieceSize);
                writer.WriteNumber("size", piece.CarSize);
                writer.WriteString("collection", input.Options.Collection ?? input.Dataset.Record.Name);
                writer.WriteString("content_location", input.Options.Urls[0].Of(piece));
                writer.WriteEndObject();
                json.Relieve();
            }

            writer.WriteEndArray();
        }

        stream.WriteByte((byte)'\n');
    }

    /// <summary>
    /// The input file of <c>aria2c -i</c>: a line of URLs that are mirrors of one another, then lines of options, which begin with spaces.
    /// </summary>
    public static void Aria2(ExportInput input, Stream stream)
    {
        using var lines = new StreamWriter(stream, bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
        long without = 0;
        foreach (var piece in input.Records)
        {
            lines.WriteLine(string.Join('\t', input.Options.Urls.Select(url => url.Of(piece))));
            if (piece.Sha256 is { } sum)
                lines.WriteLine($"  checksum=sha-256={sum}");
            else
                without++;
            lines.WriteLine($"  out={OneLine(piece.CarFile)}");
            foreach (var header in input.Options.Headers)
                lines.WriteLine($"  header={header.Name}: {header.Value}");
        }

        if (without > 0)
            input.Warn($"{without} of {input.Pieces.Count} pieces have no SHA-256, so aria2 will not check them: pack with --sha256 for checksums");
    }

    /// <summary>A name for a format that has no way to write a line break.</summary>
    /// <exception cref="InvalidDataException">There is a control character in it.</exception>
    public static string OneLine(string name) =>
        name.Any(char.IsControl) || name != name.Trim() ? throw new InvalidDataException($"'{Source.PathText.Quote(name)}' cannot be written as a file name in this format") : name;

    private static DateTimeOffset Newest(ExportDataset dataset) =>
        dataset.Cut.Newest is { } text && TimeText.Parse(text) is { } time ? DateTimeOffset.FromUnixTimeSeconds(time.Seconds) : DateTimeOffset.UnixEpoch;
}
