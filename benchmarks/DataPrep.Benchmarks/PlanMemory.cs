using System.Diagnostics;
using System.Globalization;
using DataPrep.Packing;
using DataPrep.Planning;

namespace DataPrep.Benchmarks;

/// <summary>
/// What planning a dataset of any number of files takes in time and memory, without a file system: a tree as the scanner would
/// give it is cut into pieces, and the plan is written. The memory is the most that the process had, its tree included.
/// </summary>
internal static class PlanMemory
{
    /// <param name="arguments">Files, folders that they are in, and padded piece size in bytes.</param>
    public static void Run(ReadOnlySpan<string> arguments)
    {
        int files = int.Parse(arguments[0], CultureInfo.InvariantCulture), folders = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        var options = new PackOptions { Sources = ["/nowhere"], Output = "", PieceSize = long.Parse(arguments[2], CultureInfo.InvariantCulture) };
        var clock = Stopwatch.StartNew();
        var tree = MadeTree.Folders(folders, files / folders, number => number % 64 == 0 ? 3_000_000 + number : number % 60_000);
        Report("tree", clock);
        var plan = new DatasetPlanner(options, null, new PackCounters(), CancellationToken.None).Plan(tree);
        Report($"cut into {plan.Pieces.Count} pieces and {plan.DagSizes.Count} of the DAG", clock);
        string folder = Directory.CreateTempSubdirectory("dataprep-plan-").FullName;
        try
        {
            var header = new PlanHeader([.. options.Sources], plan.Dataset, plan.Dataset, plan.DagSizes);
            string path = PlanFile.Write(folder, new PlanContent(header.Encode(), plan.Tree, plan.Pieces));
            Report($"written, {new FileInfo(path).Length} bytes", clock);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Report(string what, Stopwatch clock)
    {
        string peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        Console.WriteLine($"{clock.Elapsed.TotalSeconds:F1} s  {peak[6..].Trim(),14}  {what}");
    }
}
