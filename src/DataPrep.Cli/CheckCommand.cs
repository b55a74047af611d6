using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DataPrep.Comparison;
using DataPrep.Packing;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep check</c></summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var folder = new Argument<string>("OUT") { Description = "A packed dataset" };
        var requirements = new Option<string?>("--requirements") { Description = "A JSON file of limits; what it does not say, and without it everything, is as usual", HelpName = "FILE" };
        var against = new Option<string[]>("--against") { Description = "Another dataset, or its pieces.jsonl, that must not have the same pieces and content. May be given several times", HelpName = "OUT|LIST", Arity = ArgumentArity.OneOrMore };
        var quick = new Option<bool>("--quick") { Description = "Open no piece: content is compared by whole files, from the records" };
        var command = new Command("check", "Holds a dataset against requirements of those who check preparation: fill, padding, sizes, duplicates, names; exit code 4 where one is broken") { folder, requirements, against, quick };
        var source = new SourceOption(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                string[] others = parsed.GetValue(against) ?? [];
                if (others.FirstOrDefault(other => !Path.Exists(other)) is { } missing)
                    throw new FileNotFoundException($"--against {missing}: no such file or folder");
                var limits = parsed.GetValue(requirements) is { } file ? Requirements.Read(file) : new Requirements();
                return Run(parsed.GetValue(folder)!, limits, others, parsed.GetValue(quick), source.Of(parsed), terminal);
            });
        });
        return command;
    }

    private static int Run(string folder, Requirements requirements, string[] against, bool quick, string? source, Terminal terminal)
    {
        var clock = Stopwatch.StartNew();
        var log = new FindingLog(finding => ReadBack.Report(finding, terminal));
        var progress = new PackCounters();
        var check = new DatasetCheck(folder, requirements, against, quick, source, new RequirementFindings(log, requirements), progress, CommandRunner.Cancel);
        var numbers = terminal.WithProgress("Checking", progress, check.Run);
        bool ok = log.Errors == 0;
        var content = numbers.Content!;
        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("ok", ok);
            writer.WriteNumber("errors", log.Errors);
            writer.WriteNumber("warnings", log.Warnings);
            writer.WriteNumber("pieces", numbers.Pieces);
            writer.WriteNumber("absent", numbers.Absent);
            writer.WriteNumber("payload", numbers.Payload);
            writer.WriteNumber("capacity", numbers.Capacity);
            writer.WriteNumber("padding", Math.Round(numbers.Padding, 6));
            writer.WriteNumber("files", numbers.Files);
            writer.WriteNumber("bytes", numbers.Bytes);
            writer.WriteNumber("tinyFiles", numbers.TinyFiles);
            writer.WriteString("contentBy", content.IsByLeaves ? "leaves" : "files");
            writer.WriteNumber("contentBytes", content.Bytes);
            writer.WriteNumber("duplicateBytes", content.DuplicateBytes);
            writer.WriteNumber("sharedBytes", content.SharedBytes);
            writer.WriteNumber("seconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
        });
        string absent = numbers.Absent > 0 ? $", {numbers.Absent} of them not there" : "";
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"{numbers.Pieces} piece{(numbers.Pieces == 1 ? "" : "s")}{absent}, {SizeText.Format(numbers.Payload)} of payload, padding {100 * numbers.Padding:0.##} %"));
        terminal.Result($"  files       {numbers.Files}, {SizeText.Format(numbers.Bytes)}; {numbers.TinyFiles} under {SizeText.Format(requirements.TinyFileSize)}");
        terminal.Result($"  duplicates  {SizeText.Format(content.DuplicateBytes)} of {SizeText.Format(content.Bytes)}, by {(content.IsByLeaves ? "leaves" : "whole files")}{(against.Length > 0 ? $"; {SizeText.Format(content.SharedBytes)} in other datasets too" : "")}");
        terminal.Result(ok
            ? $"Meets the requirements{(log.Warnings > 0 ? $", with {log.Warnings} warning{(log.Warnings == 1 ? "" : "s")}" : "")}"
            : $"FAILED: {log.Errors} requirement{(log.Errors == 1 ? " is" : "s are")} broken");
        return ok ? ExitCode.Done : ExitCode.Verification;
    }
}
