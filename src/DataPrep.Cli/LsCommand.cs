using System.CommandLine;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Cli;

/// <summary><c>dataprep ls</c></summary>
internal static class LsCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var targets = new Argument<string[]>("OUT|CAR") { Description = "Packed datasets or CAR files", Arity = ArgumentArity.OneOrMore };
        var isLong = new Option<bool>("--long", "-l") { Description = "With type, size and CID" };
        var command = new Command("ls", "Lists the files, folders and symlinks of a dataset, or those in a CAR, as their DAGs have them") { targets, isLong };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                foreach (string target in parsed.GetValue(targets)!)
                    List(target, parsed.GetValue(isLong), terminal);

                return ExitCode.Done;
            });
        });
        return command;
    }

    private static void List(string target, bool isLong, Terminal terminal)
    {
        if (Directory.Exists(target))
        {
            using var dataset = PackedDataset.Open(target);
            List(dataset.Blocks, [dataset.Root], isLong, terminal);
        }
        else
        {
            using var car = new CarBlocks(target, new CarReadOptions { AllowZeroPadding = true });
            List(car, car.Roots, isLong, terminal);
        }
    }

    private static void List(IBlockSource blocks, IReadOnlyList<Cid> roots, bool isLong, Terminal terminal)
    {
        foreach (var root in roots)
        {
            foreach (var entry in new DagReader(blocks).Walk(root))
            {
                CommandRunner.Cancel.ThrowIfCancellationRequested();
                if (entry.Path.Length == 0 && entry.IsFolder)
                    continue;
                string kind = entry.IsFolder ? "dir" : entry.Type == UnixFsType.Symlink ? "symlink" : "file";
                Show(entry, kind, isLong, terminal);
            }
        }
    }

    private static void Show(DagEntry entry, string kind, bool isLong, Terminal terminal)
    {
        var (path, hex) = RecordFile.PathFields(entry.Path);
        terminal.Event("entry", writer =>
        {
            writer.WriteString("path", path);
            if (hex is not null)
                writer.WriteString("pathHex", hex);
            writer.WriteString("kind", kind);
            writer.WriteNumber("size", entry.Size);
            writer.WriteString("cid", entry.Cid.ToString());
            if (kind == "symlink")
                writer.WriteString("target", PathText.Show(entry.Target));
        });
        string shown = path.Length == 0 ? entry.Cid.ToString() : PathText.Quote(path);
        if (kind == "dir")
            shown += "/";
        if (kind == "symlink" && isLong)
            shown += $" -> {PathText.Quote(entry.Target)}";
        terminal.Result(isLong ? $"{kind,-7} {entry.Size,14} {entry.Cid} {shown}" : shown);
    }
}
