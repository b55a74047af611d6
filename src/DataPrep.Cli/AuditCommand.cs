using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataPrep.Cli.Telemetry;
using DataPrep.Distribution.Tables;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep audit</c></summary>
internal sealed class AuditCommand
{
    private readonly CommonOptions common = new();
    private readonly Argument<string> manifest = new("MANIFEST") { Description = "A packed dataset, or its pieces.jsonl" };
    private readonly Option<string[]> url = new("--url") { Description = "Where pieces are served: https://provider/piece/{pieceCid}, or with a label in front: ID=URL, ID@REGION=URL. May be given several times", HelpName = "TEMPLATE" };
    private readonly Option<string?> providers = new("--providers") { Description = "List of providers: CSV, JSON Lines or JSON, with id, region, url, tokenEnv, pieces", HelpName = "FILE" };
    private readonly Option<string?> tokenVariable = new("--token-env") { Description = "Environment variable with the bearer token for every --url", HelpName = "NAME" };
    private readonly Option<string?> trees = new("--trees") { Description = "Folder of the tree sidecars, where they are not beside MANIFEST", HelpName = "DIR" };
    private readonly Option<long?> samples = new("--samples") { Description = "How many segments of 1,040,384 bytes to ask each provider for", HelpName = "N" };
    private readonly Option<decimal?> detect = OptionOf.Percent("--detect", "Ask for as many as find damage to this part of a provider's segments (1%)");
    private readonly Option<decimal?> confidence = OptionOf.Percent("--confidence", "With this probability (99%)");
    private readonly Option<string?> seed = new("--seed") { Description = "Draw as the run did that printed this seed; without it a new one is made", HelpName = "TEXT" };
    private readonly Option<int?> concurrency = OptionOf.Number("--concurrency", "Most requests at once (16)", 1, 1024);
    private readonly Option<int?> perProvider = OptionOf.Number("--per-provider", "Most requests at once to one provider (4)", 1, 1024);
    private readonly Option<int?> retries = OptionOf.Number("--retries", "How often to ask again where a fault may pass (3)", 0, 100);
    private readonly Option<TimeSpan?> timeout = OptionOf.Time("--timeout", "For a request with all of its answer (30s)");
    private readonly Option<long?> maxRate = OptionOf.Size("--max-rate", "Most bytes to ask for in a second, of all providers together");
    private readonly Option<string[]> slow = new("--slow") { Description = "Report a provider as slow whose median is beyond this time to the first byte, or below this rate: 2s, 1MiB/s. May be given for both", HelpName = "TIME|SIZE/s" };
    private readonly Option<bool> failSlow = new("--fail-slow") { Description = "A slow provider is an error, not a warning" };
    private readonly Option<TimeSpan?> watch = OptionOf.Time("--watch", "Audit again and again, a round in each such time, until it is stopped");
    private readonly Option<string?> history = new("--history") { Description = "Append a line for each round to this file", HelpName = "FILE" };

    public static Command Create()
    {
        var it = new AuditCommand();
        var command = new Command("audit", "Verifies a random part of the pieces that storage providers hold, by HTTP; exit code 4 when anything is wrong")
        {
            it.manifest, it.url, it.providers, it.tokenVariable, it.trees, it.samples, it.detect, it.confidence, it.seed, it.concurrency, it.perProvider, it.retries, it.timeout, it.maxRate, it.slow, it.failSlow, it.watch, it.history,
        };
        it.common.AddTo(command);
        var telemetry = new TelemetryOptionSet(command);
        command.SetAction(parsed =>
        {
            var terminal = it.common.Terminal(parsed);
            return telemetry.Guard(parsed, terminal, () => it.Audit(parsed, terminal));
        });
        return command;
    }

    private int Audit(ParseResult parsed, Terminal terminal)
    {
        var options = Options(parsed, terminal);
        string? given = parsed.GetValue(seed), file = parsed.GetValue(history);
        string first = given ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var progress = new PackCounters();
        using var auditor = new Auditor(options, progress);
        // That nothing can be added is better known before a long round than after it.
        if (file is not null)
            AppendedFile.Append(file, []);
        foreach (var provider in auditor.Without)
            terminal.Warn($"{provider.Id} is said to have none of these pieces: it is not audited");
        if (parsed.GetValue(watch) is not { } interval)
            return Round(auditor, options, progress, new AuditRound(1, DateTimeOffset.UtcNow, first, options), file, terminal);

        var clock = Stopwatch.StartNew();
        for (int number = 1; ; number++)
        {
            _ = Round(auditor, options, progress, new AuditRound(number, DateTimeOffset.UtcNow, SeedOf(first, number), options), file, terminal);
            // A round that took longer than its time leaves out those that would have begun meanwhile.
            var next = interval * (Math.Floor(clock.Elapsed / interval) + 1);
            terminal.Note(string.Create(CultureInfo.InvariantCulture, $"dataprep: the next round begins at {DateTimeOffset.UtcNow + (next - clock.Elapsed):yyyy-MM-dd HH:mm:ss}Z"));
            for (TimeSpan left; (left = next - clock.Elapsed) > TimeSpan.Zero;)
            {
                if (CommandRunner.Cancel.WaitHandle.WaitOne(left < TimeSpan.FromHours(1) ? left : TimeSpan.FromHours(1)))
                    CommandRunner.Cancel.ThrowIfCancellationRequested();
            }
        }
    }

