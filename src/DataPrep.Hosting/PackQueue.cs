using System.Diagnostics.Metrics;
using System.Threading.Channels;
using DataPrep.Packing;
using Microsoft.Extensions.Options;

namespace DataPrep.Hosting;

/// <summary>
/// What is to be packed in the background, in the order in which it came. It is kept in memory: after a restart of the host, whoever enqueued something does so again,
/// and the run goes on from what is finished of it.
/// </summary>
#pragma warning disable CA1711 // It is a queue
public sealed class PackQueue : IDisposable
#pragma warning restore CA1711
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<long, PackJob> jobs = [];
    private readonly Queue<PackJob> ended = [];
    private readonly Channel<PackJob> waiting;
    private readonly DataPrepOptions options;
    private readonly Meter meter = new(DataPrepTelemetry.MeterName);
    private readonly Counter<long> outcomes;
    private long lastId;
    private bool isClosed;

    internal PackQueue(IOptions<DataPrepOptions> options)
    {
        this.options = options.Value;
        waiting = Channel.CreateBounded<PackJob>(this.options.QueueLength);
        outcomes = meter.CreateCounter<long>("dataprep.queue.jobs", "{job}", "Jobs that have ended, by outcome.");
        _ = meter.CreateObservableUpDownCounter("dataprep.queue.length", Lengths, "{job}", "Jobs that have not ended, by state.");
    }

    /// <summary>The jobs that have not ended, and the last of those that have, in the order in which they came.</summary>
    public IReadOnlyList<PackJob> Jobs
    {
        get
        {
            lock (gate)
                return [.. jobs.Values];
        }
    }

    /// <summary>A job by its number; null where it is not known any more.</summary>
    public PackJob? Find(long id)
    {
        lock (gate)
            return jobs.GetValueOrDefault(id);
    }

    /// <summary>Enqueues a request, as soon as there is room for it.</summary>
    /// <returns>The job. Its <see cref="PackJob.Completion"/> says how it ended.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled while there was no room.</exception>
    /// <exception cref="InvalidOperationException">The host has stopped.</exception>
    public async ValueTask<PackJob> EnqueueAsync(PackRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        PackJob job;
        lock (gate)
        {
            if (isClosed)
                throw new InvalidOperationException("The host has stopped: nothing is packed any more.");
            job = new PackJob(++lastId, request, request.MostTries ?? options.MostTries) { OnEnded = Forget };
            jobs.Add(job.Id, job);
        }

        try
        {
            await waiting.Writer.WriteAsync(job, cancellationToken).ConfigureAwait(false);
            return job;
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            lock (gate)
                _ = jobs.Remove(job.Id);
            if (e is ChannelClosedException)
                throw new InvalidOperationException("The host has stopped: nothing is packed any more.", e);
            throw;
        }
    }

    /// <summary>Ends what is to be seen of it.</summary>
    public void Dispose() => meter.Dispose();

    internal IAsyncEnumerable<PackJob> ReadAllAsync(CancellationToken stop) => waiting.Reader.ReadAllAsync(stop);

    /// <summary>Puts a job back that is to be tried again.</summary>
    internal ValueTask ReturnAsync(PackJob job, CancellationToken stop) => waiting.Writer.WriteAsync(job, stop);

    /// <summary>When the host stops: what has not ended never will.</summary>
    internal void Close()
    {
        PackJob[] left;
        lock (gate)
        {
            isClosed = true;
            left = [.. jobs.Values];
        }

        _ = waiting.Writer.TryComplete();
        foreach (var job in left)
            _ = job.End(PackJobState.Cancelled, null);
    }

    private void Forget(PackJob job)
    {
        outcomes.Add(1, new KeyValuePair<string, object?>("outcome", NameOf(job.State)));
        lock (gate)
        {
            ended.Enqueue(job);
            while (ended.Count > options.JobsKept)
                _ = jobs.Remove(ended.Dequeue().Id);
        }
    }

    private Measurement<long>[] Lengths()
    {
        var live = Jobs.Where(job => !job.HasEnded).Select(job => job.State).ToList();
        return [.. ((PackJobState[])[PackJobState.Queued, PackJobState.Running, PackJobState.Waiting])
            .Select(state => new Measurement<long>(live.Count(each => each == state), new KeyValuePair<string, object?>("state", NameOf(state))))];
    }

    private static string NameOf(PackJobState state) => state switch
    {
        PackJobState.Queued => "queued",
        PackJobState.Running => "running",
        PackJobState.Waiting => "waiting",
        PackJobState.Done => "done",
        PackJobState.Failed => "failed",
        _ => "cancelled",
    };
}
