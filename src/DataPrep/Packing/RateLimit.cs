using System.Diagnostics;

namespace DataPrep.Packing;

/// <summary>
/// So many bytes a second, of all threads together. Each reader is given the moment from which on it may read, which moves on by
/// what it takes; a pause is made good for a tenth of a second at most, so that no burst follows it.
/// </summary>
internal sealed class RateLimit(long bytesPerSecond)
{
    private static readonly double MostCredit = 0.1 * Stopwatch.Frequency;
    private readonly Lock gate = new();
    private double free = Stopwatch.GetTimestamp();

    /// <summary>Waits until so many bytes may be read.</summary>
    /// <exception cref="OperationCanceledException">Stopped meanwhile.</exception>
    public void Take(int bytes, CancellationToken stop)
    {
        double from;
        lock (gate)
        {
            from = free = Math.Max(free, Stopwatch.GetTimestamp() - MostCredit);
            free += bytes * (double)Stopwatch.Frequency / bytesPerSecond;
        }

        double seconds;
        while ((seconds = (from - Stopwatch.GetTimestamp()) / Stopwatch.Frequency) > 0)
        {
            if (stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(Math.Min(seconds, 3600))))
                stop.ThrowIfCancellationRequested();
        }
    }
}
