using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Authentication;

namespace DataPrep.Source;

/// <summary>
/// When to try again: after pauses that grow, drawn by chance so that many who wait do not come back at once ("full jitter"), for a limited
/// time without any progress. Of one task, used by one thread at a time.
/// </summary>
internal sealed class Retry(RemoteLimits limits, Action<string>? warn)
{
    // Shorter faults are nothing that a person needs to know.
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(10);

    private static long s_all;
    private long lastProgress = Stopwatch.GetTimestamp();
    private int tries;
    private bool hasWarned;

    /// <summary>How often anything was tried again, by all tasks of the process.</summary>
    public static long All => Interlocked.Read(ref s_all);

    /// <summary>Whether an exception is what a request can end with.</summary>
    public static bool IsFault(Exception e) =>
        e is IOException or HttpRequestException or SocketException or TimeoutException or ObjectDisposedException or OperationCanceledException;

    /// <summary>Something came: all begins anew.</summary>
    public void Progressed()
    {
        lastProgress = Stopwatch.GetTimestamp();
        (tries, hasWarned) = (0, false);
    }

    /// <summary>How long to wait before the next try.</summary>
    /// <param name="wasHeard">Whether the server has ever answered.</param>
    /// <exception cref="PassingFaultException">There was no progress for too long.</exception>
    public TimeSpan Pause(Exception fault, string location, bool wasHeard)
    {
        if (fault is ObjectException { Fault: not ObjectFault.Passing } or PassingFaultException)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
        if (Lasting(fault, wasHeard) is { } lasting)
            throw new ObjectException(ObjectFault.Unreadable, lasting);
        string place = Shown(location);
        var waited = Stopwatch.GetElapsedTime(lastProgress);
        if (waited >= limits.Patience)
            throw new PassingFaultException($"{place}: {Describe(fault)}; no progress for {Seconds(waited)} s. What is done is kept: run the same command again to go on");
        if (waited >= LongWait && !hasWarned)
        {
            warn?.Invoke($"{place}: {Describe(fault)}; trying again, for {Seconds(limits.Patience)} s in all");
            hasWarned = true;
        }

        _ = Interlocked.Increment(ref s_all);
        double longest = Math.Min(limits.LongestPause.TotalSeconds, limits.FirstPause.TotalSeconds * Math.Pow(2, Math.Min(tries++, 30)));
        double pause = Random.Shared.NextDouble() * longest;
        if (fault is ObjectException { RetryAfter: { } wanted })
            pause = Math.Max(pause, wanted.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Min(pause, Math.Max(0, (limits.Patience - waited).TotalSeconds)));
    }

    /// <summary>A location without what may be secret in it: what follows a question mark.</summary>
    public static string Shown(string location) => PathText.Quote(location.Split('?', 2)[0]);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0", System.Globalization.CultureInfo.InvariantCulture);

    private static string? Lasting(Exception fault, bool wasHeard)
    {
        for (var e = fault; e is not null; e = e.InnerException)
        {
            if (e is AuthenticationException)
                return $"no secure connection: {e.Message}";
            if (!wasHeard && e is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData })
                return "there is no host of that name";
        }

        return null;
    }

    private static string Describe(Exception fault) => fault switch
    {
        OperationCanceledException or ObjectDisposedException => "no answer, or no more bytes, for too long",
        _ => PathText.Quote(fault.InnerException?.Message ?? fault.Message),
    };
}
