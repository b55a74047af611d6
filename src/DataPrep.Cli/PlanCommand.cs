using System.CommandLine;
using DataPrep.Cli.Bench;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary><c>dataprep plan</c></summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var s3 = new S3OptionSet();
        var remote = new RemoteOptionSet();
        var dataset = new DatasetOptionSet(remote, s3);
        var output = new Option<string?>("--output", "-o") { Description = "File for the plan; in a folder that is there it is named by its hash", HelpName = "PLAN" };
        var command = new Command("plan", "Scans folders and files, cuts them into pieces, and writes the plan by which tasks on many machines make them") { output };
        var estimate = new PlanEstimate();
        dataset.AddTo(command);
        remote.AddTo(command);
        s3.AddTo(command, writes: false);
        estimate.AddTo(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                string? target = parsed.GetValue(output);
                var fleet = estimate.Fleet(parsed, () => PipelineBench.OfMemory(parsed.GetValue(common.Threads), CommandRunner.Cancel));
                if (target is "" || (target is null && fleet is null))
                    throw new UsageException("say where the plan goes: -o PLAN");
                var options = new PackOptions { Sources = [], Output = "", Threads = parsed.GetValue(common.Threads), Warn = terminal.Warn, Note = terminal.Note, Detail = terminal.Detail };
                options = dataset.Apply(parsed, options, terminal, allowInput: false);
                using var source = options.Remote;
                return target is null ? Scan(options, fleet!, terminal) : Write(options, target, fleet, terminal);
            });
        });
        return command;
    }

    private static int Scan(PackOptions options, FleetRates fleet, Terminal terminal)
    {
        var progress = new PackCounters();
        var plan = terminal.WithProgress("Scanning", progress, new DatasetPacker(options, progress, CommandRunner.Cancel).Plan);
        int code = PackReport.Show(plan, options, terminal, $"Would pack {plan.Dataset.Name}", writer => writer.WriteNumber("dataPieces", plan.Pieces.Count));
        PlanEstimate.Show(plan, fleet, terminal);
        return code;
    }

    private static int Write(PackOptions options, string target, FleetRates? fleet, Terminal terminal)
    {
        var progress = new PackCounters();
        var packer = new DatasetPacker(options, progress, CommandRunner.Cancel);
        var (plan, path, hash) = terminal.WithProgress("Scanning", progress, () => packer.WritePlan(target));
        long size = new FileInfo(path).Length;
        int code = PackReport.Show(plan, options, terminal, $"Planned {plan.Dataset.Name}", writer =>
        {
            writer.WriteString("path", path);
            writer.WriteString("hash", Convert.ToHexStringLower(hash));
            writer.WriteNumber("dataPieces", plan.Pieces.Count);
            writer.WriteNumber("planSize", size);
        });
        terminal.Result($"  plan    {path}, {SizeText.Format(size)}, SHA-256 {Convert.ToHexStringLower(hash)}");
        terminal.Result($"  tasks   --array=0-{plan.Pieces.Count - 1}, each: dataprep pack --plan {path} --piece auto -o OUT; then dataprep finish {path} -o OUT");
        if (fleet is not null)
            PlanEstimate.Show(plan, fleet, terminal);
        return code;
    }
}
