using System.Globalization;

namespace DataPrep.Records;

/// <summary>Sizes as people write them: <c>32GiB</c>, <c>1.5MiB</c>, <c>500MB</c>, <c>1048576</c>.</summary>
internal static class SizeText
{
    private static readonly (string Name, long Factor)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("PiB", 1L << 50),
        ("kB", 1000), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("PB", 1_000_000_000_000_000),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("P", 1L << 50), ("B", 1),
    ];

    public static bool TryParse(string text, out long bytes)
    {
        string number = text.Trim();
        long factor = 1;
        foreach (var unit in Units)
        {
            if (!number.EndsWith(unit.Name, StringComparison.OrdinalIgnoreCase))
                continue;
            (number, factor) = (number[..^unit.Name.Length].TrimEnd(), unit.Factor);
            break;
        }

        bytes = 0;
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) || value > long.MaxValue / factor + 1m)
            return false;
        decimal total = value * factor;
        if (total != decimal.Truncate(total) || total > long.MaxValue)
            return false;
        bytes = (long)total;
        return true;
    }

    public static string Format(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        double value = bytes;
        int unit = 0;
        for (; value >= 1024 && unit < units.Length - 1; unit++)
            value /= 1024;
        string format = unit == 0 || value == Math.Floor(value) ? "0" : value < 10 ? "0.00" : "0.0";
        return value.ToString(format, CultureInfo.InvariantCulture) + units[unit];
    }
}
