using System.Diagnostics;

namespace DataPrep.Hashing;

/// <summary>How fast kernels are on this machine, measured in a short while.</summary>
internal static class KernelCalibration
{
    // One message for each lane of the widest kernel, and long enough that a kernel which gives long ones away does so.
    private const int MessageCount = 16;

    private const int MessageLength = (4 * 1024) + 64;

    private const int PairCount = 64;
    private const int Attempts = 5;

    // A kernel this many times slower than the best so far, twice, is not measured again: it would take most of the time. Once may be the first touch of
    // memory, or another process.
    private const int HopelesslySlow = 2;

    /// <summary>
    /// The best of a few attempts each, taken in turns so that a disturbance does not meet one kernel alone. With 76 KiB
    /// of messages and 4 KiB of pairs an attempt takes 50 to 100 microseconds, and a slow kernel is tried twice.
    /// </summary>
    public static KernelCost[] Measure(ReadOnlySpan<Sha256Kernel> kernels)
    {
        byte[] buffer = new byte[MessageCount * MessageLength];
        byte[] digests = new byte[Math.Max(MessageCount, PairCount) * Sha256Kernel.DigestLength];
        var messages = new Message[MessageCount];
        for (int i = 0; i < MessageCount; i++)
            messages[i] = new Message(i * MessageLength, MessageLength);

        var costs = new KernelCost[kernels.Length];
        Array.Fill(costs, new KernelCost(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity));
        var best = costs.Length > 0 ? costs[0] : default;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            for (int i = 0; i < kernels.Length; i++)
            {
                if (attempt > 1 && IsHopeless(costs[i], best))
                    continue;
                KernelCost now = Once(kernels[i], buffer, messages, digests);
                costs[i] = Least(costs[i], now);
                best = Least(best, now);
            }
        }

        return costs;
    }

    private static KernelCost Once(Sha256Kernel kernel, byte[] buffer, Message[] messages, byte[] digests)
    {
        long start = Stopwatch.GetTimestamp();
        kernel.HashPairs(buffer.AsSpan(0, PairCount * Sha256Kernel.PairLength), digests);
        long middle = Stopwatch.GetTimestamp();
        kernel.HashMessages(buffer, messages.AsSpan(0, Sha256Kernel.FewMessages), digests);
        long few = Stopwatch.GetTimestamp();
        kernel.HashMessages(buffer, messages, digests);
        long end = Stopwatch.GetTimestamp();
        return new KernelCost(
            Stopwatch.GetElapsedTime(start, middle).TotalNanoseconds / PairCount,
            Stopwatch.GetElapsedTime(middle, few).TotalNanoseconds / (Sha256Kernel.FewMessages * MessageLength),
            Stopwatch.GetElapsedTime(few, end).TotalNanoseconds / buffer.Length);
    }

    private static KernelCost Least(KernelCost a, KernelCost b) => new(
        Math.Min(a.NanosecondsPerPair, b.NanosecondsPerPair),
        Math.Min(a.NanosecondsPerByte, b.NanosecondsPerByte),
        Math.Min(a.NanosecondsPerByteOfMany, b.NanosecondsPerByteOfMany));

    /// <summary>Whether it is slow at everything.</summary>
    private static bool IsHopeless(KernelCost cost, KernelCost best) =>
        cost.NanosecondsPerPair > best.NanosecondsPerPair * HopelesslySlow
        && cost.NanosecondsPerByte > best.NanosecondsPerByte * HopelesslySlow
        && cost.NanosecondsPerByteOfMany > best.NanosecondsPerByteOfMany * HopelesslySlow;
}
