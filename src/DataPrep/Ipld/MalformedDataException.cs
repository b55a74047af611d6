using System.Globalization;

namespace DataPrep.Ipld;

/// <summary>
/// Bytes that do not follow their format. The message names the offset, and the file where one is known. It is a
/// <see cref="FormatException"/> because <see cref="InvalidDataException"/> is sealed and carries no place.
/// </summary>
public sealed class MalformedDataException : FormatException
{
    private readonly string _what;

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, without its place.</param>
    /// <param name="offset">Byte offset of the fault, from the start of the file or of the buffer that was decoded.</param>
    /// <param name="path">File that holds the bytes, where known.</param>
    public MalformedDataException(string message, long offset = 0, string? path = null)
        : this(message, offset, path, null)
    {
    }

    private MalformedDataException(string message, long offset, string? path, Exception? inner)
        : base(Describe(message, offset, path), inner)
    {
        _what = message;
        Offset = offset;
        Path = path;
    }

    /// <summary>File that holds the bytes, where known.</summary>
    public string? Path { get; }

    /// <summary>Byte offset of the fault, from the start of the file or of the buffer that was decoded.</summary>
    public long Offset { get; }

    /// <summary>What is wrong, without its place.</summary>
    internal string Reason => _what;

    /// <summary>The same fault seen from the surrounding file: offsets move by <paramref name="baseOffset"/>.</summary>
    /// <param name="path">File that holds the bytes; null keeps the path that is there.</param>
    /// <param name="baseOffset">Offset in the file of the buffer that was decoded.</param>
    public MalformedDataException WithContext(string? path, long baseOffset = 0) =>
        new(_what, baseOffset + Offset, path ?? Path, this);

    private static string Describe(string message, long offset, string? path)
    {
        string place = path is null ? "" : " of " + path;
        return string.Create(CultureInfo.InvariantCulture, $"{message} at offset {offset}{place}");
    }
}
