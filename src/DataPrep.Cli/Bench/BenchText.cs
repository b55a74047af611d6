using System.Globalization;
using System.Runtime.CompilerServices;

namespace DataPrep.Cli.Bench;

/// <summary>Figures as people read them.</summary>
internal static class BenchText
{
    /// <summary>As <c>420 MB/s</c> or <c>1.90 GB/s</c>: powers of ten, as disks are sold.</summary>
    public static string Speed(double bytesPerSecond) => bytesPerSecond switch
    {
        >= 99.5e9 => Text($"{bytesPerSecond / 1e9:0} GB/s"),
        >= 9.95e9 => Text($"{bytesPerSecond / 1e9:0.0} GB/s"),
        >= 0.995e9 => Text($"{bytesPerSecond / 1e9:0.00} GB/s"),
        >= 9.95e6 => Text($"{bytesPerSecond / 1e6:0} MB/s"),
        >= 0.995e6 => Text($"{bytesPerSecond / 1e6:0.0} MB/s"),
        _ => Text($"{bytesPerSecond / 1e3:0.0} kB/s"),
    };

    /// <summary>As <c>4.2 kB</c>.</summary>
    public static string Size(double bytes) => bytes switch
    {
        >= 0.995e6 => Text($"{bytes / 1e6:0.0} MB"),
        >= 9.95e3 => Text($"{bytes / 1e3:0} kB"),
        _ => Text($"{bytes / 1e3:0.#} kB"),
    };

    public static string Count(double number) => Text($"{number:N0}");

    public static string Share(double share) => Text($"{share * 100:0} %");

    /// <summary>A change with its sign, as <c>+12 %</c>.</summary>
    public static string Change(double share) => Text($"{share * 100:+0.0;-0.0;0.0} %");

    public static string Ratio(double ratio) => Text($"{ratio:0.00}");

    /// <summary>As <c>34 s</c>, <c>18 minutes</c> or <c>12.8 days</c>.</summary>
    public static string Time(double seconds) => seconds switch
    {
        < 10 => Text($"{seconds:0.0} s"),
        < 120 => Text($"{seconds:0} s"),
        < 7200 => Text($"{seconds / 60:0} minutes"),
        < 172800 => Text($"{seconds / 3600:0.0} hours"),
        < 1e9 => Text($"{seconds / 86400:0.0} days"),
        _ => Text($"{seconds / 86400 / 365:0} years"),
    };

    public static string Text(DefaultInterpolatedStringHandler text) => string.Create(CultureInfo.InvariantCulture, ref text);
}
