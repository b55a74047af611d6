using System.Diagnostics;

namespace DataPrep.Packing;

/// <summary>How far packing has come.</summary>
/// <param name="BytesDone">CAR bytes made so far; those that an earlier run has made among them.</param>
/// <param name="BytesTotal">CAR bytes in all; 0 while the source is being scanned. Of a stream, what has been read of it.</param>
/// <param name="Entries">Entries that the scan has found.</param>
/// <param name="Elapsed">Time since the start.</param>
public readonly record struct PackProgress(long BytesDone, long BytesTotal, long Entries, TimeSpan Elapsed)
{
    /// <summary>Reports what counters say, four times a second, and at the end.</summary>
    internal static T Watch<T>(PackCounters counters, IProgress<PackProgress>? progress, Func<T> work)
    {
        if (progress is null)
            return work();
        long start = Stopwatch.GetTimestamp();
        var turn = new Lock();
        using (var timer = new Timer(_ => Report(isLast: false), null, TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(0.25)))
        {
            try
            {
                return work();
            }
            finally
            {
                timer.Change(Timeout.Infinite, Timeout.Infinite);
                Report(isLast: true);
            }
        }

        void Report(bool isLast)
        {
            // One that is late must not come after a later one.
            if (isLast)
                turn.Enter();
            else if (!turn.TryEnter())
                return;
            try
            {
                progress.Report(new PackProgress(counters.BytesDone, counters.BytesTotal, counters.Entries, Stopwatch.GetElapsedTime(start)));
            }
            finally
            {
                turn.Exit();
            }
        }
    }
}
