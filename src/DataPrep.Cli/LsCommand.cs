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
        var command = new Command("ls", "Lists the files, folders and symlinks in pieces, as their DAGs have them") { targets, isLong };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                foreach (string target in parsed.GetValue(targets)!)
                {
                    foreach (string car in CarsOf(target))
                        List(car, parsed.GetValue(isLong), terminal);
                }

                return ExitCode.Done;
            });
        });
        return command;
    }

    private static IEnumerable<string> CarsOf(string target)
    {
        if (!Directory.Exists(target))
            return [target];
        return File.Exists(Path.Join(target, RecordFile.Pieces))
            ? RecordFile.ReadPieces(target).Select(piece => Path.Join(target, piece.CarFile))
            : throw new FileNotFoundException($"{target}: no packed dataset ({RecordFile.Pieces} is missing)");
    }

    private static void List(string car, bool isLong, Terminal terminal)
    {
        using var blocks = new CarBlocks(car, new CarReadOptions { AllowZeroPadding = true });
        foreach (var root in blocks.Roots)
        {
            foreach (var entry in new DagReader(blocks).Walk(root))
            {
                CommandRunner.Cancel.ThrowIfCancellationRequested();
                bool isFolder = entry.Type is UnixFsType.Directory or UnixFsType.HamtShard;
                if (entry.Path.Length == 0 && isFolder)
                    continue;
                string kind = isFolder ? "dir" : entry.Type == UnixFsType.Symlink ? "symlink" : "file";
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
