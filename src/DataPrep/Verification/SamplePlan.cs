namespace DataPrep.Verification;

/// <summary>
/// How many units to take of each stratum, and what can be said when all of them are sound. Probabilities are exact for drawing without
/// replacement, and those of the worst case: for damage that is spread over the strata so that it is missed most likely.
/// </summary>
internal sealed class SamplePlan
{
    private readonly long[] _sizes;
    private readonly long[] _samples;

    /// <summary>A number of samples, shared out in proportion to the sizes, at least one of each stratum.</summary>
    /// <param name="sizes">Units of each stratum, at least 1.</param>
    /// <param name="samples">More than there are units takes all of them, fewer than there are strata one of each.</param>
    public SamplePlan(IReadOnlyList<long> sizes, long samples)
    {
        _sizes = [.. sizes];
        Population = _sizes.Sum();
        // One each; of what is left, in proportion to what is left of each; and the rest by largest remainder.
        long left = Math.Clamp(samples, _sizes.Length, Population) - _sizes.Length, others = Population - _sizes.Length;
        _samples = [.. _sizes.Select(size => 1 + (others == 0 ? 0 : (long)((UInt128)left * (ulong)(size - 1) / (ulong)others)))];
        long rest = left + _sizes.Length - _samples.Sum();
        foreach (int stratum in Enumerable.Range(0, _sizes.Length).OrderByDescending(Remainder).Take((int)rest))
            _samples[stratum]++;

        UInt128 Remainder(int stratum) => others == 0 ? 0 : (UInt128)left * (ulong)(_sizes[stratum] - 1) % (ulong)others;
    }

    /// <summary>Units in all strata.</summary>
    public long Population { get; }

    /// <summary>Units to take of each stratum.</summary>
    public IReadOnlyList<long> Samples => _samples;

    public long Count => _samples.Sum();

    /// <param name="samples">How many; null for as many as find the damage.</param>
    /// <inheritdoc cref="ToDetect"/>
    public static SamplePlan Of(IReadOnlyList<Stratum> strata, long? samples, decimal fraction, decimal confidence)
    {
        long[] sizes = [.. strata.Select(stratum => stratum.Count)];
        return samples is { } count ? new SamplePlan(sizes, count) : ToDetect(sizes, fraction, confidence);
    }

    /// <summary>The smallest plan found that finds damage to a part of all units with the confidence asked for.</summary>
    /// <param name="fraction">Of the units that are damaged, above 0, at most 1.</param>
    /// <param name="confidence">Above 0, below 1.</param>
    public static SamplePlan ToDetect(IReadOnlyList<long> sizes, decimal fraction, decimal confidence)
    {
        long population = sizes.Sum();
        long damaged = Math.Max(1, (long)Math.Ceiling(fraction * population));
        double most = 1 - (double)confidence;
        long enough = population;
        for (long tooFew = 0; enough - tooFew > 1;)
        {
            long middle = tooFew + ((enough - tooFew) / 2);
            if (new SamplePlan(sizes, middle).MissProbability(damaged) <= most)
                enough = middle;
            else
                tooFew = middle;
        }

        return new SamplePlan(sizes, enough);
    }

    /// <summary>The probability that so many damaged units are all missed, where they lie at worst.</summary>
    public double MissProbability(long damaged) => Misses().Take((int)Math.Min(damaged, int.MaxValue)).LastOrDefault(1.0);

    /// <summary>The fewest damaged units of which one would have been found with that confidence: sound samples say that there are fewer.</summary>
    public long Detectable(decimal confidence)
    {
        double most = 1 - (double)confidence;
        return 1 + Misses().TakeWhile(miss => miss > most).LongCount();
    }

    /// <summary>
    /// The probabilities of missing 1, 2, 3 damaged units and so on; after the first 0 there are no more. Of a stratum with d damaged units of s,
    /// n samples miss all with C(s - d, n) / C(s, n). One more makes that less by (s - d - n) / (s - d), which falls with d: so the worst case
    /// for one more is to put it where this factor is largest.
    /// </summary>
    private IEnumerable<double> Misses()
    {
        var next = new PriorityQueue<int, double>();
        long[] damaged = new long[_sizes.Length];
        for (int stratum = 0; stratum < _sizes.Length; stratum++)
            next.Enqueue(stratum, -Factor(stratum));
        double miss = 1;
        while (miss > 0)
        {
            int worst = next.Peek();
            miss *= Factor(worst);
            yield return miss;
            damaged[worst]++;
            _ = next.DequeueEnqueue(worst, -Factor(worst));
        }

        double Factor(int stratum)
        {
            double left = _sizes[stratum] - damaged[stratum];
            return left <= _samples[stratum] ? 0 : (left - _samples[stratum]) / left;
        }
    }
}
