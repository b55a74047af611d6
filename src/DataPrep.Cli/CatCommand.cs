using System.CommandLine;
using DataPrep.Extraction;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Cli;

/// <summary><c>dataprep cat</c></summary>
internal static class CatCommand
{
    private const int StandardOutput = 1;

    public static Command Create()
    {
        var common = new CommonOptions();
        var arguments = ReadBack.Arguments("OUT|CAR... [PATH]");
        var offset = OptionOf.Size("--offset", "Begin so many bytes into each file");
        var length = OptionOf.Size("--length", "Print at most so many bytes of each file");
        var previous = LsCommand.PreviousOption();
        var command = new Command("cat", "Prints files of a dataset or of CARs to standard output, every block checked") { arguments, offset, length, previous };
        var place = new SourceOption(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                if (parsed.GetValue(common.Json))
                    throw new UsageException("cat prints the content of files and has no --json");
                var (targets, paths) = ReadBack.Split(parsed.GetValue(arguments)!);
                using var source = ReadBack.Open(targets, parsed.GetValue(previous) ?? [], source: place.Of(parsed));
                var printer = new Printer(source, parsed.GetValue(offset) ?? 0, parsed.GetValue(length) ?? long.MaxValue);
                foreach (string path in paths.DefaultIfEmpty(""))
                {
                    if (!printer.Print(path))
                        break;
                }

                return ExitCode.Done;
            });
        });
        return command;
    }

    /// <param name="offset">In each file.</param>
    /// <param name="length">Most bytes of each.</param>
    private sealed class Printer(DagSource source, long offset, long length)
    {
        private readonly DagReader dag = new(source.Blocks);
        private readonly FileContent content = new(source.Blocks, CommandRunner.Cancel);

        /// <summary>Prints the files that a path names; false where nobody reads on.</summary>
        public bool Print(string path)
        {
            var selection = ReadBack.Select(path);
            try
            {
                foreach (var root in source.Roots)
                {
                    foreach (var entry in dag.Walk(root, enters: below => selection.Match(below) != PathMatch.None))
                    {
                        var match = selection.Match(entry.Path);
                        if (match == PathMatch.Wanted && entry.Type != UnixFsType.File)
                            throw new IOException($"{(path.Length == 0 ? root.ToString() : PathText.Quote(entry.Path))} is a {(entry.IsFolder ? "folder" : "symlink")}: name a file in it, or a pattern that matches only files");
                        if (match == PathMatch.Wanted && !Print(entry))
                            return false;
                    }
                }
            }
            catch (MissingBlockException e) when (source.Advice is { } advice)
            {
                throw new IOException($"{e.Message}; {advice}", e);
            }

            foreach (string missing in selection.NotFound)
                throw new FileNotFoundException($"{missing}: no such file in it");
            return true;
        }

        private bool Print(DagEntry file)
        {
            long from = Math.Min(offset, file.Size), to = from + Math.Min(length, file.Size - from);
            try
            {
                content.Read(file.Cid, file.Size, from, to, (_, bytes) => Check(Posix.Write(StandardOutput, bytes)));
                return true;
            }
            catch (PipeClosedException)
            {
                return false;
            }
            catch (Exception e) when (e is MissingBlockException or MalformedDataException)
            {
                string advice = e is MissingBlockException && source.Advice is { } known ? $"; {known}" : "";
                throw new IOException($"{PathText.Quote(file.Path)} at offset {content.Position}: {e.Message}{advice}", e);
            }
        }

        private static void Check(int error)
        {
            if (error == Posix.EPIPE)
                throw new PipeClosedException();
            if (error != 0)
                throw new IOException($"cannot write to standard output: {Posix.Describe(error)}");
        }
    }

    /// <summary>Whoever read standard output has seen enough.</summary>
    private sealed class PipeClosedException : IOException;
}
