using System.Globalization;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>
/// Audits storage providers: draws segments of the pieces that they hold, asks for them by HTTP, and proves them by the tree sidecars. Neither the
/// data nor the CARs are needed. Memory: for each request at once about 2 MiB, for each sample about 300 bytes, and one sidecar.
/// </summary>
internal sealed class Auditor : IDisposable
{
    private readonly AuditOptions options;
    private readonly PackCounters progress;
    private readonly AuditRequests requests;
    private readonly PieceRecord[] pieces;
    private readonly List<Target> targets = [];

    /// <param name="transport">What sends requests; null for the network.</param>
    /// <exception cref="Ipld.MalformedDataException">The list of pieces is not what it should be.</exception>
    /// <exception cref="IOException">It cannot be read; a token is missing; no provider is said to have any of the pieces.</exception>
    public Auditor(AuditOptions options, PackCounters progress, HttpMessageHandler? transport = null)
    {
        (this.options, this.progress) = (options, progress);
        pieces = ProvablePieces.Read(options.PieceList);
        var draws = new Dictionary<string, AuditDraw>();
        foreach (var provider in options.Providers)
        {
            int[] held = [.. Enumerable.Range(0, pieces.Length).Where(i => provider.Pieces?.Contains(pieces[i].PieceCid) ?? true)];
            if (held.Length == 0)
            {
                Without.Add(provider);
                continue;
            }

            // Those that hold the same are drawn for by one plan, though not the same segments.
            string key = string.Join(',', held);
            if (!draws.TryGetValue(key, out var draw))
                draws[key] = draw = new AuditDraw([.. held.Select(i => pieces[i])], options.Samples, options.Detect, options.Confidence);
            targets.Add(new Target(provider, TokenOf(provider), held, draw));
        }

        if (targets.Count == 0)
            throw new IOException($"{options.PieceList}: no provider is said to have any of these pieces");
        requests = new AuditRequests(options, progress, transport);
    }

    /// <summary>Providers that are said to have none of the pieces.</summary>
    public IList<AuditProvider> Without { get; } = [];

    /// <summary>Asks all providers for what a seed draws. Findings and reports come in the order of the providers.</summary>
    /// <exception cref="IOException">No piece has a tree sidecar.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<ProviderReport> Run(string seed, FindingLog log, CancellationToken cancel) => log.Observe("audit", progress, () => Round(seed, log, cancel));

    private ProviderReport[] Round(string seed, FindingLog log, CancellationToken cancel)
    {
        var samples = Samples(seed, log);
        progress.Begin(samples.Sum(list => list.Sum(sample => (long)sample.Length)));
        ProviderReport[] reports = [.. Task.WhenAll(targets.Zip(samples, (target, list) => Run(target, list, seed, cancel))).GetAwaiter().GetResult()];
        foreach (var report in reports)
            new AuditFindings(log, options).Report(report);
        return reports;
    }

    public void Dispose() => requests.Dispose();

    private async Task<ProviderReport> Run(Target target, List<AuditSample> samples, string seed, CancellationToken cancel)
    {
        var audit = new ProviderAudit(target.Provider, target.Token, requests);
        var answers = samples.Zip(await audit.Run(samples, cancel).ConfigureAwait(false)).ToList();
        var tails = Tails(answers, $"audit {target.Provider.Id} tail", seed).ToList();
        answers.AddRange(tails.Zip(await audit.Run(tails, cancel).ConfigureAwait(false)));
        var report = new ProviderReport(target.Provider, target.Draw.Plan, target.Pieces.Length, answers);
        return report with { IsSlow = report.Rate > 0 && (report.Latency.Median > options.SlowLatency?.TotalSeconds || report.Rate < options.SlowRate) };
    }

    /// <summary>Of each piece that a server says has more whole segments than its payload, one of these: they have to be zeros. Not of a server without ranges.</summary>
    private static IEnumerable<AuditSample> Tails(List<(AuditSample Sample, SegmentAnswer Answer)> answers, string label, string seed)
    {
        foreach (var group in answers.GroupBy(row => row.Sample.Piece.PieceCid))
        {
            var piece = group.First().Sample.Piece;
            long total = group.Max(row => row.Answer is { IsProved: true, Status: 206, Total: { } says } ? says : 0), segments = Strata.SegmentsOf(piece), further = (total / SubTreeHasher.SegmentRaw) - segments;
            if (further > 0)
                yield return new AuditSample(piece, segments + new SampleNumbers(seed, $"{label} {piece.PieceCid}").Below(further), ZeroCommitment.At(SubTreeHasher.SegmentHeight).ToArray(), SubTreeHasher.SegmentHeight, IsTail: true);
        }
    }

    /// <summary>What is drawn for each target, with the nodes; without pieces that nothing proves.</summary>
    private List<AuditSample>[] Samples(string seed, FindingLog log)
    {
        var units = targets.Select(target => target.Draw.Units(seed, target.Provider.Id).ToLookup(unit => target.Pieces[unit.Piece])).ToArray();
        var samples = targets.Select(_ => new List<AuditSample>()).ToArray();
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            // One tree at a time: those of all pieces together may be large.
            if (!units.Any(drawn => drawn.Contains(piece)) || ProvablePieces.TreeOf(pieces[piece], options.Trees, log) is not { } tree)
                continue;
            for (int i = 0; i < targets.Count; i++)
                samples[i].AddRange(units[i][piece].Select(unit => new AuditSample(pieces[piece], unit.Segment, tree.NodeAt(unit.Segment).ToArray(), tree.NodeHeight)));
        }

        return samples.Any(list => list.Count > 0) ? samples : throw new IOException($"{options.Trees}: no piece has a tree sidecar that proves it; --trees DIR says where they are");
    }

    private static string? TokenOf(AuditProvider provider)
    {
        if (provider.TokenVariable is not { } name)
            return null;
        string? token = Environment.GetEnvironmentVariable(name)?.Trim();
        return !string.IsNullOrEmpty(token) && token.All(c => c is > ' ' and < '\x7f')
            ? token
            : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"the environment variable {name} holds no token for {provider.Id}"));
    }

    /// <param name="Pieces">Which of the list.</param>
    private sealed record Target(AuditProvider Provider, string? Token, int[] Pieces, AuditDraw Draw);
}
