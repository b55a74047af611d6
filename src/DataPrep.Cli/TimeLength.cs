using System.Globalization;

namespace DataPrep.Cli;

/// <summary>Lengths of time as people write them: <c>500ms</c>, <c>30s</c>, <c>15m</c>, <c>6h</c>, <c>1d</c>.</summary>
internal static class TimeLength
{
    private static readonly (string Name, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];

    /// <summary>A year: more makes no sense, and timers end somewhere.</summary>
    private const double MostSeconds = 366 * 86400.0;

    /// <returns>Whether it is one, above 0 and up to a year.</returns>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = default;
        foreach (var (name, seconds) in Units)
        {
            if (!text.EndsWith(name, StringComparison.Ordinal) || !double.TryParse(text.AsSpan(0, text.Length - name.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
                continue;
            if (number * seconds is not (>= 0.001 and <= MostSeconds))
                return false;
            time = TimeSpan.FromSeconds(number * seconds);
            return true;
        }

        return false;
    }
}
