using System.Globalization;

namespace DataPrep.Unixfs;

/// <summary>How much of the DAG at the end of a path is wanted (trustless gateway specification, dag-scope).</summary>
internal enum DagScope
{
    /// <summary>Everything below it.</summary>
    All,

    /// <summary>What is needed to read a file, or to list a folder; of anything else its block.</summary>
    Entity,

    /// <summary>Its block alone.</summary>
    Block,
}

/// <summary>The part of a file that is wanted (trustless gateway specification, entity-bytes); negative numbers count from its end.</summary>
/// <param name="From">First byte.</param>
/// <param name="To">Last byte; null for that of the file.</param>
internal readonly record struct EntityBytes(long From, long? To)
{
    /// <summary>Reads <c>from:to</c>, where <c>*</c> as <c>to</c> is the end.</summary>
    /// <returns>False where the text is none, or ends before it begins whatever the file's length.</returns>
    public static bool TryParse(string text, out EntityBytes bytes)
    {
        bytes = default;
        string[] parts = text.Split(':');
        if (parts.Length != 2 || !TryParseNumber(parts[0], out long from))
            return false;
        long to = 0;
        if (parts[1] != "*" && !TryParseNumber(parts[1], out to))
            return false;
        bytes = new EntityBytes(from, parts[1] == "*" ? null : to);
        return bytes.To is null || from < 0 != to < 0 || to >= from;
    }

    /// <summary>The part as offsets in a file, the end excluded, cut to what the file has; empty where it has nothing of it.</summary>
    public (long From, long To) Of(long size)
    {
        long from = Math.Max(0, From < 0 ? size + From : From), to = To is not { } last ? size : Math.Min(size - 1, last < 0 ? size + last : last) + 1;
        return from < to ? (from, to) : (0, 0);
    }

    private static bool TryParseNumber(string text, out long number)
    {
        number = 0;
        return !text.StartsWith('+') && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }
}