    private static int Round(Auditor auditor, AuditOptions options, PackCounters progress, AuditRound round, string? history, Terminal terminal)
    {
        var log = new FindingLog(finding => ReadBack.Report(finding, terminal));
        var clock = Stopwatch.StartNew();
        var reports = terminal.WithProgress("Auditing", progress, () => auditor.Run(round.Seed, log, CommandRunner.Cancel));
        round = round with { Reports = reports, Errors = log.Errors, Warnings = log.Warnings, Seconds = clock.Elapsed.TotalSeconds };
        AuditOutput.Samples(round, terminal);
        AuditOutput.Table(round, terminal);
        terminal.Event("summary", round.Write);
        if (history is not null)
            AppendedFile.Append(history, round.ToLine());
        return round.ExitCode;
    }

    private AuditOptions Options(ParseResult parsed, Terminal terminal)
    {
        if (parsed.GetValue(samples) is { } number && (number < 1 || parsed.GetValue(detect) is not null))
            throw new UsageException("--samples is at least 1, and does not go with --detect");
        if (parsed.GetValue(confidence) is 1)
            throw new UsageException("--confidence must be below 100%: only to fetch everything is certain");
        string named = parsed.GetValue(manifest)!, list = Directory.Exists(named) ? Path.Join(named, RecordFile.Pieces) : named;
        if (!File.Exists(list))
            throw new FileNotFoundException($"{named}: no packed dataset, and no list of pieces");
        var defaults = new AuditOptions { PieceList = list, Trees = parsed.GetValue(trees) ?? Path.GetDirectoryName(Path.GetFullPath(list))!, Providers = Providers(parsed, terminal) };
        var (latency, rate) = Slow(parsed.GetValue(slow) ?? []);
        return defaults with
        {
            Samples = parsed.GetValue(samples),
            Detect = parsed.GetValue(detect) ?? defaults.Detect,
            Confidence = parsed.GetValue(confidence) ?? defaults.Confidence,
            Concurrency = parsed.GetValue(concurrency) ?? defaults.Concurrency,
            PerProvider = parsed.GetValue(perProvider) ?? defaults.PerProvider,
            Retries = parsed.GetValue(retries) ?? defaults.Retries,
            Timeout = parsed.GetValue(timeout) ?? defaults.Timeout,
            Rate = parsed.GetValue(maxRate) is { } most ? new RateLimit(most > 0 ? most : throw new UsageException("--max-rate must be at least 1")) : null,
            SlowLatency = latency,
            SlowRate = rate,
            FailSlow = parsed.GetValue(failSlow),
        };
    }

    private List<AuditProvider> Providers(ParseResult parsed, Terminal terminal)
    {
        var all = new List<AuditProvider>();
        string? variable = parsed.GetValue(tokenVariable);
        foreach (string text in parsed.GetValue(url) ?? [])
        {
            try
            {
                all.Add(AuditProvider.Parse(text) with { TokenVariable = variable });
            }
            catch (FormatException e)
            {
                throw new UsageException($"--url: {e.Message}");
            }
        }

        if (variable is not null && all.Count == 0)
            throw new UsageException("--token-env goes with --url; in a list of providers it is tokenEnv");
        string? file = parsed.GetValue(providers);
        if (file is not null)
            all.AddRange(AuditProviders.Read(file, id => terminal.Warn($"{file}: {id} has no url: it is not audited")));
        else if (all.Count == 0)
            throw new UsageException("say where the pieces are served, with --url or --providers");
        return all.Count > 0 ? all : throw new IOException($"{file}: no provider has a url");
    }

    private static (TimeSpan? Latency, long? Rate) Slow(string[] limits)
    {
        (TimeSpan? latency, long? rate) = (null, null);
        foreach (string limit in limits)
        {
            if (limit.EndsWith("/s", StringComparison.Ordinal) && SizeText.TryParse(limit[..^2], out long bytes) && bytes > 0)
                rate = bytes;
            else if (TimeLength.TryParse(limit, out var time))
                latency = time;
            else
                throw new UsageException($"--slow: '{limit}' is neither a time nor a rate; write it as 500ms, 2s or 1MiB/s");
        }

        return (latency, rate);
    }

    /// <summary>Of one seed one for each round, from which neither it nor those of other rounds can be told: a provider may get to see it.</summary>
    private static string SeedOf(string seed, int round) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"dataprep audit round 1\n{seed}\n{round}")))[..16]);
}
