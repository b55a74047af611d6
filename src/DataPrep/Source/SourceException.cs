namespace DataPrep.Source;

/// <summary>A source that cannot be used at all: missing, unreadable, or in conflict with another.</summary>
public sealed class SourceException : IOException
{
    internal SourceException(string message, byte[] location)
        : base($"{PathText.Quote(location)}: {message}")
    {
    }

    /// <summary>Whether the command line is at fault rather than the file system.</summary>
    public bool IsUsage { get; internal init; }
}

/// <summary>A file is not, or no longer, what was scanned. The content read from it is not used.</summary>
internal sealed class SourceChangedException(int entry, byte[] location, long offset, string reason, string detail)
    : IOException($"{PathText.Quote(location)}: {detail} (at offset {offset})")
{
    public int Entry => entry;

    /// <summary><c>vanished</c>, <c>unreadable</c>, <c>replaced</c> or <c>changed</c>.</summary>
    public string Reason => reason;

    public string Detail => $"{detail} (at offset {offset})";
}
