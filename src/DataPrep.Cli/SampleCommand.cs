using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep sample</c></summary>
internal static class SampleCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var folder = new Argument<string>("OUT") { Description = "A packed dataset" };
        var samples = new Option<long?>("--samples") { Description = "How many segments of 1,040,384 bytes to read", HelpName = "N" };
        var detect = OptionOf.Percent("--detect", "Read as many as find damage to this part of all segments (1%)");
        var confidence = OptionOf.Percent("--confidence", "With this probability (99%)");
        var strata = OptionOf.Word("--strata", "Draw from each piece, position in each piece, or size, type or folder of files in proportion; none draws from all together", Strata.Piece, Strata.None, Strata.Position, Strata.Size, Strata.Type, Strata.Folder);
        var seed = new Option<string?>("--seed") { Description = "Draw as the run did that printed this seed; without it a new one is made", HelpName = "TEXT" };
        var source = new Option<string?>("--source") { Description = "Compare with the folder or file that was packed; of pieces packed with --inline also where that is", HelpName = "SOURCE" };
        var previous = LsCommand.PreviousOption();
        var command = new Command("sample", "Verifies a random part of a dataset; exit code 4 when anything is wrong") { folder, samples, detect, confidence, strata, seed, source, previous };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                if (parsed.GetValue(samples) is { } number && (number < 1 || parsed.GetValue(detect) is not null))
                    throw new UsageException("--samples is at least 1, and does not go with --detect");
                if (parsed.GetValue(confidence) is 1)
                    throw new UsageException("--confidence must be below 100%: only verify, which reads everything, is certain");
                if (parsed.GetValue(source) is { } packed && !Path.Exists(packed))
                    throw new FileNotFoundException($"{packed}: no such file or folder");
                var options = new SampleOptions
                {
                    Folder = parsed.GetValue(folder)!,
                    Previous = parsed.GetValue(previous) ?? [],
                    Source = parsed.GetValue(source),
                    Strata = parsed.GetValue(strata) ?? Strata.Piece,
                    Samples = parsed.GetValue(samples),
                    Detect = parsed.GetValue(detect) ?? 0.01m,
                    Confidence = parsed.GetValue(confidence) ?? 0.99m,
                    Seed = parsed.GetValue(seed) ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
                };
                return Sample(options, parsed.GetValue(common.Threads), terminal);
            });
        });
        return command;
    }

    private static int Sample(SampleOptions options, int threads, Terminal terminal)
    {
        var clock = Stopwatch.StartNew();
        var log = new FindingLog(finding => ReadBack.Report(finding, terminal));
        var progress = new PackCounters();
        var result = terminal.WithProgress("Sampling", progress, () => new SampleVerifier(log, options, threads, progress, CommandRunner.Cancel).Verify());
        bool ok = log.Errors == 0;
        long detectable = result?.Plan.Detectable(options.Confidence) ?? 0;
        double bound = result is null ? 1 : Math.Min(1, (double)detectable / result.Plan.Population);
        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("ok", ok);
            writer.WriteNumber("samples", result?.Plan.Count ?? 0);
            writer.WriteNumber("population", result?.Plan.Population ?? 0);
            writer.WriteNumber("segmentBytes", SubTreeHasher.SegmentRaw);
            writer.WriteString("seed", options.Seed);
            writer.WriteString("method", options.Strata == Strata.None ? "random" : "stratified");
            writer.WriteString("strata", options.Strata);
            writer.WriteNumber("strataCount", result?.Plan.Samples.Count ?? 0);
            writer.WriteNumber("confidence", options.Confidence);
            writer.WriteNumber("detectableSegments", detectable);
            writer.WriteNumber("bound", Math.Round(bound, 9));
            writer.WriteNumber("blocks", result?.Blocks ?? 0);
            writer.WriteNumber("sourceBlocks", result?.SourceBlocks ?? 0);
            writer.WriteNumber("bytes", result?.Bytes ?? 0);
            writer.WriteNumber("errors", log.Errors);
            writer.WriteNumber("warnings", log.Warnings);
            writer.WriteNumber("seconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
        });
        if (result is not null)
        {
            string compared = options.Source is null ? "" : $", {result.SourceBlocks} of them compared with the source";
            terminal.Result(string.Create(CultureInfo.InvariantCulture, $"Sampled {result.Plan.Count} of {result.Plan.Population} segments ({SizeText.Format(result.Bytes)}), {result.Blocks} blocks{compared}, in {clock.Elapsed.TotalSeconds:0.0} s"));
        }

        terminal.Result($"  seed        {options.Seed}");
        terminal.Result(ok
            ? string.Create(CultureInfo.InvariantCulture, $"  no error    damage to {detectable} segments or more ({100 * bound:0.####} %) would have been found with a probability of {100 * options.Confidence:0.####} % or more")
            : $"FAILED: {log.Errors} error{(log.Errors == 1 ? "" : "s")} found");
        return ok ? ExitCode.Done : ExitCode.Verification;
    }
}
