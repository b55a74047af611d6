using System.CommandLine;
using DataPrep.Cli.Telemetry;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.S3;

namespace DataPrep.Cli;

/// <summary><c>dataprep pack</c></summary>
internal static class PackCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var s3 = new S3OptionSet();
        var remote = new RemoteOptionSet();
        var dataset = new DatasetOptionSet(remote, s3);
        var run = new RunOptionSet();
        var task = new TaskOptions(remote, s3);
        var output = new Option<string[]>("--output", "-o") { Description = "Folder for the pieces and their manifests; made if missing; or s3://BUCKET/PREFIX. Given more than once, pieces are spread over the folders, and manifests and links to all pieces are in the first", HelpName = "OUT", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var restart = new Option<bool>("--restart") { Description = "Begin anew where an earlier run was broken off, instead of going on from there" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Scan only, and say exactly what would be made" };

        var command = new Command("pack", "Packs folders and files into pieces: CARs named by their piece CIDs, and manifests beside them") { output, restart, dryRun };
        dataset.AddTo(command);
        task.AddTo(command);
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
                bool isDryRun = parsed.GetValue(dryRun), isTask = task.IsGiven(parsed);
                string[] targets = parsed.GetValue(output) ?? [];
                if (targets.Length == 0 && !isDryRun)
                    throw new UsageException("say where the pieces go: -o OUT");
                if (targets.Contains(""))
                    throw new UsageException("-o: the name of the folder is empty");
                if (targets.Length > 1 && targets.Any(S3Place.Is))
                    throw new UsageException("-o s3://... stands alone: pieces are not spread over a bucket and folders");
                if (targets.Select(Path.GetFullPath).Distinct(StringComparer.Ordinal).Count() < targets.Length)
                    throw new UsageException("-o: a folder is named twice");
                var options = run.Apply(parsed, new PackOptions { Sources = [], Output = targets.FirstOrDefault() ?? "", MoreOutputs = [.. targets.Skip(1)], Restart = parsed.GetValue(restart) }, common, terminal);
                if (isTask)
                {
                    dataset.RefuseBesidePlan(parsed);
                    if (isDryRun || options.Restart || targets.Length > 1)
                        throw new UsageException($"{(isDryRun ? "--dry-run" : options.Restart ? "--restart" : "a second -o")} does not go with --plan");
                    return task.Run(parsed, options, terminal);
                }

                options = dataset.Apply(parsed, options, terminal, allowInput: true);
                using var source = options.Remote;
                using var bucket = BucketOutput.Of(parsed, s3, options.Output, options.SourceNames, terminal);
                options = bucket?.Apply(options) ?? options;
                if (isDryRun)
                    return DryRun(options, terminal);
                bucket?.Say(options, terminal);
                return Pack(options, terminal);
            });
        });
        return command;
    }

    private static int Pack(PackOptions options, Terminal terminal)
    {
        var progress = new PackCounters();
        var packer = new DatasetPacker(options, progress, CommandRunner.Cancel);
        try
        {
            return PackReport.Show(terminal.WithProgress("Packing", progress, packer.Run), options, terminal);
        }
        catch (OperationCanceledException) when (Directory.Exists(Path.Join(options.Output, OutputFolder.WorkFolder)))
        {
            terminal.Note("the same command goes on from here; --restart begins anew");
            throw;
        }
    }

    private static int DryRun(PackOptions options, Terminal terminal)
    {
        var progress = new PackCounters();
        var plan = terminal.WithProgress("Scanning", progress, new DatasetPacker(options, progress, CommandRunner.Cancel).Plan);
        return PackReport.Show(plan, options, terminal, $"Would pack {plan.Dataset.Name}", _ => { });
    }
}
