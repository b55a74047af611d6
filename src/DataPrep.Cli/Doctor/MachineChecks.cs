using System.Globalization;
using System.Runtime.InteropServices;
using DataPrep.Packing;

namespace DataPrep.Cli.Doctor;

/// <summary>System, processor and memory, and what a container leaves of them.</summary>
internal static class MachineChecks
{
    // What pack takes of itself, with its default of slabs, and no less than which it can be told to take.
    private const long Comfortable = 512L << 20, Least = 128L << 20;

    public static IEnumerable<Check> All() => [System(), Processor(), Cpus(), .. Nodes(), .. Memory()];

    private static Check System()
    {
        string text = $"{RuntimeInformation.OSDescription}, {ProcFile.Release()}, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}, dataprep {Product.Version}, .NET {Environment.Version}";
        return OperatingSystem.IsLinux() && Environment.Is64BitProcess
            ? Check.Ok("system", text)
            : Check.Problem("system", text, "dataprep is made for 64-bit Linux");
    }

    private static Check Processor()
    {
        string model = ProcFile.Value("/proc/cpuinfo", "model name") ?? ProcFile.Value("/proc/cpuinfo", "Model") ?? "processor without a name";
        var flags = (ProcFile.Value("/proc/cpuinfo", "flags") ?? ProcFile.Value("/proc/cpuinfo", "Features") ?? "").Split(' ').ToHashSet(StringComparer.Ordinal);
        (string Flag, string Name)[] wanted = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? [("sha2", "SHA-2"), ("asimd", "NEON"), ("sve", "SVE")]
            : [("sha_ni", "SHA"), ("avx2", "AVX2"), ("avx512f", "AVX-512")];
        string[] has = [.. wanted.Where(each => flags.Contains(each.Flag)).Select(each => each.Name)], lacks = [.. wanted.Where(each => !flags.Contains(each.Flag)).Select(each => each.Name)];
        string text = $"{model}; has {List(has)}{(lacks.Length == 0 ? "" : $", lacks {List(lacks)}")}";
        bool isFast = has.Any(name => name is "SHA-2" or "SHA" or "AVX2" or "AVX-512");
        return isFast ? Check.Ok("processor", text) : Check.Warning("processor", text, "hashing will be slow; a virtual machine may be hiding what its host has");
    }

    private static Check Cpus()
    {
        int online = ProcFile.Text("/sys/devices/system/cpu/online") is { } list ? NumaNodes.Parse(list.Trim()).Length : 0, usable = Environment.ProcessorCount;
        double? quota = ControlGroup.CpuQuota();
        string text = string.Create(CultureInfo.InvariantCulture, $"{usable} of {Math.Max(online, usable)} logical CPUs{(quota is { } q ? $"; the control group has a quota of {q:0.##}" : "")}");
        if (quota < usable)
            return Check.Warning("CPUs", text, string.Create(CultureInfo.InvariantCulture, $"more threads than the quota are held up in turns: --threads {Math.Max(1, (int)quota)}"));
        return usable < online ? Check.Note("CPUs", text, "--threads follows what may be used") : Check.Ok("CPUs", text);
    }

    private static IEnumerable<Check> Nodes()
    {
        int nodes = 0;
        while (Directory.Exists($"/sys/devices/system/node/node{nodes}"))
            nodes++;
        if (nodes > 0)
            yield return Check.Ok("memory nodes", nodes == 1 ? "1: all memory is equally near" : $"{nodes}: each thread stays on one");
    }

    private static IEnumerable<Check> Memory()
    {
        long total = ProcFile.Kibibytes("MemTotal"), available = ProcFile.Kibibytes("MemAvailable");
        if (total == 0)
            yield break;
        long? limit = ControlGroup.MemoryLimit();
        bool isLimited = limit < total;
        long usable = Math.Min(isLimited ? limit!.Value - ControlGroup.MemoryUsed() : long.MaxValue, available == 0 ? total : available);
        string text = $"{SizeText.Format(total)}{(isLimited ? $", of which the control group allows {SizeText.Format(limit!.Value)}" : "")}, {SizeText.Format(usable)} free";
        yield return usable switch
        {
            < Least => Check.Problem("memory", text, "pack takes about 300 MiB: end something, or allow more"),
            < Comfortable => Check.Warning("memory", text, $"pack takes about 300 MiB: tell it to take less, --memory {Math.Max(Least >> 20, (usable >> 20) / 2)}MiB"),
            _ => Check.Ok("memory", text),
        };
    }

    private static string List(string[] names) => names.Length == 0 ? "nothing that hashes fast" : string.Join(", ", names);
}
