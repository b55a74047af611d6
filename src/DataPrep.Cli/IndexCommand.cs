using System.CommandLine;
using DataPrep.Car;
using DataPrep.Records;

namespace DataPrep.Cli;

/// <summary><c>dataprep index</c></summary>
internal static class IndexCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var file = new Argument<string>("CAR") { Description = "A CARv1 or CARv2 file, or an .inline file; what is in a CARv2 as index is not looked at" };
        var output = new Option<string?>("--output", "-o") { Description = "File to write (default: beside the CAR, with .carindex for .car)", HelpName = "FILE" };
        var command = new Command("index", "Writes an index of a CAR's blocks to a file of its own, in the format MultihashIndexSorted of CARv2") { file, output };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            string car = parsed.GetValue(file)!;
            return CommandRunner.Guard(terminal, () => Write(car, parsed.GetValue(output) ?? Path.ChangeExtension(car, ".carindex"), terminal));
        });
        return command;
    }

    private static int Write(string car, string output, Terminal terminal)
    {
        var index = SortedIndex.Of(car, CommandRunner.Cancel);
        WholeFile.WriteNew(output, index.Write);
        long size = new FileInfo(output).Length;
        terminal.Event("index", writer =>
        {
            writer.WriteString("path", output);
            writer.WriteNumber("blocks", index.Count);
            writer.WriteNumber("size", size);
        });
        terminal.Result($"{output}: {index.Count} blocks, {size} bytes");
        return ExitCode.Done;
    }
}
