using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DataPrep.Cli.Telemetry;
using DataPrep.Extraction;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep extract</c></summary>
internal static class ExtractCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var arguments = ReadBack.Arguments("OUT|CAR... [PATH]");
        var output = new Option<string>("--output", "-o") { Description = "Folder to restore to; made if missing", HelpName = "DIR", Required = true };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace files and symlinks that have the name of something restored" };
        var previous = LsCommand.PreviousOption();
        var command = new Command("extract", "Restores files and folders of a dataset or of CARs, all or by path, every block checked") { arguments, output, overwrite, previous };
        var place = new SourceOption(command);
        common.AddTo(command);
        var telemetry = new TelemetryOptionSet(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return telemetry.Guard(parsed, terminal, () => Extract(
                parsed.GetValue(arguments)!, parsed.GetValue(previous) ?? [], place.Of(parsed), parsed.GetValue(output)!, parsed.GetValue(overwrite), parsed.GetValue(common.Threads), terminal));
        });
        return command;
    }

    private static int Extract(string[] arguments, string[] previous, string? place, string folder, bool overwrite, int threads, Terminal terminal)
    {
        var clock = Stopwatch.StartNew();
        var (targets, paths) = ReadBack.Split(arguments);
        var selection = ReadBack.Select(paths);
        var log = new FindingLog(finding => ReadBack.Report(finding, terminal));
        var faults = new List<Exception>();
        using var source = ReadBack.Open(targets, previous, e =>
        {
            lock (faults)
                faults.Add(e);
        }, place);
        using var target = TargetFolder.Open(folder);
        var progress = new PackCounters();
        progress.Begin(selection.IsEverything ? source.Bytes : 0);
        var totals = terminal.WithProgress("Extracting", progress, () => new Extractor(source, target, selection, overwrite, log, threads, progress, CommandRunner.Cancel).Run());
        foreach (var fault in faults)
            log.Warn(fault is MalformedDataException ? "framing" : "missing-piece", (fault as MalformedDataException)?.Path ?? targets[0], (fault as MalformedDataException)?.Offset ?? -1, fault.Message);
        if (log.Errors > 0 && source.Advice is { } advice)
            terminal.Note(advice);
        Summarize(totals, log, clock.Elapsed.TotalSeconds, folder, terminal);
        return log.Errors == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Summarize(in ExtractTotals totals, FindingLog log, double seconds, string folder, Terminal terminal)
    {
        var (files, folders, links, kept, bytes, lost) = totals;
        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("ok", log.Errors == 0);
            writer.WriteNumber("files", files);
            writer.WriteNumber("directories", folders);
            writer.WriteNumber("symlinks", links);
            writer.WriteNumber("kept", kept);
            writer.WriteNumber("lost", lost);
            writer.WriteNumber("errors", log.Errors);
            writer.WriteNumber("warnings", log.Warnings);
            writer.WriteNumber("bytes", bytes);
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
        });
        string rate = seconds > 0 ? $", {SizeText.Format((long)(bytes / seconds))}/s" : "";
        string there = kept > 0 ? $" ({kept} were there already)" : "";
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"Extracted to {folder}: {PackReport.Count(files, "file")}, {PackReport.Count(folders, "folder")}, {PackReport.Count(links, "symlink")}{there}, {SizeText.Format(bytes)} in {seconds:0.0} s{rate}"));
        if (log.Errors > 0)
            terminal.Result($"FAILED: {log.Errors} error{(log.Errors == 1 ? "" : "s")}; not restored: {lost} file{(lost == 1 ? "" : "s")}, or folders with what is below them");
    }
}
