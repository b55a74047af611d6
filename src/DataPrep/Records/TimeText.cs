using System.Globalization;

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
}
