using DataPrep.Packing;
using DataPrep.Source;

namespace DataPrep.Hosting;

/// <summary>A request on its way. Everything can be read at any time, on any thread.</summary>
#pragma warning disable CA1001 // A token source without a time limit has nothing to dispose
public sealed class PackJob
#pragma warning restore CA1001
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource cancellation = new();
    private readonly TaskCompletionSource<PackResult> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PackProgress progress;

    internal PackJob(long id, PackRequest request, int mostTries)
    {
        (Id, Request, MostTries) = (id, request, mostTries);
        // That nobody waits for it is no fault of its own.
        _ = completion.Task.ContinueWith(task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Number within the queue, from 1.</summary>
    public long Id { get; }

    /// <summary>What is packed.</summary>
    public PackRequest Request { get; }

    /// <summary>How far it is.</summary>
    public PackJobState State { get; private set; }

    /// <summary>Whether it has come to an end.</summary>
    public bool HasEnded => State is PackJobState.Done or PackJobState.Failed or PackJobState.Cancelled;

    /// <summary>How far the run at work is, or the last one was.</summary>
    public PackProgress Progress
    {
        get
        {
            lock (gate)
                return progress;
        }
    }

    /// <summary>How often it was begun.</summary>
    public int Tries { get; private set; }

    /// <summary>What was wrong with the last try; null where nothing was.</summary>
    public Exception? Error { get; private set; }

    /// <summary>When it was enqueued.</summary>
    public DateTimeOffset Enqueued { get; } = DateTimeOffset.UtcNow;

    /// <summary>When it came to its end; null before.</summary>
    public DateTimeOffset? Ended { get; private set; }

    /// <summary>Ends with what was made; or with what was wrong at last, or as cancelled.</summary>
    public Task<PackResult> Completion => completion.Task;

    internal int MostTries { get; }

    // Tries that count: a source that is away takes none.
    internal int Failures { get; private set; }

    internal CancellationToken Cancelled => cancellation.Token;

    /// <summary>Breaks it off, or keeps it from being begun. What is finished of it is kept.</summary>
    public void Cancel()
    {
        cancellation.Cancel();
        lock (gate)
        {
            if (State is PackJobState.Running)
                return; // which ends it by itself
        }

        End(PackJobState.Cancelled, null);
    }

    /// <summary>Whether it may run now.</summary>
    internal bool TryStart()
    {
        lock (gate)
        {
            if (HasEnded)
                return false;
            State = PackJobState.Running;
            Tries++;
            return true;
        }
    }

    internal void Report(PackProgress now)
    {
        lock (gate)
            progress = now;
    }

    /// <summary>A try has failed; whether there is to be another.</summary>
    internal bool Fail(Exception e)
    {
        lock (gate)
        {
            Error = e;
            if (e is not PassingFaultException)
                Failures++;
            // The same options make no more sense later.
            if (e is UsageException or ArgumentException || Failures >= MostTries || cancellation.IsCancellationRequested)
                return false;
            State = PackJobState.Waiting;
            return true;
        }
    }

    /// <summary>Comes to an end; false where it has before.</summary>
    internal bool End(PackJobState state, PackResult? result)
    {
        lock (gate)
        {
            if (HasEnded)
                return false;
            State = state;
            Ended = DateTimeOffset.UtcNow;
            if (result is not null)
                Error = null;
        }

        _ = state switch
        {
            PackJobState.Done => completion.TrySetResult(result!),
            PackJobState.Cancelled => completion.TrySetCanceled(CancellationToken.None),
            _ => completion.TrySetException(Error!),
        };
        OnEnded?.Invoke(this);
        return true;
    }

    internal Action<PackJob>? OnEnded { get; init; }
}
