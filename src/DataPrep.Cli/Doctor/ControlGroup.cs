using System.Globalization;

namespace DataPrep.Cli.Doctor;

/// <summary>What the control group of this process allows, version 2 or 1: the tightest limit on the way to the root.</summary>
internal static class ControlGroup
{
    private const string Mount = "/sys/fs/cgroup";

    /// <summary>CPUs' worth of time; null where there is no quota.</summary>
    public static double? CpuQuota()
    {
        var quotas = Folders("cpu").Select(folder =>
        {
            string[] parts = ProcFile.Text(Path.Join(folder, "cpu.max"))?.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [];
            return parts is [var quota, var period] ? Ratio(Parse(quota), Parse(period)) : Ratio(ProcFile.Number(Path.Join(folder, "cpu.cfs_quota_us")), ProcFile.Number(Path.Join(folder, "cpu.cfs_period_us")));
        });
        return quotas.Min();
    }

    /// <summary>Bytes of memory; null where there is no limit.</summary>
    public static long? MemoryLimit() =>
        Folders("memory").Select(folder => ProcFile.Number(Path.Join(folder, "memory.max")) ?? ProcFile.Number(Path.Join(folder, "memory.limit_in_bytes"))).Where(limit => limit < long.MaxValue / 2).Min();

    /// <summary>Bytes that are taken of it, without what the cache would give back.</summary>
    public static long MemoryUsed()
    {
        foreach (string folder in Folders("memory"))
        {
            if ((ProcFile.Number(Path.Join(folder, "memory.current")) ?? ProcFile.Number(Path.Join(folder, "memory.usage_in_bytes"))) is not { } used)
                continue;
            string? line = ProcFile.Lines(Path.Join(folder, "memory.stat")).FirstOrDefault(each => each.StartsWith("inactive_file ", StringComparison.Ordinal) || each.StartsWith("total_inactive_file ", StringComparison.Ordinal));
            return Math.Max(0, used - (line is null ? 0 : Parse(line.Split(' ')[1]) ?? 0));
        }

        return 0;
    }

    /// <summary>Folders of the group and those above it: in version 1 those of a controller, under its mount.</summary>
    private static IEnumerable<string> Folders(string controller)
    {
        foreach (string[] parts in ProcFile.Lines("/proc/self/cgroup").Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3))
        {
            if (parts[1].Length > 0 && !parts[1].Split(',').Contains(controller))
                continue;
            string root = parts[1].Length == 0 ? Mount : Path.Join(Mount, controller);
            for (string path = parts[2].Trim('/'); ; path = Path.GetDirectoryName(path) ?? "")
            {
                yield return Path.Join(root, path);
                if (path.Length == 0)
                    break;
            }
        }
    }

    private static double? Ratio(long? quota, long? period) => quota > 0 && period > 0 ? (double)quota / period : null;

    private static long? Parse(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
