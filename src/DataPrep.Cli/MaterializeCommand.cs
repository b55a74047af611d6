using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DataPrep.Car;
using DataPrep.Cli.Telemetry;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Cli;

/// <summary><c>dataprep materialize</c></summary>
internal static class MaterializeCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var arguments = new Argument<string[]>("OUT [PIECE]") { Description = "A dataset that was packed with --inline, and of it pieces by piece CID; or .inline files", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string?>("--output", "-o") { Description = "Folder for the CARs; made if missing (default: OUT)", HelpName = "DIR" };
        var command = new Command("materialize", "Makes the CARs of pieces that were packed with --inline, from their sources; every byte is held against the piece CID") { arguments, output };
        var source = new SourceOption(command);
        common.AddTo(command);
        var telemetry = new TelemetryOptionSet(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return telemetry.Guard(parsed, terminal, () => Run(parsed.GetValue(arguments)!, parsed.GetValue(output), source.Of(parsed), parsed.GetValue(common.Threads), terminal));
        });
        return command;
    }

    private static int Run(string[] arguments, string? output, string? source, int threads, Terminal terminal)
    {
        if (output is "")
            throw new UsageException("-o: the name of the folder is empty");
        var clock = Stopwatch.StartNew();
        var wanted = Find(arguments, terminal);
        var progress = new PackCounters();
        var bytes = wanted.Select(piece => InlineFooter.Read(piece).CarSize).ToList();
        progress.Begin(bytes.Sum());
        int made = 0;
        foreach (var group in wanted.Zip(bytes).GroupBy(piece => Path.GetFullPath(output ?? Path.GetDirectoryName(Path.GetFullPath(piece.First))!)))
        {
            var target = new OutputFolder(group.Key);
            using var hold = target.Hold();
            var materializer = new Materializer(target, threads, progress, CommandRunner.Cancel);
            foreach (var (path, size) in group)
            {
                string name = Path.ChangeExtension(Path.GetFileName(path), ".car"), car = target.FileOf(name);
                bool isNew = terminal.WithProgress("Materializing", progress, () =>
                {
                    using var piece = new InlinePiece(path, source);
                    return materializer.Make(piece, name);
                });
                made += isNew ? 1 : 0;
                terminal.Event("materialized", writer =>
                {
                    writer.WriteString("pieceCid", Path.GetFileNameWithoutExtension(path));
                    writer.WriteString("path", car);
                    writer.WriteNumber("carSize", size);
                    writer.WriteBoolean("wasThere", !isNew);
                });
                terminal.Result(isNew ? $"{car}: made, {size} bytes" : $"{car}: there already with {size} bytes, left as it is (verify checks them)");
            }
        }

        double seconds = clock.Elapsed.TotalSeconds;
        terminal.Event("summary", writer =>
        {
            writer.WriteNumber("pieces", wanted.Count);
            writer.WriteNumber("made", made);
            writer.WriteNumber("bytes", bytes.Sum());
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
        });
        string rate = made == wanted.Count ? $", {SizeText.Format((long)(bytes.Sum() / Math.Max(seconds, 1e-3)))}/s" : "";
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"Materialized: {made} of {wanted.Count} CAR{(wanted.Count == 1 ? "" : "s")}, {SizeText.Format(bytes.Sum())} in {seconds:0.0} s{rate}"));
        return ExitCode.Done;
    }

    /// <summary>The <c>.inline</c> files that are named, in the order of the dataset.</summary>
    private static List<string> Find(string[] arguments, Terminal terminal)
    {
        if (!Directory.Exists(arguments[0]))
        {
            if (arguments.FirstOrDefault(file => !CarBytes.IsInline(file)) is { } other)
                throw new UsageException($"'{other}': name a folder that was packed into, and pieces of it; or {CarBytes.InlineExtension} files");
            return [.. arguments];
        }

        string folder = arguments[0];
        if (!File.Exists(Path.Join(folder, RecordFile.Pieces)))
            throw new FileNotFoundException($"{folder}: no packed dataset ({RecordFile.Pieces} is missing)");
        var pieces = RecordFile.ReadPieces(folder);
        var named = arguments.Skip(1).Select(CidOf).ToHashSet(StringComparer.Ordinal);
        if (named.FirstOrDefault(cid => pieces.All(piece => piece.PieceCid != cid)) is { } missing)
            throw new FileNotFoundException($"{folder} has no piece {missing}");
        var chosen = pieces.Where(piece => named.Count == 0 || named.Contains(piece.PieceCid)).ToList();
        foreach (var piece in chosen.Where(piece => !piece.Inline))
            terminal.Note($"{piece.PieceCid} ({piece.Kind}) was packed as a CAR: {Path.Join(folder, piece.CarFile)}");
        var inline = chosen.Where(piece => piece.Inline).Select(piece => Path.Join(folder, StoredPiece.NameOf(piece))).ToList();
        if (inline.Count == 0 && named.Count == 0)
            terminal.Note($"{folder} was packed without --inline: its pieces are CARs");
        return inline;
    }

    /// <summary>Piece CID v1 of what names a piece: a piece CID of either version, or a file name made of it.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    private static string CidOf(string name)
    {
        string text = Path.GetFileName(name) is var file && Path.GetExtension(file) is ".car" or CarBytes.InlineExtension ? Path.GetFileNameWithoutExtension(file) : name;
        try
        {
            if (Cid.TryParse(text, out var cid))
                return PieceCid.ToV1(cid).ToString();
        }
        catch (MalformedDataException)
        {
        }

        throw new UsageException($"'{name}' is no piece CID");
    }
}
