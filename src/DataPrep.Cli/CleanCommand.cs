using System.CommandLine;
using System.Globalization;
using DataPrep.Car;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.S3;

namespace DataPrep.Cli;

/// <summary><c>dataprep clean</c></summary>
internal static class CleanCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var outputs = new Argument<string[]>("OUT") { Description = "Folders that were packed into", Arity = ArgumentArity.OneOrMore };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only list what would be removed" };
        var olderThan = OptionOf.Time("--older-than", "Of s3://: also what runs with other work folders have left, if nothing has come to it for so long");
        var s3 = new S3OptionSet();
        var command = new Command("clean", "Removes what a pack that was broken off has left, its finished pieces too; never a piece of a finished dataset") { outputs, dryRun, olderThan };
        s3.AddTo(command, writes: false);
        command.Add(s3.Work);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                string[] named = parsed.GetValue(outputs)!;
                if (!named.Any(S3Place.Is) && (parsed.GetValue(olderThan) is not null || parsed.GetValue(s3.Work) is not null))
                    throw new UsageException("--older-than and --work go with s3://BUCKET/PREFIX");
                foreach (string output in named)
                {
                    if (S3Place.Is(output))
                        CleanBucket(S3Place.Parse(output), parsed, s3, parsed.GetValue(olderThan), parsed.GetValue(dryRun), terminal);
                    else
                        Clean(output, parsed.GetValue(dryRun), terminal);
                }

                return ExitCode.Done;
            });
        });
        return command;
    }

    private static void CleanBucket(S3Place place, ParseResult parsed, S3OptionSet s3, TimeSpan? olderThan, bool isDryRun, Terminal terminal)
    {
        using var client = new S3Client(s3.Options(parsed));
        var folder = new OutputFolder(s3.WorkFolder(parsed, place, client.Server));
        bool hasFolder = Directory.Exists(folder.Work);
        // While it is looked at and removed, no run begins.
        using (hasFolder ? folder.Hold() : null)
        {
            var cleaning = new S3Cleaning(client.Bucket(place.Bucket, CommandRunner.Cancel, terminal.Warn), place, client.Server, folder, olderThan);
            foreach (var left in cleaning.All)
            {
                string path = $"{S3Place.Scheme}{place.Bucket}/{left.Key}";
                terminal.Event("leftover", writer =>
                {
                    writer.WriteString("path", path);
                    writer.WriteNumber("bytes", left.Bytes);
                });
                string line = left.Upload is null ? path : $"{path} (an upload that was not completed)";
                if (isDryRun)
                    terminal.Result(line);
                else
                    terminal.Detail(line);
            }

            int uploads = cleaning.All.Count(left => left.Upload is not null), objects = cleaning.All.Count - uploads;
            if (!isDryRun)
                cleaning.Remove();
            terminal.Result(cleaning.All.Count == 0
                ? $"{place}: nothing to remove"
                : string.Create(CultureInfo.InvariantCulture, $"{place}: {(isDryRun ? "would remove" : "removed")} {objects} object{(objects == 1 ? "" : "s")} and {uploads} open upload{(uploads == 1 ? "" : "s")} ({SizeText.Format(cleaning.All.Sum(left => left.Bytes))})"));
        }

        if (hasFolder)
            Clean(folder.Path, isDryRun, terminal);
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
