namespace DataPrep.Verification;

/// <summary>Median, 95th percentile and largest of some values, by nearest rank; 0 of none.</summary>
internal readonly record struct Spread(double Median, double P95, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? default : new Spread(At(0.5), At(0.95), sorted[^1]);

        double At(double part) => sorted[(int)Math.Ceiling(part * sorted.Length) - 1];
    }
}

/// <summary>What an audit found of one provider.</summary>
/// <param name="Plan">How many of its segments were asked for, and what that proves where all are sound.</param>
/// <param name="Pieces">Pieces that it was asked for.</param>
/// <param name="Answers">To each sample, with those of zeros behind payloads at the end.</param>
internal sealed record ProviderReport(AuditProvider Provider, SamplePlan Plan, int Pieces, IReadOnlyList<(AuditSample Sample, SegmentAnswer Answer)> Answers)
{
    /// <summary>Whether its median is slower than was asked for.</summary>
    public bool IsSlow { get; init; }

    public Spread Latency { get; } = Spread.Of(Proved(Answers).Select(answer => answer.FirstByte.TotalSeconds));

    /// <summary>Median of the bytes a second of single requests.</summary>
    public double Rate { get; } = Spread.Of(Proved(Answers).Select(answer => answer.Rate)).Median;

    public long Bytes { get; } = Answers.Sum(row => (long)row.Answer.Bytes);

    public int Retries { get; } = Answers.Sum(row => Math.Max(0, row.Answer.Attempts - 1));

    /// <summary>Samples of zeros behind payloads.</summary>
    public int Tails { get; } = Answers.Count(row => row.Sample.IsTail);

    public bool HasFailed { get; } = Answers.Any(row => !row.Answer.IsProved);

    /// <summary>Whether a server answered at all, with whatever; as it has where the two could not agree on TLS.</summary>
    public bool HasAnswered { get; } = Answers.Any(row => row.Answer is { Status: not null } or { Code: "tls" });

    /// <summary>Whether some of what was drawn was not asked for, since nothing here proves it: then the plan proves nothing of the rest.</summary>
    public bool IsIncomplete => Answers.Count - Tails < Plan.Count;

    public bool IsSound => !HasFailed && !IsIncomplete;

    public string Status => HasFailed ? "failed" : IsIncomplete ? "incomplete" : IsSlow ? "slow" : "ok";

    public int Count(AuditOutcome outcome) => Answers.Count(row => row.Answer.Outcome == outcome);

    private static IEnumerable<SegmentAnswer> Proved(IReadOnlyList<(AuditSample, SegmentAnswer Answer)> answers) => answers.Select(row => row.Answer).Where(answer => answer.IsProved);
}
