using System.CommandLine;
using System.Globalization;
using DataPrep.Car;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary><c>dataprep clean</c></summary>
internal static class CleanCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var outputs = new Argument<string[]>("OUT") { Description = "Folders that were packed into", Arity = ArgumentArity.OneOrMore };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only list what would be removed" };
        var command = new Command("clean", "Removes what a pack that was broken off has left, its finished pieces too; never a piece of a finished dataset") { outputs, dryRun };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                foreach (string output in parsed.GetValue(outputs)!)
                    Clean(output, parsed.GetValue(dryRun), terminal);
                return ExitCode.Done;
            });
        });
        return command;
    }

    private static void Clean(string output, bool isDryRun, Terminal terminal)
    {
        using var cleaning = new Cleaning(output, terminal.Warn);
        int cars = cleaning.Pieces.Where(file => Path.GetExtension(file) is ".car" or CarBytes.InlineExtension).Select(Path.GetFileName).Distinct().Count();
        long pieceBytes = Leftovers.SizeOf(cleaning.Pieces), workBytes = Leftovers.SizeOf(cleaning.WorkFiles);
        foreach (string file in cleaning.Pieces.Concat(cleaning.WorkFiles))
        {
            terminal.Event("leftover", writer =>
            {
                writer.WriteString("path", file);
                writer.WriteNumber("bytes", Leftovers.SizeOf([file]));
            });
            if (isDryRun)
                terminal.Result(file);
            else
                terminal.Detail(file);
        }

        if (cleaning.Pieces.Count + cleaning.WorkFiles.Count == 0)
        {
            terminal.Result($"{output}: nothing to remove");
        }
        else
        {
            terminal.Result(string.Create(CultureInfo.InvariantCulture, $"{output}: {(isDryRun ? "would remove" : "removing")} {cars} finished piece{(cars == 1 ? "" : "s")} ({SizeText.Format(pieceBytes)}) and {cleaning.WorkFiles.Count} work file{(cleaning.WorkFiles.Count == 1 ? "" : "s")} ({SizeText.Format(workBytes)})"));
            if (!isDryRun)
                cleaning.Remove();
        }

        terminal.Event("summary", writer =>
        {
            writer.WriteNumber("pieces", cars);
            writer.WriteNumber("pieceBytes", pieceBytes);
            writer.WriteNumber("workFiles", cleaning.WorkFiles.Count);
            writer.WriteNumber("workBytes", workBytes);
            writer.WriteBoolean("dryRun", isDryRun);
        });
    }
}
