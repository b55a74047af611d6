using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DataPrep.Car;
using DataPrep.Cli.Telemetry;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep verify</c></summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var targets = new Argument<string[]>("OUT|CAR") { Description = "Packed datasets or CAR files; with --proof the bytes that were proved, or the piece that has them", Arity = ArgumentArity.ZeroOrMore };
        var previous = LsCommand.PreviousOption();
        var proof = new Option<string?>("--proof") { Description = "Check a proof that bytes are in a piece, and the bytes where they are named", HelpName = "PROOF" };
        var inclusion = new Option<string?>("--inclusion") { Description = "Check a proof that a piece is in an aggregate, or several in a .jsonl", HelpName = "PROOF" };
        var source = new Option<string[]>("--source") { Description = "Compare the dataset with what was packed too: the sources as pack was given them, or one folder that holds them", HelpName = "SOURCE", Arity = ArgumentArity.OneOrMore };
        var quick = new Option<bool>("--quick") { Description = "Read no CAR: only names, sizes, records and tree sidecars" };
        var command = new Command("verify", "Verifies every byte of datasets and CARs; exit code 4 when anything is wrong") { targets, source, quick, previous, proof, inclusion };
        common.AddTo(command);
        var telemetry = new TelemetryOptionSet(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            var request = new Request(parsed.GetValue(targets) ?? [], parsed.GetValue(source) ?? [], parsed.GetValue(quick), parsed.GetValue(previous) ?? [], parsed.GetValue(common.Threads));
            if (parsed.GetValue(proof) is { } file)
                return CommandRunner.Guard(terminal, () => VerifyProof(file, request, terminal));
            if (parsed.GetValue(inclusion) is { } proofs)
                return CommandRunner.Guard(terminal, () => InclusionCheck.Run(proofs, stands: request is { Targets: [], Sources: [], Quick: false }, terminal));
            return telemetry.Guard(parsed, terminal, () => Verify(request, terminal));
        });
        return command;
    }

    private sealed record Request(string[] Targets, string[] Sources, bool Quick, string[] Previous, int Threads);

    private static int Verify(Request request, Terminal terminal)
    {
        var (targets, sources, quick, previous, threads) = request;
        if (targets.Length == 0)
            throw new UsageException("name a dataset or a CAR, or a proof with --proof or --inclusion");
        var clock = Stopwatch.StartNew();
        var log = new FindingLog(finding => ReadBack.Report(finding, terminal));
        var progress = new PackCounters();
        if (sources.Contains(""))
            throw new UsageException("--source: the name is empty");
        foreach (string named in targets.Concat(sources))
        {
            if (!Path.Exists(named))
                throw new FileNotFoundException($"{named}: no such file or folder");
        }

        string[] datasets = [.. targets.Where(target => Directory.Exists(target) && !IsFolderOfCars(target))];
        string[] cars = [.. targets.Except(datasets).SelectMany(target => Directory.Exists(target) ? CarsOf(target, log) : [target])];
        if (sources.Length > 0 && (datasets.Length > 1 || cars.Any(car => !CarBytes.IsInline(car))))
            throw new UsageException("--source goes with one dataset, which is compared with it, or with inline pieces");
        if (quick && cars.Length > 0)
            throw new UsageException($"--quick goes with datasets; of {cars[0]} nothing but its bytes can be verified");
        // Of inline pieces the content is there too; several sources are taken from where they were.
        string? place = sources is [var only] ? only : null;
        long work = quick ? 0 : datasets.Sum(DatasetVerifier.Work) + cars.Sum(DatasetVerifier.WorkOf);
        progress.Begin(work);
        int pieces = terminal.WithProgress("Verifying", progress, () =>
        {
            int count = 0;
            foreach (string dataset in datasets)
            {
                var verifier = new DatasetVerifier(dataset, previous, log, threads, progress, CommandRunner.Cancel, place);
                count += quick ? verifier.VerifyQuickly() : verifier.Verify();
            }

            new CarSetVerifier(log, threads, progress, CommandRunner.Cancel, place).Verify(cars, car => Show(car, terminal));
            return count + cars.Length;
        });
        long? compared = sources.Length == 0 || datasets.Length == 0 || !File.Exists(Path.Join(datasets[0], RecordFile.Files)) ? null : Compare(datasets[0], request, log, terminal);
        double seconds = clock.Elapsed.TotalSeconds;
        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("ok", log.Errors == 0);
            writer.WriteNumber("pieces", pieces);
            if (compared is { } files)
                writer.WriteNumber("sourceFiles", files);
            writer.WriteNumber("errors", log.Errors);
            writer.WriteNumber("warnings", log.Warnings);
            writer.WriteNumber("bytes", work / 2);
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
        });
        string what = (quick ? "names, sizes and sidecars" : SizeText.Format(work / 2)) + (compared is null ? "" : $", {compared} file{(compared == 1 ? "" : "s")} of the source");
        terminal.Result(log.Errors == 0
            ? string.Create(CultureInfo.InvariantCulture, $"Verified: {pieces} piece{(pieces == 1 ? "" : "s")}, {what}, no error, in {seconds:0.0} s")
            : $"FAILED: {log.Errors} error{(log.Errors == 1 ? "" : "s")} found");
        return log.Errors == 0 ? ExitCode.Done : ExitCode.Verification;
    }

    /// <returns>Number of files of the source whose content was compared; null where that was not possible.</returns>
    private static long? Compare(string dataset, Request request, FindingLog log, Terminal terminal)
    {
        var progress = new PackCounters();
        try
        {
            return terminal.WithProgress("Comparing", progress, () => new SourceVerifier(log, dataset, request.Sources, request.Previous, request.Threads, progress, CommandRunner.Cancel).Verify());
        }
        catch (FormatException e)
        {
            var place = e as MalformedDataException;
            log.Error("manifest", place?.Path ?? dataset, place?.Path is null ? -1 : place.Offset, e.Message);
            return null;
        }
    }

    private static int VerifyProof(string file, Request request, Terminal terminal)
    {
        string[] data = request.Targets;
        if (request.Quick || request.Sources.Length > 0)
            throw new UsageException("--proof stands alone, without --quick and --source");
        if (data.Length > 1)
            throw new UsageException("--proof goes with one file: the bytes that were proved, or the piece that has them");
        foreach (string named in (string[])[file, .. data])
        {
            if (!File.Exists(named))
                throw new FileNotFoundException($"{named}: no such file");
        }

        var log = new FindingLog(finding => ReadBack.Report(finding, terminal));
        var record = new ProofVerifier(log).Verify(file, data.FirstOrDefault());
        bool ok = log.Errors == 0;
        if (record is not null)
            terminal.Event("proof", writer => ProofOption.WriteFields(writer, record));
        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("ok", ok);
            writer.WriteBoolean("dataChecked", data.Length > 0 && record is not null);
            writer.WriteNumber("errors", log.Errors);
            writer.WriteNumber("warnings", log.Warnings);
        });
        if (!ok)
        {
            terminal.Result("FAILED: the proof does not hold");
            return ExitCode.Verification;
        }

        terminal.Result(data.Length == 0
            ? $"Verified: the nodes of {record!.Length} bytes at {record.Offset} lead to the piece CID; the bytes were not given"
            : $"Verified: the {record!.Length} bytes at {record.Offset} are in the piece");
        ProofOption.Describe(terminal, record);
        return ExitCode.Done;
    }

    /// <summary>A folder that only pieces were put into: it has no records, and no sidecars, which an OUT has even where it is not finished.</summary>
    private static bool IsFolderOfCars(string folder)
    {
        string[] names = [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file))];
        bool hasRecords = names.Any(name => name is RecordFile.Dataset or RecordFile.Pieces or RecordFile.Files || Path.GetExtension(name) == ".tree");
        return !hasRecords && names.Any(name => Path.GetExtension(name) == ".car");
    }

    private static string[] CarsOf(string folder, FindingLog log)
    {
        log.Warn("no-records", folder, -1, "has CARs but no records: whether all pieces of a dataset are there is not known");
        return [.. Directory.EnumerateFiles(folder, "*.car").Order(StringComparer.Ordinal)];
    }

    private static void Show(VerifiedCar car, Terminal terminal)
    {
        var commitment = car.Tree.Commitment;
        terminal.Event("car", writer =>
        {
            writer.WriteString("path", car.Dag.Blocks.Path);
            writer.WriteNumber("blocks", car.BlockCount);
            writer.WriteString("pieceCid", commitment.CidV1.ToString());
            writer.WriteString("pieceCidV2", commitment.CidV2.ToString());
            writer.WriteNumber("pieceSize", commitment.PieceSize);
        });
        terminal.Result($"{car.Dag.Blocks.Path}: {car.BlockCount} blocks, piece CID {commitment.CidV1}");
    }
}
