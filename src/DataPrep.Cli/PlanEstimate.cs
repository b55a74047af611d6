using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using DataPrep.Cli.Bench;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Records;

namespace DataPrep.Cli;

/// <summary>The options of <c>plan</c> that ask how long a fleet would take, and the answer.</summary>
internal sealed class PlanEstimate
{
    private readonly Option<int?> nodes = new Option<int?>("--estimate") { Description = "Say how long so many machines would take for the pieces", HelpName = "NODES" };
    private readonly Option<string?> bench = new("--bench") { Description = "With --estimate: what 'bench --json' or 'bench pipeline --json' printed on one of them (default: measure this one)", HelpName = "FILE" };
    private readonly Option<int?> tasks = OptionOf.Number("--tasks-per-node", "With --estimate: tasks that run on a machine at once (default 1)", 1, 1024);
    private readonly Option<long?> storage = OptionOf.Size("--storage-rate", "With --estimate: most bytes that the shared storage reads and writes in a second (default: no limit)");
    private readonly Option<TimeSpan?> overhead = OptionOf.Time("--task-overhead", "With --estimate: what a task takes beside its bytes (default 5s)");

    public PlanEstimate()
    {
        nodes.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int n) || n is < 1 or > 1_000_000))
                result.AddError("--estimate must be from 1 to 1000000 machines");
        });
    }

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[nodes, bench, tasks, storage, overhead])
            command.Add(option);
    }

    /// <summary>The fleet that is asked about; null where none is.</summary>
    /// <param name="measure">Rate of this machine, bytes a second.</param>
    /// <exception cref="UsageException">An option is there without <c>--estimate</c>, or a rate is 0.</exception>
    /// <exception cref="MalformedDataException">The file of <c>--bench</c> is none.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public FleetRates? Fleet(ParseResult parsed, Func<double> measure)
    {
        if (parsed.GetValue(nodes) is not { } count)
        {
            return ((Option[])[bench, tasks, storage, overhead]).FirstOrDefault(option => parsed.GetResult(option) is not null) is { } stray
                ? throw new UsageException($"{stray.Name} goes with --estimate NODES")
                : null;
        }

        if (parsed.GetValue(storage) is 0)
            throw new UsageException("--storage-rate must be more than 0");
        double rate = parsed.GetValue(bench) is { } file ? RateIn(file) : Math.Max(1, measure());
        return new FleetRates(new Fleet(count, parsed.GetValue(tasks) ?? 1, rate, parsed.GetValue(storage), parsed.GetValue(overhead)?.TotalSeconds ?? 5), parsed.GetValue(bench));
    }

    /// <summary>Prints the estimate for the data pieces of a plan.</summary>
    public static void Show(PackPlan plan, FleetRates rates, Terminal terminal)
    {
        var fleet = rates.Fleet;
        long[] sizes = [.. plan.Pieces.Select(piece => piece.CarSize)];
        if (sizes.Length == 0)
            return;
        var estimate = FleetEstimate.Of(sizes, fleet);

        terminal.Event("estimate", writer =>
        {
            writer.WriteNumber("seconds", Math.Round(estimate.Seconds, 1));
            writer.WriteNumber("nodes", fleet.Nodes);
            writer.WriteNumber("tasksPerNode", fleet.TasksPerNode);
            writer.WriteNumber("nodeBytesPerSecond", (long)fleet.NodeRate);
            if (fleet.StorageRate is { } most)
                writer.WriteNumber("storageBytesPerSecond", (long)most);
            else
                writer.WriteNull("storageBytesPerSecond");
            writer.WriteNumber("taskOverheadSeconds", fleet.TaskOverhead);
            writer.WriteNumber("dataPieces", sizes.Length);
            writer.WriteNumber("longestTaskSeconds", Math.Round(estimate.LongestTask, 1));
            writer.WriteNumber("waves", estimate.Waves);
            writer.WriteNumber("nodeSeconds", Math.Round(estimate.NodeSeconds, 1));
            writer.WriteNumber("storageSeconds", Math.Round(estimate.StorageSeconds, 1));
            writer.WriteString("limit", Word(estimate.Limit));
        });
        terminal.Result(Text($"Estimated {Time(estimate.Seconds)} on {fleet.Nodes:N0} machine{(fleet.Nodes == 1 ? "" : "s")} with {fleet.TasksPerNode} task{(fleet.TasksPerNode == 1 ? "" : "s")} at once on each: {estimate.Waves:N0} task{(estimate.Waves == 1 ? "" : "s")} one after the other, of at most {Time(estimate.LongestTask)}"));
        terminal.Result(Text($"  rates   {SizeText.Format((long)fleet.NodeRate)}/s of a machine ({rates.Bench ?? "this one, from memory, as measured now"}), {(fleet.StorageRate is { } shared ? $"{SizeText.Format((long)shared)}/s of the storage" : "no limit of the storage")}; {SizeText.Format((long)estimate.TaskRate)}/s of a task"));
        terminal.Result($"  limit   {Reason(estimate, fleet)}");
        terminal.Result("  not in it: faults, waiting for machines, finish");
    }

    private static string Word(FleetLimit limit) => limit switch
    {
        FleetLimit.Nodes => "nodes",
        FleetLimit.Storage => "storage",
        FleetLimit.Starts => "starts",
        _ => "pieces",
    };

    private static string Reason(FleetEstimate estimate, Fleet fleet) => estimate.Limit switch
    {
        FleetLimit.Nodes => $"the machines{(fleet.StorageRate is null ? "" : $"; the storage alone would allow {Time(estimate.StorageSeconds)}")}",
        FleetLimit.Storage => $"the storage, which reads and writes every byte once; the machines alone would take {Time(estimate.NodeSeconds)}",
        FleetLimit.Starts => "starts of tasks: larger pieces would take less time",
        _ => Text($"there are fewer pieces than the {fleet.Slots:N0} tasks that could run: smaller pieces, or --balance, would use all machines"),
    };

    /// <summary>The rate of a machine in what <c>bench --json</c> or <c>bench pipeline --json</c> printed: of files where some were given, else from memory with the most threads.</summary>
    private static double RateIn(string path)
    {
        BenchLine? best = null;
        foreach (var (line, offset) in RecordFile.ReadLines(path, BenchJson.Default.BenchLine))
        {
            if (line is not { Type: "result", Name: "pipeline/files" or "pipeline/memory" })
                continue;
            if (line.BytesPerSecond is not (>= 1 and <= 1e15) || line.Threads is not >= 1)
                throw new MalformedDataException($"{line.Name} has no rate and number of threads that a machine could have", offset, path);
            if (best is null || (line.Name == "pipeline/files", line.Threads).CompareTo((best.Name == "pipeline/files", best.Threads)) > 0)
                best = line;
        }

        return best?.BytesPerSecond ?? throw new MalformedDataException("no line has the rate of pipeline/memory or pipeline/files: it is to be what 'dataprep bench --json' or 'dataprep bench pipeline --json' prints", 0, path);
    }

    private static string Time(double seconds) => seconds switch
    {
        < 120 => Text($"{seconds:0.0} s"),
        < 7200 => Text($"{seconds / 60:0.0} minutes"),
        < 172800 => Text($"{seconds / 3600:0.0} hours"),
        _ => Text($"{seconds / 86400:0.0} days"),
    };

    private static string Text(DefaultInterpolatedStringHandler text) => string.Create(CultureInfo.InvariantCulture, ref text);
}

/// <summary>A fleet, and where the rate of its machines is from.</summary>
/// <param name="Bench">The file; null where this machine was measured.</param>
internal sealed record FleetRates(Fleet Fleet, string? Bench);
