using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace DataPrep.Cli.Doctor;

/// <summary>Whether the clock can be trusted: begun before the other checks, and ended behind them, to hold two clocks against each other.</summary>
internal sealed unsafe partial class ClockCheck
{
    private readonly long began = Stopwatch.GetTimestamp();
    private readonly DateTime time = DateTime.UtcNow;

    public IEnumerable<Check> End()
    {
        var now = DateTime.UtcNow;
        var elapsed = Stopwatch.GetElapsedTime(began);
        double apart = Math.Abs((now - time - elapsed).TotalMilliseconds);
        string text = string.Create(CultureInfo.InvariantCulture, $"{now:yyyy-MM-dd HH:mm:ss} UTC, steps of {Resolution()}");
        // This program was not there before; a certificate would not be valid either.
        if (now.Year is < 2025 or > 2100)
            yield return Check.Problem("clock", text, "set it: with a wrong date no certificate is valid, and logs and times of files are wrong");
        else if (apart > Math.Max(50, elapsed.TotalMilliseconds / 100))
            yield return Check.Warning("clock", string.Create(CultureInfo.InvariantCulture, $"{text}; it moved by {apart:0} ms against the steady one within {elapsed.TotalSeconds:0.0} s"), "it was set, or runs wrongly: rates and times of runs will not be right");
        else
            yield return Check.Ok("clock", text);

        yield return IsSynchronised() switch
        {
            true => Check.Ok("time service", "the clock is synchronised"),
            false => Check.Note("time service", "the clock is not synchronised, as far as the kernel knows", "run a time service, such as chrony or systemd-timesyncd: signatures of S3 and certificates want a right clock. In a container that is the host's business"),
            null => Check.Note("time service", "whether the clock is synchronised cannot be found out"),
        };
    }

    /// <summary>The smallest step that the steady clock is seen to make.</summary>
    private static string Resolution()
    {
        long least = long.MaxValue;
        for (int i = 0; i < 1000; i++)
        {
            long from = Stopwatch.GetTimestamp(), to;
            while ((to = Stopwatch.GetTimestamp()) == from)
            {
            }

            least = Math.Min(least, to - from);
        }

        double nanoseconds = least * 1e9 / Stopwatch.Frequency;
        return nanoseconds < 10_000 ? string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:0} ns") : string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:0.0##} ms");
    }

    private static bool? IsSynchronised()
    {
        if (File.Exists("/run/systemd/timesync/synchronized"))
            return true;
        // struct timex: modes 4 (0: only ask), then longs for offset, frequency and two errors, then the status.
        const int StatusAt = 40, STA_UNSYNC = 0x40;
        byte* timex = stackalloc byte[512];
        new Span<byte>(timex, 512).Clear();
        return adjtimex(timex) < 0 ? null : (*(int*)(timex + StatusAt) & STA_UNSYNC) == 0;
    }

    [LibraryImport("libc")]
    private static partial int adjtimex(byte* timex);
}
