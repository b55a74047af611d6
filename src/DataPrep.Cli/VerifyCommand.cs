using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
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
        var command = new Command("verify", "Verifies every byte of datasets and CARs; exit code 4 when anything is wrong") { targets, previous, proof };
        var place = new SourceOption(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            string[] named = parsed.GetValue(targets) ?? [];
            if (parsed.GetValue(proof) is { } file)
                return CommandRunner.Guard(terminal, () => VerifyProof(file, named, terminal));
            return CommandRunner.Guard(terminal, () => Verify(named, parsed.GetValue(previous) ?? [], place.Of(parsed), parsed.GetValue(common.Threads), terminal));
        });
        return command;
    }

    private static int Verify(string[] targets, string[] previous, string? source, int threads, Terminal terminal)
    {
        if (targets.Length == 0)
            throw new UsageException("name a dataset or a CAR, or a proof with --proof");
        var clock = Stopwatch.StartNew();
        var log = new FindingLog(finding => ReadBack.Report(finding, terminal));
        var progress = new PackProgress();
        foreach (string target in targets)
        {
            if (!Directory.Exists(target) && !File.Exists(target))
                throw new FileNotFoundException($"{target}: no such file or folder");
        }

        string[] datasets = [.. targets.Where(target => Directory.Exists(target) && !IsFolderOfCars(target))];
        string[] cars = [.. targets.Except(datasets).SelectMany(target => Directory.Exists(target) ? CarsOf(target, log) : [target])];
        long work = datasets.Sum(DatasetVerifier.Work) + cars.Sum(DatasetVerifier.WorkOf);
        progress.Begin(work);
        int pieces = terminal.WithProgress("Verifying", progress, () =>
        {
            int count = datasets.Sum(dataset => new DatasetVerifier(dataset, previous, log, threads, progress, CommandRunner.Cancel, source).Verify());
            new CarSetVerifier(log, threads, progress, CommandRunner.Cancel, source).Verify(cars, car => Show(car, terminal));
            return count + cars.Length;
        });
        double seconds = clock.Elapsed.TotalSeconds;
        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("ok", log.Errors == 0);
            writer.WriteNumber("pieces", pieces);
            writer.WriteNumber("errors", log.Errors);
            writer.WriteNumber("warnings", log.Warnings);
            writer.WriteNumber("bytes", work / 2);
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
        });
        string size = SizeText.Format(work / 2);
        terminal.Result(log.Errors == 0
            ? string.Create(CultureInfo.InvariantCulture, $"Verified: {pieces} piece{(pieces == 1 ? "" : "s")}, {size}, no error, in {seconds:0.0} s")
            : $"FAILED: {log.Errors} error{(log.Errors == 1 ? "" : "s")} found");
        return log.Errors == 0 ? ExitCode.Done : ExitCode.Verification;
    }

    private static int VerifyProof(string file, string[] data, Terminal terminal)
    {
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
