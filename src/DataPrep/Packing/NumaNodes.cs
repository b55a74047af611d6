using System.Globalization;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// The CPUs of each memory node. Where there is more than one, workers are spread over them and each stays on its own,
/// so that the slab, which the system places where it is first touched, is near.
/// </summary>
internal sealed class NumaNodes
{
    private readonly List<int[]> nodes = [];

    /// <param name="folder">The kernel's description of the nodes.</param>
    public NumaNodes(string folder = "/sys/devices/system/node")
    {
        for (int node = 0; File.Exists(Path.Join(folder, $"node{node}", "cpulist")); node++)
        {
            int[] cpus = Parse(File.ReadAllText(Path.Join(folder, $"node{node}", "cpulist")));
            if (cpus.Length > 0)
                nodes.Add(cpus);
        }
    }

    /// <summary>CPUs for a worker; empty where all memory is equally near.</summary>
    public ReadOnlySpan<int> CpusOf(int worker) => nodes.Count > 1 ? nodes[worker % nodes.Count] : [];

    /// <summary>Keeps the calling thread on its node. CPUs that the process may not use stay out of it.</summary>
    public void Bind(int worker)
    {
        var cpus = CpusOf(worker);
        if (cpus.Length > 0)
            Posix.KeepOnCpus(cpus);
    }

    /// <summary>A list as the kernel writes it: <c>0-3,8</c>.</summary>
    internal static int[] Parse(string list)
    {
        var cpus = new List<int>();
        foreach (string range in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split('-');
            if (!int.TryParse(ends[0], CultureInfo.InvariantCulture, out int first) || !int.TryParse(ends[^1], CultureInfo.InvariantCulture, out int last))
                return [];
            for (int cpu = first; cpu <= last; cpu++)
                cpus.Add(cpu);
        }

        return [.. cpus];
    }
}
