using System.Collections.Concurrent;
using System.Security.Cryptography;
using DataPrep.Hashing;
using DataPrep.Packing;
using DataPrep.Piece;

namespace DataPrep.Verification;

/// <summary>What an audit has in common for all providers: one way to the network, and the requests that may be made at once.</summary>
internal sealed class AuditRequests(AuditOptions options, PackCounters progress, HttpMessageHandler? transport) : IDisposable
{
    private readonly ConcurrentBag<(byte[] Buffer, SubTreeHasher Hasher)> workers = [];
    private readonly SemaphoreSlim free = new(options.Concurrency);
    private readonly SegmentFetcher fetcher = new(options.Timeout, transport);

    public AuditOptions Options => options;

    /// <summary>Asks once, when there is room for one more request.</summary>
    public async Task<SegmentAnswer> Fetch(Uri url, string? token, AuditSample sample, CancellationToken cancel)
    {
        await free.WaitAsync(cancel).ConfigureAwait(false);
        (byte[] Buffer, SubTreeHasher Hasher) worker = workers.TryTake(out var idle) ? idle : (new byte[SubTreeHasher.SegmentRaw + 1], new SubTreeHasher(Sha256Kernels.Current));
        try
        {
            if (options.Rate is { } rate)
                await rate.TakeAsync(sample.Length, cancel).ConfigureAwait(false);
            return await fetcher.Fetch(url, token, sample, worker.Buffer, worker.Hasher, cancel).ConfigureAwait(false);
        }
        finally
        {
            workers.Add(worker);
            _ = free.Release();
        }
    }

    public void Done(AuditSample sample) => progress.Add(sample.IsTail ? 0 : sample.Length);

    public void Dispose()
    {
        fetcher.Dispose();
        free.Dispose();
    }
}

/// <summary>Asks one provider for its samples, a few at a time, and again where a fault may pass.</summary>
/// <param name="token">Bearer token; null for none.</param>
internal sealed class ProviderAudit(AuditProvider provider, string? token, AuditRequests requests)
{
    /// <summary>
    /// After so many samples whose faults did not pass, in a row or in all, a provider is given up: each may have taken a timeout for every attempt.
    /// </summary>
    public const int MostInARow = 8, MostInAll = 64;

    private readonly AuditOptions options = requests.Options;
    private int inARow;
    private int inAll;

    /// <summary>The answers, in the order of the samples.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<SegmentAnswer[]> Run(IReadOnlyList<AuditSample> samples, CancellationToken cancel)
    {
        var answers = new SegmentAnswer[samples.Count];
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(options.PerProvider, samples.Count)).Select(_ => Work())).ConfigureAwait(false);
        return answers;

        async Task Work()
        {
            for (int i; (i = Interlocked.Increment(ref next)) < samples.Count;)
            {
                answers[i] = await Ask(samples[i], cancel).ConfigureAwait(false);
                requests.Done(samples[i]);
            }
        }
    }

    private async Task<SegmentAnswer> Ask(AuditSample sample, CancellationToken cancel)
    {
        if (Volatile.Read(ref inARow) >= MostInARow || Volatile.Read(ref inAll) >= MostInAll)
            return SegmentAnswer.Fault(AuditOutcome.Unreachable, "given-up", "not asked for, since too many others had failed") with { Attempts = 0 };
        var url = provider.UrlOf(sample.Piece);
        for (int attempt = 1; ; attempt++)
        {
            var answer = await requests.Fetch(url, token, sample, cancel).ConfigureAwait(false);
            if (!answer.IsPassing || attempt > options.Retries || answer.RetryAfter > options.LongestPause)
            {
                _ = answer.IsPassing ? Interlocked.Increment(ref inARow) + Interlocked.Increment(ref inAll) : Interlocked.Exchange(ref inARow, 0);
                return Judge(answer) with { Attempts = attempt };
            }

            var pause = Pause(attempt);
            await Task.Delay(answer.RetryAfter > pause ? answer.RetryAfter.Value : pause, cancel).ConfigureAwait(false);
        }
    }

    private TimeSpan Pause(int attempt)
    {
        var pause = options.Pause * Math.Pow(2, attempt - 1);
        return (pause < options.LongestPause ? pause : options.LongestPause) * (RandomNumberGenerator.GetInt32(500, 1500) / 1000.0);
    }

    private SegmentAnswer Judge(SegmentAnswer answer)
    {
        if (answer.RetryAfter > options.LongestPause)
            return answer with { Message = $"{answer.Message}, in {answer.RetryAfter.Value.TotalSeconds:0} s" };
        bool isSlow = answer.FirstByte > options.SlowLatency || answer.Rate < options.SlowRate;
        return isSlow && answer.IsProved ? answer with { Outcome = AuditOutcome.Slow } : answer;
    }
}
