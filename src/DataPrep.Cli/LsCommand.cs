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
        var previous = PreviousOption();
        var command = new Command("ls", "Lists the files, folders and symlinks of a dataset, or those in a CAR, as their DAGs have them") { targets, isLong, previous };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                foreach (string target in parsed.GetValue(targets)!)
                    List(target, parsed.GetValue(previous) ?? [], parsed.GetValue(isLong), terminal);

                return ExitCode.Done;
            });
        });
        return command;
    }

    /// <summary>Where the earlier versions of a dataset are.</summary>
    public static Option<string[]> PreviousOption() =>
        new("--previous") { Description = "Folder of an earlier version that the dataset keeps unchanged content from, where it is not where it was; may be given more than once", HelpName = "OLD_OUT", AllowMultipleArgumentsPerToken = false };

    private static void List(string target, string[] previous, bool isLong, Terminal terminal)
    {
        if (Directory.Exists(target))
        {
            using var dataset = PackedDataset.Open(target, previous);
            try
            {
                List(dataset.Blocks, [dataset.Root], isLong, terminal);
            }
            catch (MissingBlockException e) when (!dataset.HasAll)
            {
                throw new IOException($"{e.Message}; {target} keeps content of the version {dataset.Record.Previous}, which is not where it was, or not with all its pieces: say where it is with --previous OLD_OUT", e);
            }
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
