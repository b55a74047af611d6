using System.CommandLine;
using DataPrep.Distribution.Reports;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Cli;

/// <summary><c>dataprep report</c></summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var dataset = new Argument<string>("OUT") { Description = "A packed dataset" };
        var output = new Option<string>("--output", "-o") { Description = "File to write, which must not be there yet", HelpName = "FILE", DefaultValueFactory = _ => "report.html" };
        var command = new Command("report", "Writes a page about a dataset and the runs that packed it: one HTML file that needs no network") { dataset, output };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                Write(parsed.GetValue(dataset)!, parsed.GetValue(output)!, terminal);
                return ExitCode.Done;
            });
        });
        return command;
    }

    private static void Write(string folder, string target, Terminal terminal)
    {
        if (target.Length == 0)
            throw new UsageException("-o: the name is empty");
        // Said before all is read, which may take a minute.
        if (Path.Exists(target))
            throw WholeFile.Exists(target);
        var report = new DatasetReport(folder, CommandRunner.Cancel);
        WholeFile.WriteNew(target, stream => ReportPage.Write(report, stream));
        terminal.Event("report", writer =>
        {
            writer.WriteString("path", target);
            writer.WriteNumber("pieces", report.Pieces);
            writer.WriteBoolean("charts", ReportPage.HasCharts);
        });
        terminal.Result($"{target}: report of {folder}");
        if (!ReportPage.HasCharts)
            terminal.Note("this build has no charts, and shows all figures as tables: the library that draws them was not there when it was made");
    }
}
