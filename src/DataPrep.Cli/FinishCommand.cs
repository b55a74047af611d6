using System.CommandLine;
using System.Globalization;
using DataPrep.Cli.Telemetry;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary><c>dataprep finish</c></summary>
internal static class FinishCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var run = new RunOptionSet();
        var remote = new RemoteOptionSet();
        var s3 = new S3OptionSet();
        var plan = new Argument<string>("PLAN") { Description = "The plan that the pieces were made of" };
        var output = new Option<string?>("--output", "-o") { Description = "Folder that the pieces were packed into, or s3://BUCKET/PREFIX with --work", HelpName = "OUT" };
        var missing = new Option<bool>("--missing") { Description = "Only print the arrays of the pieces that are missing" };
        var mostArray = OptionOf.Number("--max-array", "The scheduler's limit: numbers of an array are less than that (Slurm: MaxArraySize)", 1, int.MaxValue);
        var command = new Command("finish", "Makes a dataset of the pieces that tasks have made of a plan: the dataset DAG and the manifests") { plan, output, missing, mostArray };
        run.AddTo(command);
        remote.AddTo(command);
        s3.AddTo(command, writes: true);
        common.AddTo(command);
        var telemetry = new TelemetryOptionSet(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return telemetry.Guard(parsed, terminal, () =>
            {
                if (parsed.GetValue(output) is not { Length: > 0 } target)
                    throw new UsageException("say where the pieces are: -o OUT");
                string path = parsed.GetValue(plan)!;
                var sources = PlanHeader.SourcesOf(path);
                using var source = remote.OfPlan(parsed, sources, s3, terminal);
                using var bucket = s3.OutputOfTasks(parsed, target, sources, terminal);
                var options = run.Apply(parsed, new PackOptions { Sources = [], Output = target, Remote = source }, common, terminal);
                options = bucket?.Apply(options) ?? options;
                var progress = new PackCounters();
                var finisher = new DatasetFinisher(options, path, progress, CommandRunner.Cancel);
                int most = parsed.GetValue(mostArray) ?? int.MaxValue;
                if (parsed.GetValue(missing))
                {
                    Print(finisher.Missing(), most, terminal);
                    return ExitCode.Done;
                }

                try
                {
                    return PackReport.Show(terminal.WithProgress("Finishing", progress, finisher.Run), options, terminal);
                }
                catch (MissingPiecesException e)
                {
                    Terminal.Message($"dataprep: {e.Message}: submit the arrays below once more, then run this command again");
                    Print(e.Missing, most, terminal);
                    return ExitCode.Failed;
                }
            });
        });
        return command;
    }

    private static void Print(IReadOnlyList<int> missing, int most, Terminal terminal)
    {
        foreach (var (offset, array) in ArraySpec.Parts(missing, most))
        {
            terminal.Event("missing", writer =>
            {
                writer.WriteNumber("count", missing.Count(number => number / most * most == offset));
                writer.WriteString("array", array);
                writer.WriteNumber("offset", offset);
            });
            terminal.Result(offset == 0 ? $"--array={array}" : string.Create(CultureInfo.InvariantCulture, $"--array={array} --piece-offset {offset}"));
        }
    }
}
