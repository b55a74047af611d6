using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Distribution.Exports;

/// <summary>A value for each piece, such as its allocation: one for the only piece, or those of a file.</summary>
internal sealed class PieceValues
{
    /// <summary>A line holds a CID and a short word.</summary>
    private const int LongestLine = 1 << 10;
    private readonly string? single;
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);
    private readonly string origin;

    /// <param name="option">Name of the option.</param>
    /// <param name="value">For the only piece.</param>
    public PieceValues(string option, string value) => (origin, single) = (option, value);

    private PieceValues(string origin) => this.origin = origin;

    /// <summary>Reads lines of a piece CID of either version, a comma, and the value. Empty lines, and those that begin with #, count for nothing.</summary>
    /// <param name="isValue">Whether a text is a value.</param>
    /// <exception cref="MalformedDataException">A line is something else.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PieceValues Read(string option, string path, Func<string, bool> isValue, string meaning)
    {
        var all = new PieceValues($"{option} {path}");
        using var reader = new StreamReader(path);
        long number = 0;
        while (ReadLine(reader, path, ++number) is { } line)
        {
            string[] fields = line.Split(',', StringSplitOptions.TrimEntries);
            if (fields is [""] || line.StartsWith('#'))
                continue;
            if (fields is not [var cid, var value] || Version1(cid) is not { } piece)
                throw new MalformedDataException($"line {number} is no 'PIECE_CID,{meaning}'", 0, path);
            if (!isValue(value))
                throw new MalformedDataException($"line {number}: '{value}' is no {meaning}", 0, path);
            if (!all.values.TryAdd(piece, value))
                throw new MalformedDataException($"line {number} names {piece} a second time", 0, path);
        }

        return all;
    }

    /// <summary>The value of one of several pieces.</summary>
    /// <exception cref="UsageException">It has none.</exception>
    public string Of(PieceRecord piece, int pieces)
    {
        if (single is not null)
            return pieces == 1 ? single : throw new UsageException($"{origin} {single} is of one piece, and there are {pieces}: name a file with a line for each");
        return values.GetValueOrDefault(piece.PieceCid) ?? throw new UsageException($"{origin} has no line for the piece {piece.PieceCid}");
    }

    private static string? Version1(string text)
    {
        try
        {
            return Cid.TryParse(text, out var cid) ? PieceCid.V1(PieceCid.Decode(cid).Root).ToString() : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string? ReadLine(StreamReader reader, string path, long number)
    {
        var line = new System.Text.StringBuilder();
        for (int c; (c = reader.Read()) != '\n'; line.Append((char)c))
        {
            if (c < 0)
                return line.Length == 0 ? null : line.ToString();
            if (line.Length == LongestLine)
                throw new MalformedDataException($"line {number} is longer than {LongestLine} characters", 0, path);
        }

        return line.ToString().TrimEnd('\r');
    }
}
