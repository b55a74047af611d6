using System.Globalization;
using DataPrep.Ipld;

namespace DataPrep.Records;

/// <summary>Times as RFC 3339 text, UTC, always with nine digits of the second.</summary>
internal static class TimeText
{
    /// <summary>Null for what lies outside the years 1 to 9999.</summary>
    public static string? Format(long seconds, int nanoseconds)
    {
        if (seconds is < -62_135_596_800 or > 253_402_300_799)
            return null;
        var time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return string.Create(CultureInfo.InvariantCulture, $"{time:yyyy-MM-dd'T'HH:mm:ss}.{nanoseconds:D9}Z");
    }

    /// <summary>Reads what <see cref="Format"/> writes; null where the text is something else.</summary>
    public static UnixTime? Parse(string? text)
    {
        if (text is not { Length: 30 } || text[19] != '.' || text[29] != 'Z' || !int.TryParse(text.AsSpan(20, 9), NumberStyles.None, CultureInfo.InvariantCulture, out int nanoseconds))
            return null;
        return DateTimeOffset.TryParseExact(text.AsSpan(0, 19), "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? new UnixTime(time.ToUnixTimeSeconds(), nanoseconds)
            : null;
    }
}
