using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DataPrep.Ipld;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Records;

/// <summary>Reads and writes the JSON and JSON Lines files of a dataset.</summary>
internal static class RecordFile
{
    public const string Dataset = "dataset.json";
    public const string Pieces = "pieces.jsonl";
    public const string Files = "files.jsonl";
    public const string Skipped = "skipped.jsonl";

    private const int LongestLine = 64 << 20;

    // Paths stay readable: nothing of this goes into HTML.
    private static readonly JsonWriterOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonWriterOptions Indented = Line with { Indented = true, NewLine = "\n" };

    public static void Write<T>(Stream stream, T record, JsonTypeInfo<T> type)
    {
        using (var json = new Utf8JsonWriter(stream, Indented))
            JsonSerializer.Serialize(json, record, type);
        stream.WriteByte((byte)'\n');
    }

    public static void WriteLines<T>(Stream stream, IEnumerable<T> records, JsonTypeInfo<T> type)
    {
        // The writer flushes what is below it with every record, so that is memory and not the file.
        var line = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(line, Line);
        foreach (var record in records)
        {
            JsonSerializer.Serialize(json, record, type);
            json.Flush();
            json.Reset();
            stream.Write(line.WrittenSpan);
            stream.WriteByte((byte)'\n');
            line.ResetWrittenCount();
        }
    }

    /// <exception cref="MalformedDataException">The file is not what it should be.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        byte[] bytes = File.ReadAllBytes(path);
        return Parse(bytes, 0, path, type);
    }

    /// <summary>Reads a JSON Lines file record by record, with the byte offset of each line.</summary>
    /// <exception cref="MalformedDataException">A line is not what it should be; the offset is the line's.</exception>
    public static IEnumerable<(T Record, long Offset)> ReadLines<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
        byte[] buffer = new byte[64 << 10];
        int begin = 0, end = 0;
        long offset = 0;
        while (true)
        {
            int length = buffer.AsSpan(begin, end - begin).IndexOf((byte)'\n');
            if (length >= 0)
            {
                yield return (Parse(buffer.AsSpan(begin, length), offset, path, type), offset);
                begin += length + 1;
                offset += length + 1;
                continue;
            }

            buffer.AsSpan(begin, end - begin).CopyTo(buffer);
            (begin, end) = (0, end - begin);
            if (end == buffer.Length)
            {
                if (end >= LongestLine)
                    throw new MalformedDataException($"a line is longer than {LongestLine} bytes", offset, path);
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            int got = file.Read(buffer, end, buffer.Length - end);
            end += got;
            if (got == 0)
            {
                if (end > 0)
                    throw new MalformedDataException("the last line has no end: the file is cut off", offset, path);
                yield break;
            }
        }
    }

    /// <summary>Reads one line of a JSON Lines file.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <exception cref="MalformedDataException">The line is not what it should be.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static T ReadLine<T>(SafeFileHandle file, string path, long offset, JsonTypeInfo<T> type)
        where T : class
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 10);
        try
        {
            for (int end = 0; ;)
            {
                int got = RandomAccess.Read(file, buffer.AsSpan(end), offset + end);
                int length = buffer.AsSpan(end, got).IndexOf((byte)'\n');
                if (length >= 0)
                    return Parse(buffer.AsSpan(0, end + length), offset, path, type);
                if (got == 0 || buffer.Length >= LongestLine)
                    throw new MalformedDataException("a line has no end", offset, path);
                end += got;
                if (end == buffer.Length)
                {
                    byte[] longer = ArrayPool<byte>.Shared.Rent(2 * end);
                    buffer.CopyTo(longer, 0);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = longer;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The pieces that a folder's list names. Their file names are plain names: nothing outside the folder can be meant.</summary>
    /// <exception cref="MalformedDataException">The list is not what it should be.</exception>
    public static IReadOnlyList<PieceRecord> ReadPieces(string folder) => [.. ReadPieceLines(folder).Select(line => line.Record)];

    /// <summary>The same, with the byte offset of each line.</summary>
    /// <exception cref="MalformedDataException">The list is not what it should be.</exception>
    public static IReadOnlyList<(PieceRecord Record, long Offset)> ReadPieceLines(string folder) => ReadPieceLinesOf(Path.Join(folder, Pieces));

    /// <summary>The same of a list, whatever its name.</summary>
    /// <exception cref="MalformedDataException">The list is not what it should be.</exception>
    public static IReadOnlyList<(PieceRecord Record, long Offset)> ReadPieceLinesOf(string path) => [.. PieceLinesOf(path)];

    /// <summary>The same one by one: a million of them would take a gigabyte.</summary>
    /// <exception cref="MalformedDataException">The list is not what it should be.</exception>
    public static IEnumerable<(PieceRecord Record, long Offset)> PieceLinesOf(string path)
    {
        foreach (var (piece, offset) in ReadLines(path, RecordJson.Default.PieceRecord))
        {
            if (!IsPlainName(piece.CarFile) || !IsPlainName(piece.PieceCid))
                throw new MalformedDataException($"'{piece.CarFile}' is no name of a file beside it", offset, path);
            yield return (piece, offset);
        }
    }

    private static bool IsPlainName(string name) => name.Length > 0 && name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '\0') < 0;

    /// <summary>Path text and, where it is not UTF-8, its bytes in hex.</summary>
    public static (string Path, string? PathHex) PathFields(ReadOnlySpan<byte> path) =>
        (PathText.Show(path), PathText.IsUtf8(path) ? null : Convert.ToHexStringLower(path));

    /// <summary>The bytes of a recorded path.</summary>
    public static byte[] PathBytes(string path, string? hex) => hex is null ? PathText.FromArgument(path) : Convert.FromHexString(hex);

    /// <summary>A record from its bytes.</summary>
    /// <param name="offset">Where in the file they begin.</param>
    /// <exception cref="MalformedDataException">They are not what they should be.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> bytes, long offset, string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("null is no record");
        }
        catch (JsonException e)
        {
            string reason = e.Message.Split(" Path: ")[0].Split(" LineNumber: ")[0];
            throw new MalformedDataException($"not the expected JSON: {reason}", offset + (e.BytePositionInLine ?? 0), path);
        }
    }
}
