using System.CommandLine;
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
        var arguments = ReadBack.Arguments("OUT|CAR... [PATH]");
        var isLong = new Option<bool>("--long", "-l") { Description = "With type, size and CID" };
        var previous = PreviousOption();
        var command = new Command("ls", "Lists the files, folders and symlinks of a dataset, or those in a CAR, as their DAGs have them") { arguments, isLong, previous };
        var source = new SourceOption(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                var (targets, paths) = ReadBack.Split(parsed.GetValue(arguments)!);
                var selection = ReadBack.Select(paths);
                foreach (string target in targets)
                    List(target, parsed.GetValue(previous) ?? [], source.Of(parsed), selection, parsed.GetValue(isLong), terminal);

                string[] missing = [.. selection.NotFound];
                return missing.Length == 0 ? ExitCode.Done : throw new FileNotFoundException($"{string.Join(", ", missing)}: no such path in it");
            });
        });
        return command;
    }

    /// <summary>Where the earlier versions of a dataset are.</summary>
    public static Option<string[]> PreviousOption() =>
        new("--previous", "--pieces") { Description = "Folder of an earlier version that the dataset keeps unchanged content from, where it is not where it was; may be given more than once", HelpName = "OLD_OUT", AllowMultipleArgumentsPerToken = false };

    private static void List(string target, string[] previous, string? place, PathSelection selection, bool isLong, Terminal terminal)
    {
        using var source = ReadBack.Open([target], previous, source: place);
        var dag = new DagReader(source.Blocks);
        try
        {
            foreach (var entry in source.Roots.SelectMany(root => dag.Walk(root, enters: path => selection.Match(path) != PathMatch.None)))
            {
                CommandRunner.Cancel.ThrowIfCancellationRequested();
                if ((entry.Path.Length == 0 && entry.IsFolder) || selection.Match(entry.Path) != PathMatch.Wanted)
                    continue;
                string kind = entry.IsFolder ? "dir" : entry.Type == UnixFsType.Symlink ? "symlink" : "file";
                Show(entry, kind, isLong, terminal);
            }
        }
        catch (MissingBlockException e) when (source.Advice is { } advice)
        {
            throw new IOException($"{e.Message}; {advice}", e);
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
