using DataPrep.Records;

namespace DataPrep.Distribution.Policies;

/// <summary>
/// The DataCap that all replicas need, in the parts in which it is granted. What the shares leave, and what is above the cap, is granted in further tranches of at
/// most the cap.
/// </summary>
internal sealed class Tranches
{
    /// <summary>More are not told one by one: the last then has all that is left.</summary>
    public const int Most = 10_000;

    private readonly decimal openAt;

    /// <param name="total">Padded bytes of all replicas.</param>
    public Tranches(TranchePolicy policy, long total)
    {
        _ = SizeText.TryParse(policy.Cap, out long cap);
        openAt = policy.OpenAt / 100;
        var sizes = new List<long>();
        long left = total;
        for (int i = 0; left > 0; i++)
        {
            decimal size = sizes.Count == Most - 1 ? left : i < policy.Shares.Count ? Math.Min(cap, Math.Floor(total * (policy.Shares[i] / 100))) : cap;
            long granted = Math.Min(left, (long)size);
            if (granted > 0)
                sizes.Add(granted);
            left -= granted;
        }

        Sizes = sizes;
    }

    /// <summary>Bytes of each.</summary>
    public IReadOnlyList<long> Sizes { get; }

    /// <summary>Where bytes that are used stand.</summary>
    public TrancheState At(long used)
    {
        long before = 0;
        for (int i = 0; i < Sizes.Count; i++)
        {
            bool isLast = i == Sizes.Count - 1;
            if (isLast || used - before <= openAt * Sizes[i])
                return new TrancheState(i, Sizes[i], used - before, before + Sizes[i] - used);
            before += Sizes[i];
        }

        return new TrancheState(0, 0, used, -used);
    }
}

/// <summary>The tranche that is open.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Used">Bytes of it; below 0 where the one before, which it opened during, is not all used yet.</param>
/// <param name="Left">Bytes that can be used before the next one opens, of this and of those before; below 0 where more is used than was granted.</param>
internal sealed record TrancheState(int Index, long Size, long Used, long Left);
