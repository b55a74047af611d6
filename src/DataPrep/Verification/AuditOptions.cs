using DataPrep.Packing;

namespace DataPrep.Verification;

/// <summary>What to ask storage providers for, and how.</summary>
internal sealed record AuditOptions
{
    /// <summary>The list of pieces.</summary>
    public required string PieceList { get; init; }

    /// <summary>Folder of the tree sidecars.</summary>
    public required string Trees { get; init; }

    public required IReadOnlyList<AuditProvider> Providers { get; init; }

    /// <summary>Samples of each provider; null for as many as <see cref="Detect"/> needs.</summary>
    public long? Samples { get; init; }

    /// <summary>The part of a provider's segments that is damaged.</summary>
    public decimal Detect { get; init; } = 0.01m;

    /// <summary>The probability with which that is found.</summary>
    public decimal Confidence { get; init; } = 0.99m;

    /// <summary>Most requests at once.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>Most requests at once to one provider.</summary>
    public int PerProvider { get; init; } = 4;

    /// <summary>How often a request is made again whose fault may pass.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>For a request with all of its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Before the first repetition; doubled for each further one, up to <see cref="LongestPause"/>, and half as much more or less by chance.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>A server that asks for a longer one is not asked again.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Most bytes a second of all providers together.</summary>
    public RateLimit? Rate { get; init; }

    /// <summary>Longest time to the first byte that is not slow.</summary>
    public TimeSpan? SlowLatency { get; init; }

    /// <summary>Fewest bytes a second that are not slow.</summary>
    public long? SlowRate { get; init; }

    /// <summary>Whether a slow provider is an error, and not only worth a warning.</summary>
    public bool FailSlow { get; init; }
}
