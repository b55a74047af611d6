using System.Globalization;

namespace DataPrep.Cli.Bench;

/// <summary>What else the machine did while it was measured.</summary>
/// <param name="Others">Share of all CPU time that other processes took; null where the system does not say.</param>
/// <param name="Stolen">Share of it that a hypervisor gave to others.</param>
/// <param name="ReferenceSpread">How far apart samples of the reference are, as a share of their median, without the tenth at either end.</param>
internal sealed record Quietness(double? Others, double? Stolen, double ReferenceSpread)
{
    /// <summary>What is still quiet.</summary>
    public const double MostOthers = 0.10, MostStolen = 0.02, MostSpread = 0.10;

    public bool IsQuiet => !(Others > MostOthers) && !(Stolen > MostStolen) && ReferenceSpread <= MostSpread;

    /// <summary>Why it was not quiet; null where it was.</summary>
    public string? Complaint
    {
        get
        {
            if (IsQuiet)
                return null;
            var reasons = new List<string>();
            if (Others > MostOthers)
                reasons.Add($"other processes took {BenchText.Share(Others.Value)} of the CPU time");
            if (Stolen > MostStolen)
                reasons.Add($"the hypervisor gave {BenchText.Share(Stolen.Value)} of it to other machines");
            if (ReferenceSpread > MostSpread)
                reasons.Add($"the reference, which should always be the same, varied by {BenchText.Share(ReferenceSpread)}");
            return string.Join("; ", reasons);
        }
    }
}

/// <summary>CPU time since it was made: of all processes, and of this one.</summary>
internal sealed class CpuTime
{
    private const double TicksPerSecond = 100;
    private readonly (double Busy, double Stolen, double All)? before = Read();
    private readonly double own = Environment.CpuUsage.TotalTime.TotalSeconds;

    public Quietness End(double referenceSpread)
    {
        double mine = Environment.CpuUsage.TotalTime.TotalSeconds - own;
        if (before is not { } from || Read() is not { } to || to.All - from.All < 1)
            return new Quietness(null, null, referenceSpread);
        double all = to.All - from.All;
        return new Quietness(Math.Clamp((to.Busy - from.Busy - mine) / all, 0, 1), Math.Clamp((to.Stolen - from.Stolen) / all, 0, 1), referenceSpread);
    }

    /// <summary>Seconds, of all CPUs together.</summary>
    private static (double Busy, double Stolen, double All)? Read()
    {
        try
        {
            return Parse(File.ReadLines("/proc/stat").FirstOrDefault() ?? "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <param name="line"><c>cpu</c>, then user, nice, system, idle, waiting, interrupts, soft interrupts, stolen.</param>
    internal static (double Busy, double Stolen, double All)? Parse(string line)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 9 || fields[0] != "cpu")
            return null;
        double[] seconds = new double[8];
        for (int i = 0; i < seconds.Length; i++)
        {
            if (!long.TryParse(fields[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out long ticks))
                return null;
            seconds[i] = ticks / TicksPerSecond;
        }

        return (seconds[0] + seconds[1] + seconds[2] + seconds[5] + seconds[6], seconds[7], seconds.Sum());
    }
}
