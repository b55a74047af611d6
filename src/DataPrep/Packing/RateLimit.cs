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
        double from = Reserve(bytes), seconds;
        while ((seconds = Until(from)) > 0)
        {
            if (stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(seconds)))
                stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The same without a thread that waits.</summary>
    /// <exception cref="OperationCanceledException">Stopped meanwhile.</exception>
    public async Task TakeAsync(int bytes, CancellationToken stop)
    {
        double from = Reserve(bytes), seconds;
        while ((seconds = Until(from)) > 0)
            await Task.Delay(TimeSpan.FromSeconds(seconds), stop).ConfigureAwait(false);
    }

    /// <summary>The moment from which on so many bytes may be read.</summary>
    private double Reserve(int bytes)
    {
        lock (gate)
        {
            double from = free = Math.Max(free, Stopwatch.GetTimestamp() - MostCredit);
            free += bytes * (double)Stopwatch.Frequency / bytesPerSecond;
            return from;
        }
    }

    /// <summary>Seconds until a moment, an hour at most.</summary>
    private static double Until(double moment) => Math.Min((moment - Stopwatch.GetTimestamp()) / Stopwatch.Frequency, 3600);
}
