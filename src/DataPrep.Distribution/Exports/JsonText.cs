using System.Text.Encodings.Web;
using System.Text.Json;
using DataPrep.Unixfs;

namespace DataPrep.Distribution.Exports;

/// <summary>JSON of any length to a stream, and paths in it.</summary>
internal sealed class JsonText : IDisposable
{
    private const int Pending = 1 << 16;

    // Two levels for each folder of a tree.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = (2 * DagReader.MaxDepth) + 64 };

    /// <param name="isIndented">With line breaks for people.</param>
    public JsonText(Stream stream, bool isIndented = false) => Writer = new Utf8JsonWriter(stream, Compact with { Indented = isIndented, NewLine = "\n" });

    public Utf8JsonWriter Writer { get; }

    /// <summary>Lets go of what was written, once it is much.</summary>
    public void Relieve()
    {
        if (Writer.BytesPending > Pending)
            Writer.Flush();
    }

    public void Dispose() => Writer.Dispose();

    /// <summary>
    /// The text of a path or name. Bytes that are not UTF-8 stand as <c>\xNN</c>; a backslash that could be taken for the begin of one as
    /// <c>\x5c</c>. So no two paths have the same text, and the bytes can be had back.
    /// </summary>
    public static string PathText(ReadOnlySpan<byte> path)
    {
        if (Source.PathText.IsUtf8(path) && path.IndexOf("\\x"u8) < 0)
            return Source.PathText.Show(path);
        var text = new System.Text.StringBuilder();
        while (path.Length > 0)
        {
            var status = System.Text.Rune.DecodeFromUtf8(path, out var rune, out int length);
            bool isLiteral = status == System.Buffers.OperationStatus.Done && !(path.StartsWith("\\x"u8) && path.Length >= 4 && char.IsAsciiHexDigit((char)path[2]) && char.IsAsciiHexDigit((char)path[3]));
            _ = isLiteral ? text.Append(rune.ToString()) : text.Append(Escaped(path[..length]));
            path = path[length..];
        }

        return text.ToString();
    }

    private static string Escaped(ReadOnlySpan<byte> bytes)
    {
        string text = "";
        foreach (byte b in bytes)
            text += $"\\x{b:x2}";
        return text;
    }
}
