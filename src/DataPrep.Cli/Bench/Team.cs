using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace DataPrep.Cli.Bench;

/// <summary>Threads that do the same work side by side for a set time.</summary>
internal static class Team
{
    /// <summary>Runs units of work until the time is over.</summary>
    /// <param name="unit">Does one unit on the thread of that number; bytes of it, or 0 where nothing is left to do.</param>
    /// <returns>All bytes and units, and the time in which so many threads, none of which ever waits for the others' end, do them.</returns>
    public static Amount Run(int threads, double seconds, Func<int, long> unit, CancellationToken cancel)
    {
        long[] bytes = new long[threads], units = new long[threads];
        double[] took = new double[threads];
        ExceptionDispatchInfo? failure = null;
        using var start = new Barrier(threads);
        var team = new Thread[threads - 1];
        for (int i = 0; i < team.Length; i++)
        {
            int number = i + 1;
            team[i] = new Thread(() => Work(number)) { IsBackground = true, Name = $"bench {number}" };
            team[i].Start();
        }

        Work(0);
        foreach (var thread in team)
            thread.Join();
        failure?.Throw();
        double rate = bytes.Zip(took, (count, time) => time > 0 ? count / time : 0).Sum();
        long total = bytes.Sum();
        return new Amount(total, rate > 0 ? total / rate : took.Max(), units.Sum());

        void Work(int number)
        {
            start.SignalAndWait(CancellationToken.None);
            long begin = Stopwatch.GetTimestamp(), end = begin + (long)(seconds * Stopwatch.Frequency), now, done = 0, count = 0;
            try
            {
                do
                {
                    long more = unit(number);
                    if (more == 0)
                        break;
                    done += more;
                    count++;
                    now = Stopwatch.GetTimestamp();
                }
                while (now < end && !cancel.IsCancellationRequested);
            }
#pragma warning disable CA1031 // Handed on to the caller
            catch (Exception e)
#pragma warning restore CA1031
            {
                _ = Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            }

            (bytes[number], units[number], took[number]) = (done, count, Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }
    }
}
