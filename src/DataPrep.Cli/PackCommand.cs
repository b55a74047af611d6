using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.S3;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary><c>dataprep pack</c></summary>
internal static class PackCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var dag = new DagOptions();
        var selection = new SelectionOptions();
        var sources = new Argument<string[]>("SOURCE") { Description = "Folders and files to pack; - packs one file from standard input", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string[]>("--output", "-o") { Description = "Folder for the pieces and their manifests; made if missing; or s3://BUCKET/PREFIX. Given more than once, pieces are spread over the folders, and manifests and links to all pieces are in the first", HelpName = "OUT", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var cut = new CutOptionSet();
        var pace = new PaceOptionSet();
        var s3 = new S3OptionSet();
        var remote = new RemoteOptionSet();
        var name = new Option<string?>("--name") { Description = "Name of the dataset (default: that of the source); of standard input also that of its file (default: stdin)", HelpName = "NAME" };
        var wrap = new Option<bool>("--wrap") { Description = "Put a single file in a folder" };
        var noHidden = new Option<bool>("--no-hidden") { Description = "Leave out files and folders whose names begin with a dot" };
        var noEmpty = new Option<bool>("--no-empty-dirs") { Description = "Leave out empty folders" };
        var noLinks = new Option<bool>("--no-symlinks") { Description = "Leave out symlinks" };
        var onChange = OptionOf.Word("--on-change", "What to do with a file that changes while it is packed (default retry: at most 3 times)", "retry", "skip", "fail");
        var restart = new Option<bool>("--restart") { Description = "Begin anew where an earlier run was broken off, instead of going on from there" };
        var previous = new Option<string?>("--previous") { Description = "Folder of an earlier version of the dataset: what is unchanged since is not packed again, the new root links to the blocks in its pieces", HelpName = "OLD_OUT" };
        var checksum = new Option<bool>("--checksum") { Description = "With --previous: read all files to tell which are unchanged, instead of by size, time and inode" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Scan only, and say exactly what would be made" };
        var sha256 = new Option<bool>("--sha256") { Description = "Record the SHA-256 of each CAR, for checksums of downloads; each is read once more for it" };
        var inline = new Option<bool>("--inline") { Description = "Store no CARs of data pieces, but what they can be made from together with the sources, which have to stay as they are; materialize makes them" };
        var memory = OptionOf.Size("--memory", "Most memory to use");
        var inputIo = OptionOf.Word("--input-io", "How large files are read (default auto: past the page cache, where they are on a local disk and not in it)", "auto", "cached");
        var ioOrder = OptionOf.Word("--io-order", "Who reads: all threads at once (default), or one at a time, in order, as suits spinning disks", "parallel", "sequential");
        var dropBehind = new Option<bool?>("--no-cache-pollution") { Description = "Leave nothing of what is read in the page cache (default: for datasets of more than half the memory)", HelpName = "true|false", Arity = ArgumentArity.ZeroOrOne };
        var outputIo = OptionOf.Word("--output-io", "How the piece is written: past the page cache, or through it (default auto: direct on local disks)", "auto", "direct", "cached");
        var slab = OptionOf.Size("--slab-size", "Padded size of the unit of work, a power of two; has no influence on the output");
        slab.Hidden = true;
        var checkpoint = new Option<double?>("--checkpoint") { Description = "Seconds of work that may be lost when the run is killed (default 5)", HelpName = "SECONDS" };

        var command = new Command("pack", "Packs folders and files into a piece: a CAR named by its piece CID, and manifests beside it")
        {
            sources, output, name, wrap, noHidden, noEmpty, noLinks, onChange, previous, checksum, restart, dryRun, inline, sha256, memory, inputIo, outputIo, ioOrder, dropBehind, checkpoint, slab,
        };
        cut.AddTo(command);
        pace.AddTo(command);
        s3.AddTo(command, writes: true);
        remote.AddTo(command);
        selection.AddTo(command);
        dag.AddTo(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                bool isDryRun = parsed.GetValue(dryRun);
                string[] targets = parsed.GetValue(output) ?? [];
                if (targets.Length == 0 && !isDryRun)
                    throw new UsageException("say where the pieces go: -o OUT");
                if (targets.Contains(""))
                    throw new UsageException("-o: the name of the folder is empty");
                bool isBucket = targets.Any(S3Place.Is);
                if (isBucket && targets.Length > 1)
                    throw new UsageException("-o s3://... stands alone: pieces are not spread over a bucket and folders");
                if (!isBucket && parsed.GetValue(s3.Work) is not null)
                    throw new UsageException("--work goes with -o s3://...: in a folder, work is kept beside the pieces");
                if (targets.Select(Path.GetFullPath).Distinct(StringComparer.Ordinal).Count() < targets.Length)
                    throw new UsageException("-o: a folder is named twice");
                if (parsed.GetValue(slab) is { } slabSize && (slabSize is < 1 << 20 or > SlabPlan.MaxPaddedSize || !long.IsPow2(slabSize)))
                    throw new UsageException("--slab-size must be a power of two from 1MiB to 256MiB");
                var input = StreamInput.IsNamed(parsed, sources, parsed.GetValue(name)) ? StreamInput.Open() : null;
                string[] paths = input is null && !remote.IsList(parsed, sources) ? selection.Sources(parsed, sources) : [];
                using var source = remote.Source(parsed, paths, s3, terminal);
                if (source is not null)
                    paths = [];
                var options = new PackOptions
                {
                    Sources = paths,
                    Remote = source,
                    Input = input is null ? null : () => input,
                    Output = targets.FirstOrDefault() ?? "",
                    MoreOutputs = [.. targets.Skip(1)],
                    Name = parsed.GetValue(name),
                    Profile = dag.Profile(parsed),
                    Scan = new ScanOptions(!parsed.GetValue(noHidden), !parsed.GetValue(noEmpty), !parsed.GetValue(noLinks), parsed.GetValue(wrap), selection.Selection(parsed, paths, terminal)),
                    OnChange = parsed.GetValue(onChange) switch { "skip" => OnChange.Skip, "fail" => OnChange.Fail, _ => OnChange.Retry },
                    Threads = parsed.GetValue(common.Threads),
                    Memory = parsed.GetValue(memory),
                    InputIo = parsed.GetValue(inputIo) == "cached" ? InputIo.Cached : InputIo.Auto,
                    ReadInTurn = parsed.GetValue(ioOrder) == "sequential",
                    DropBehind = parsed.GetResult(dropBehind) is null ? null : parsed.GetValue(dropBehind) ?? true,
                    OutputIo = parsed.GetValue(outputIo) switch { "direct" => OutputIo.Direct, "cached" => OutputIo.Cached, _ => OutputIo.Auto },
                    SlabSize = parsed.GetValue(slab),
                    Checkpoint = TimeSpan.FromSeconds(parsed.GetValue(checkpoint) is { } seconds ? seconds is >= 0 and <= 3600 ? seconds : throw new UsageException("--checkpoint must be from 0 to 3600 seconds") : 5),
                    Previous = parsed.GetValue(previous) is "" ? throw new UsageException("--previous: the name of the folder is empty") : parsed.GetValue(previous),
                    Checksum = parsed.GetValue(checksum),
                    Restart = parsed.GetValue(restart),
                    Inline = parsed.GetValue(inline),
                    Sha256 = parsed.GetValue(sha256),
                    Warn = terminal.Warn,
                    Note = terminal.Note,
                    Detail = terminal.Detail,
                };
                options = pace.Apply(parsed, cut.Apply(parsed, options));
                if (!isBucket)
                    return isDryRun ? DryRun(options, terminal) : Pack(options, terminal);
                var place = S3Place.Parse(targets[0]);
                S3Source.RefuseWithin(options.SourceNames, place);
                using var client = new S3Client(s3.Options(parsed));
                using var target = new S3Target(client.Bucket(place.Bucket, CommandRunner.Cancel, terminal.Warn), place, client.Server, s3.Options(parsed), CommandRunner.Cancel);
                options = options with { Output = s3.WorkFolder(parsed, place, client.Server), Target = target };
                if (isDryRun)
                    return DryRun(options, terminal);
                terminal.Note($"pieces go to {place} on {client.Server}; plan, journal and records are kept in {options.Output}");
                return Pack(options, terminal);
            });
        });
        return command;
    }

    private const int MostPieces = 20;

    private static int Pack(PackOptions options, Terminal terminal)
    {
        var progress = new PackProgress();
        var packer = new Packer(options, progress, CommandRunner.Cancel);
        PackResult result;
        try
        {
            result = terminal.WithProgress("Packing", progress, packer.Run);
        }
        catch (OperationCanceledException) when (Directory.Exists(Path.Join(options.Output, OutputFolder.WorkFolder)))
        {
            terminal.Note("the same command goes on from here; --restart begins anew");
            throw;
        }

        foreach (var piece in result.Pieces)
        {
            terminal.Event("piece", writer => WriteFields(writer, JsonSerializer.SerializeToElement(piece, RecordJson.Default.PieceRecord)));
            if (piece.CarSize < 127)
                terminal.Warn($"the CAR has only {piece.CarSize} bytes; storage providers refuse pieces under 127 bytes");
        }

        SelectionOptions.WarnOfNothing(result.Dataset, terminal);
        ReportSkipped(result.Skipped, terminal);
        double seconds = result.Elapsed.TotalSeconds;
        long rate = (long)(result.Dataset.Bytes / Math.Max(seconds, 1e-3));
        terminal.Event("summary", writer =>
        {
            WriteFields(writer, JsonSerializer.SerializeToElement(result.Dataset, RecordJson.Default.DatasetRecord));
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
            writer.WriteNumber("bytesPerSecond", rate);
            writer.WriteBoolean("alreadyDone", result.AlreadyDone);
            if (options.Previous is not null)
            {
                writer.WriteNumber("keptFiles", result.Kept.Files);
                writer.WriteNumber("keptBytes", result.Kept.Bytes);
            }

            if (!result.AlreadyDone)
            {
                result.Times.WriteTo(writer);
                writer.WriteString("bottleneck", result.Times.Bottleneck);
            }
        });

        var dataset = result.Dataset;
        terminal.Result(result.AlreadyDone
            ? $"{options.Target?.Name ?? options.Output} holds {dataset.Name} already, complete{(dataset.Skipped > 0 ? $" but for {Count(dataset.Skipped, "skipped input")}: to try these again, pack into another folder" : "")}; nothing to do (verify checks every byte)"
            : $"Packed {dataset.Name}: {Contents(dataset)} in {seconds.ToString("0.0", CultureInfo.InvariantCulture)} s, {SizeText.Format(rate)}/s");
        terminal.Result($"  root    {dataset.RootCid}");
        if (options.Previous is not null)
            terminal.Result($"  kept    {Count(result.Kept.Files, "file")} with {SizeText.Format(result.Kept.Bytes)}, unchanged since {dataset.Previous}");
        foreach (var piece in result.Pieces.Take(MostPieces))
        {
            terminal.Result($"  {(piece.Kind == "dag" ? "dag  " : "piece")}   {piece.PieceCid}");
            terminal.Result($"          {piece.PieceCidV2}");
            terminal.Result($"          {Fill(piece.CarSize, piece.PieceSize)}{(options.Target is null ? Stored(options.Output, piece) : "")}");
        }

        if (result.Pieces.Count > MostPieces)
            terminal.Result($"  ... and {Count(result.Pieces.Count - MostPieces, "piece")} more; pieces.jsonl lists them all");

        if (!result.AlreadyDone)
        {
            terminal.Detail(Times(result.Times));
            terminal.Detail($"managed memory: {GC.GetTotalAllocatedBytes() >> 20} MiB allocated, {GC.CollectionCount(0)} collections, {GC.CollectionCount(2)} of them full");
        }

        return result.Dataset.Skipped > 0 ? ExitCode.Skipped : ExitCode.Done;
    }

    private static string Times(StageClock times)
    {
        double Share(Stage stage) => 100 * times[stage] / times.Total;
        return string.Create(CultureInfo.InvariantCulture, $"the workers' time: {Share(Stage.Read):0} % reading, {Share(Stage.LeafHash):0} % hashing leaves, {Share(Stage.CommP):0} % hashing the piece, {Share(Stage.Write):0} % writing, {Share(Stage.Wait):0} % waiting; most of it {times.Bottleneck}");
    }

    private static int DryRun(PackOptions options, Terminal terminal)
    {
        var progress = new PackProgress();
        var plan = terminal.WithProgress("Scanning", progress, new Packer(options, progress, CommandRunner.Cancel).Plan);
        SelectionOptions.WarnOfNothing(plan.Dataset, terminal);
        ReportSkipped(plan.Tree.Skipped, terminal);
        var sizes = plan.Pieces.Select(piece => ("data", piece.CarSize)).Concat(plan.DagSizes.Select(size => ("dag", size)))
            .Select(piece => (Kind: piece.Item1, CarSize: Math.Max(piece.Item2, options.LeastCarSize))).ToList();
        foreach (var (kind, carSize) in sizes)
        {
            terminal.Event("plannedPiece", writer =>
            {
                writer.WriteString("kind", kind);
                writer.WriteNumber("carSize", carSize);
                writer.WriteNumber("pieceSize", Piece.PieceSize.Padded(carSize));
            });
        }

        terminal.Event("plan", writer =>
        {
            writer.WriteString("name", plan.Dataset.Name);
            writer.WriteNumber("files", plan.Dataset.Files);
            writer.WriteNumber("directories", plan.Dataset.Directories);
            writer.WriteNumber("links", plan.Dataset.Links);
            writer.WriteNumber("bytes", plan.Dataset.Bytes);
            writer.WriteNumber("pieces", sizes.Count);
            writer.WriteNumber("dagPieces", plan.DagSizes.Count);
            writer.WriteNumber("carSize", sizes.Sum(piece => piece.CarSize));
            writer.WriteNumber("pieceSize", sizes.Sum(piece => Piece.PieceSize.Padded(piece.CarSize)));
            writer.WriteNumber("skipped", plan.Tree.Skipped.Count);
        });
        terminal.Result($"Would pack {plan.Dataset.Name}: {Contents(plan.Dataset)}");
        if (options.Previous is not null)
            terminal.Result($"  kept    {Count(DatasetTotals.OfKept(plan.Tree).Files, "file")} with {SizeText.Format(DatasetTotals.OfKept(plan.Tree).Bytes)}, unchanged since {plan.Dataset.Previous}");
        foreach (var (kind, carSize) in sizes.Take(MostPieces))
            terminal.Result($"  {(kind == "dag" ? "dag  " : "piece")}   {Fill(carSize, Piece.PieceSize.Padded(carSize))}");
        if (sizes.Count > MostPieces)
            terminal.Result($"  ... and {Count(sizes.Count - MostPieces, "piece")} more, {SizeText.Format(sizes.Sum(piece => piece.CarSize))} in all");
        return plan.Tree.Skipped.Count > 0 ? ExitCode.Skipped : ExitCode.Done;
    }

    private static string Contents(DatasetRecord dataset)
    {
        string text = $"{Count(dataset.Files, "file")}, {Count(dataset.Directories, "folder")}";
        if (dataset.Links > 0)
            text += $", {Count(dataset.Links, "symlink")}";
        return $"{text}, {SizeText.Format(dataset.Bytes)}";
    }

    private static string Count(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");

    private static string Stored(string output, PieceRecord piece) =>
        piece.Inline ? string.Create(CultureInfo.InvariantCulture, $"; not stored, but {LinkedFile.Length(Path.Join(output, StoredPiece.NameOf(piece))):N0} bytes of {StoredPiece.NameOf(piece)[^7..]}") : "";

    private static string Fill(long carSize, long pieceSize) =>
        string.Create(CultureInfo.InvariantCulture, $"CAR of {carSize:N0} bytes in a piece of {SizeText.Format(pieceSize)}, {100.0 * carSize / Piece.PieceSize.Unpadded(pieceSize):0.0} % full");

    private static void ReportSkipped(IReadOnlyList<SkippedInput> skipped, Terminal terminal)
    {
        const int Most = 20;
        foreach (var record in DatasetWriter.SkippedInputs(skipped))
            terminal.Event("skipped", writer => WriteFields(writer, JsonSerializer.SerializeToElement(record, RecordJson.Default.SkippedRecord)));
        foreach (var input in skipped.Take(Most))
            terminal.Note($"skipped {PathText.Quote(input.Path)}: {input.Detail}");
        if (skipped.Count > Most)
            terminal.Note($"skipped {skipped.Count - Most} more; skipped.jsonl lists them all");
    }

    private static void WriteFields(Utf8JsonWriter writer, JsonElement record)
    {
        foreach (var property in record.EnumerateObject())
            property.WriteTo(writer);
    }
}
