using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DataPrep.Packing;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep verify</c></summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var targets = new Argument<string[]>("OUT|CAR") { Description = "Packed datasets or CAR files", Arity = ArgumentArity.OneOrMore };
        var command = new Command("verify", "Verifies every byte of datasets and CARs; exit code 4 when anything is wrong") { targets };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () => Verify(parsed.GetValue(targets)!, parsed.GetValue(common.Threads), terminal));
        });
        return command;
    }

    private static int Verify(string[] targets, int threads, Terminal terminal)
    {
        var clock = Stopwatch.StartNew();
        var log = new FindingLog(finding => Report(finding, terminal));
        var progress = new PackProgress();
        foreach (string target in targets)
        {
            if (!Directory.Exists(target) && !File.Exists(target))
                throw new FileNotFoundException($"{target}: no such file or folder");
        }

        long work = targets.Sum(target => Directory.Exists(target) ? DatasetVerifier.Work(target) : 2 * new FileInfo(target).Length);
        progress.Begin(work);
        int pieces = terminal.WithProgress("Verifying", progress, () => targets.Sum(target => VerifyOne(target, log, threads, progress, terminal)));
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

    private static int VerifyOne(string target, FindingLog log, int threads, PackProgress progress, Terminal terminal)
    {
        if (Directory.Exists(target))
            return new DatasetVerifier(target, log, threads, progress, CommandRunner.Cancel).Verify();

        var car = new CarVerifier(log, threads, progress, CommandRunner.Cancel).Verify(target, allowPadding: false);
        var commitment = car.Tree.Commitment;
        terminal.Event("car", writer =>
        {
            writer.WriteString("path", target);
            writer.WriteNumber("blocks", car.Blocks);
            writer.WriteString("pieceCid", commitment.CidV1.ToString());
            writer.WriteString("pieceCidV2", commitment.CidV2.ToString());
            writer.WriteNumber("pieceSize", commitment.PieceSize);
        });
        terminal.Result($"{target}: {car.Blocks} blocks, piece CID {commitment.CidV1}");
        return 1;
    }

    private static void Report(Finding finding, Terminal terminal)
    {
        terminal.Event("finding", writer =>
        {
            writer.WriteString("severity", finding.Severity);
            writer.WriteString("code", finding.Code);
            writer.WriteString("path", finding.Path);
            if (finding.Offset >= 0)
                writer.WriteNumber("offset", finding.Offset);
            else
                writer.WriteNull("offset");
            writer.WriteString("message", finding.Message);
        });
        string place = finding.Offset >= 0 ? $"{finding.Path} at offset {finding.Offset}" : finding.Path;
        terminal.Result($"{finding.Severity}: {place}: {finding.Message} [{finding.Code}]");
    }
}
