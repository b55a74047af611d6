using System.Globalization;
using System.Runtime.InteropServices;

namespace DataPrep.Cli.Bench;

/// <summary>What machine this is.</summary>
internal static class Machine
{
    /// <summary>Name of the CPU.</summary>
    public static string Cpu { get; } = CpuIn(Lines("/proc/cpuinfo"), RuntimeInformation.ProcessArchitecture.ToString());

    /// <summary>Bytes of memory that this process may use.</summary>
    public static long Memory => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Bytes of it that nothing uses now.</summary>
    public static long FreeMemory => Math.Min(Memory, KibibytesOf("MemAvailable:", Lines("/proc/meminfo")) is { } free ? free * 1024 : long.MaxValue);

    public static string Kernel { get; } = RuntimeInformation.OSDescription;

    public static string Runtime { get; } = RuntimeInformation.FrameworkDescription;

    /// <summary>Finds the name in what the kernel says of the CPUs. Arm's have none there, but numbers.</summary>
    internal static string CpuIn(IEnumerable<string> lines, string architecture)
    {
        string? Of(string key) => lines.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal) && line.Contains(':', StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        if (Of("model name") is { Length: > 0 } name)
            return name + (Of("cpu family") is { } family && Of("model\t") is { } model ? $" (family {family}, model {model})" : "");
        return Of("CPU implementer") is { } implementer ? $"{architecture} (implementer {implementer}, part {Of("CPU part")})" : architecture;
    }

    private static long? KibibytesOf(string key, IEnumerable<string> lines) =>
        lines.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } found
        && long.TryParse(found[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
