using System.Globalization;
using System.Text;

namespace DataPrep.Source;

/// <summary>What a server says of an object: enough to tell whether two answers speak of the same bytes.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Tag">As <see cref="TagOf"/> chooses it; empty where the server sends no validator at all.</param>
/// <param name="Modified">Null where it does not say.</param>
internal readonly record struct ObjectState(long Size, string Tag, DateTimeOffset? Modified)
{
    /// <summary>The mode of what has none: a file that all may read.</summary>
    private const uint FileMode = Posix.S_IFREG | 0x1A4;

    /// <summary>The state that headers of these values speak of.</summary>
    public static ObjectState Of(long size, string? etag, string? lastModified) => new(size, TagOf(etag, lastModified), DateOf(lastModified));

    /// <summary>State of the entry in a tree: no device, no inode.</summary>
    public FileStamp Stamp => new()
    {
        Size = Size,
        Mode = FileMode,
        ModifySeconds = Modified?.ToUnixTimeSeconds() ?? 0,
        ModifyNanoseconds = (int)((Modified?.UtcTicks ?? 0) % TimeSpan.TicksPerSecond * 100),
        ChangeTime = unchecked(((Modified ?? DateTimeOffset.UnixEpoch).UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * 100),
    };

    public byte[] TagBytes => Encoding.Latin1.GetBytes(Tag ?? ""); // null in the default state

    /// <summary>Whether a tag is a strong ETag, which alone goes with <c>If-Match</c> (RFC 9110, 13.1.1).</summary>
    public static bool IsStrong(string tag) => tag.StartsWith('"');

    /// <summary>Whether a tag is a time, which goes with <c>If-Unmodified-Since</c>.</summary>
    public static bool IsTime(string tag) => tag.Length > 0 && !IsStrong(tag) && !tag.StartsWith("W/", StringComparison.Ordinal);

    /// <summary>The best validator that a server sends: a strong ETag; else <c>Last-Modified</c>; else a weak ETag, which can be compared but makes no condition.</summary>
    public static string TagOf(string? etag, string? lastModified)
    {
        if (etag is null || etag.Length > SourceTree.LongestTag || !etag.EndsWith('"'))
            etag = "";
        if (DateOf(lastModified) is null || lastModified!.Length > SourceTree.LongestTag)
            lastModified = "";
        return IsStrong(etag) ? etag : lastModified.Length > 0 ? lastModified : etag;
    }

    /// <summary>A time as servers send it (RFC 9110, 5.6.7); null where it is none.</summary>
    public static DateTimeOffset? DateOf(string? text) =>
        DateTimeOffset.TryParseExact(text, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;
}
