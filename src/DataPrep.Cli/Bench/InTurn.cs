using System.Diagnostics;

namespace DataPrep.Cli.Bench;

/// <summary>What one run of a probe did, and how long it took.</summary>
/// <param name="Items">Files or reads, where these are counted.</param>
internal readonly record struct Amount(long Bytes, double Seconds, long Items = 0);

/// <summary>Something that is measured.</summary>
/// <param name="Run">Does it once.</param>
internal sealed record Probe(string Name, int Threads, Func<Amount> Run)
{
    /// <summary>What the amount's items are.</summary>
    public Items Counts { get; init; }

    /// <summary>How it was measured, asked when it is over.</summary>
    public Func<string?> Note { get; init; } = () => null;
}

/// <summary>What is counted beside bytes.</summary>
internal enum Items
{
    None,
    Files,
    Reads,
}

/// <summary>How often probes are run.</summary>
/// <param name="Least">Runs of each, however long they take.</param>
/// <param name="Most">Runs of each, however short they are.</param>
/// <param name="Budget">Seconds for all of them together.</param>
internal sealed record Pace(int Least, int Most, double Budget)
{
    /// <summary>Whether each is run once more before, which does not count.</summary>
    public bool WarmsUp { get; init; } = true;

    /// <summary>Whether the fastest run counts, not the median.</summary>
    public bool TakesBest { get; init; }
}

/// <summary>
/// Runs probes in turn with each other and the reference, every other round in reverse, so that a machine whose speed drifts favours none of them.
/// </summary>
internal sealed class InTurn(Reference reference, CancellationToken cancel)
{
    public IReadOnlyList<BenchResult> Run(IReadOnlyList<Probe> probes, Pace pace)
    {
        long start = Stopwatch.GetTimestamp();
        int first = reference.Count;
        reference.Sample();
        if (pace.WarmsUp)
        {
            foreach (var probe in probes)
                _ = Once(probe);
        }

        var runs = probes.Select(_ => new List<Amount>()).ToList();
        for (int round = 0; round < pace.Least || (round < pace.Most && Stopwatch.GetElapsedTime(start).TotalSeconds * (round + 1) / Math.Max(1, round) < pace.Budget); round++)
        {
            for (int i = 0; i < probes.Count; i++)
            {
                int at = round % 2 == 0 ? i : probes.Count - 1 - i;
                reference.Sample();
                runs[at].Add(Once(probes[at]));
            }
        }

        // What was taken just before the first of them may stand for them all, where they were short.
        first = Math.Min(first, reference.Count - 1);
        double beside = pace.TakesBest ? reference.BestFrom(first) : reference.From(first);
        return [.. probes.Select((probe, i) => Result(probe, runs[i], pace.TakesBest, beside))];
    }

    private Amount Once(Probe probe)
    {
        cancel.ThrowIfCancellationRequested();
        var amount = probe.Run();
        cancel.ThrowIfCancellationRequested();
        return amount;
    }

    private static BenchResult Result(Probe probe, List<Amount> runs, bool best, double beside)
    {
        double Of(Func<Amount, double> rate)
        {
            double[] sorted = [.. runs.Select(rate).Order()];
            return best ? sorted[^1] : Reference.Median(sorted);
        }

        double bytes = Of(run => run.Bytes / run.Seconds);
        return new BenchResult(probe.Name, bytes, bytes / beside)
        {
            Threads = probe.Threads,
            Least = runs.Min(run => run.Bytes / run.Seconds),
            Most = runs.Max(run => run.Bytes / run.Seconds),
            Repeats = runs.Count,
            FilesPerSecond = probe.Counts == Items.Files ? Of(run => run.Items / run.Seconds) : null,
            ReadsPerSecond = probe.Counts == Items.Reads ? Of(run => run.Items / run.Seconds) : null,
            Note = probe.Note(),
        };
    }
}
