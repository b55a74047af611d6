namespace DataPrep.Cli.Bench;

/// <summary>How a result differs from an earlier one of its name and number of threads.</summary>
/// <param name="Before">Bytes a second then.</param>
/// <param name="Change">Of the rate, as a share of what it was.</param>
/// <param name="RatioChange">Of the ratio to the reference; null where it was not recorded.</param>
/// <param name="IsClear">Whether the repeats of both lie apart, so that it is no noise.</param>
internal sealed record ResultChange(double Before, double Change, double? RatioChange, bool IsClear);

/// <summary>This run beside an earlier one.</summary>
internal sealed class BenchComparison
{
    // Where the repeats are not known, they are taken to lie so far to either side.
    private const double UnknownSpread = 0.05;

    // However close together repeats are, the next run of the same machine may differ by so much.
    private const double LeastChange = 0.02;

    private readonly Dictionary<BenchResult, ResultChange> changes = new(ReferenceEqualityComparer.Instance);

    private readonly bool isQuiet;

    /// <param name="cpu">Of this machine.</param>
    /// <param name="quiet">Whether it did little else now.</param>
    public BenchComparison(EarlierBench earlier, IReadOnlyList<BenchResult> results, string cpu, bool quiet = true)
    {
        isQuiet = quiet && earlier.WasQuiet != false;
        Path = earlier.Path;
        EarlierCpu = earlier.Cpu;
        SameCpu = earlier.Cpu is null ? null : earlier.Cpu == cpu;
        foreach (var result in results)
        {
            if (earlier.Find(result) is { } line)
                changes[result] = Between(line, result, SameCpu == false);
        }

        Missing = [.. earlier.Results.Where(line => !results.Any(result => result.Name == line.Name && result.Threads == line.Threads)).Select(line => $"{line.Name} ({line.Threads} thread{(line.Threads == 1 ? "" : "s")})").Distinct()];
    }

    /// <summary>The earlier file.</summary>
    public string Path { get; }

    public string? EarlierCpu { get; }

    /// <summary>Whether it was the same kind of CPU; null where the file does not say.</summary>
    public bool? SameCpu { get; }

    /// <summary>What was measured then, and is not now.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Results with something to compare.</summary>
    public int Compared => changes.Count;

    /// <summary>Clear changes for the better, and for the worse: of rates on the same CPU, of ratios on another.</summary>
    public int Faster => changes.Values.Count(change => change.IsClear && Decisive(change) > 0);

    /// <inheritdoc cref="Faster"/>
    public int Slower => changes.Values.Count(change => change.IsClear && Decisive(change) < 0);

    public ResultChange? Of(BenchResult result) => changes.GetValueOrDefault(result);

    /// <summary>In a sentence.</summary>
    public string Summary
    {
        get
        {
            string cpu = SameCpu switch
            {
                true => "the same CPU",
                false => $"another CPU ({EarlierCpu}), so the ratios to the reference decide",
                _ => "a CPU that it does not name",
            };
            string missing = Missing.Count == 0 ? "" : $"; measured then and not now: {string.Join(", ", Missing)}";
            return $"Beside {Path}, {cpu}: {Faster} faster and {Slower} slower of {Compared}, the others within the noise{missing}.{(isQuiet ? "" : " Not both times was the machine quiet, so what looks like a change may be that.")}";
        }
    }

    private double Decisive(ResultChange change) => SameCpu == false ? change.RatioChange ?? change.Change : change.Change;

    private static ResultChange Between(BenchLine before, BenchResult now, bool byRatio)
    {
        double rate = before.BytesPerSecond!.Value;
        double change = (now.BytesPerSecond / rate) - 1;
        double? ratioChange = before.RatioToReference is > 0 and var ratio ? (now.RatioToReference / ratio) - 1 : null;

        // The ratios lie as far apart as the rates do.
        double least = Math.Min(rate, before.LeastBytesPerSecond ?? rate * (1 - UnknownSpread)) / rate, most = Math.Max(rate, before.MostBytesPerSecond ?? rate * (1 + UnknownSpread)) / rate;
        double factor = 1 + (byRatio ? ratioChange ?? change : change);
        double nowLeast = factor * Math.Min(1, now.Least / now.BytesPerSecond), nowMost = factor * Math.Max(1, now.Most / now.BytesPerSecond);
        bool isClear = Math.Abs(factor - 1) > LeastChange && (nowLeast > most || nowMost < least);
        return new ResultChange(rate, change, ratioChange, isClear);
    }
}
