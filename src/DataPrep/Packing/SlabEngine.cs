using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace DataPrep.Packing;

/// <summary>
/// Makes pieces one after the other, with all cores. Workers claim slabs in order, of the next piece when those of one
/// are all claimed, so that a piece's tail overlaps the slabs of the next. Each owns the memory of its slab; they share
/// nothing but the claim counter and what a <see cref="PieceJob"/> holds.
/// </summary>
internal sealed class SlabEngine : IDisposable
{
    private readonly SlabPlan plan;
    private readonly CancellationTokenSource stop;
    private readonly CancellationToken cancel;
    private readonly Lock gate = new();
    private IEnumerator<PieceJob> jobs = Enumerable.Empty<PieceJob>().GetEnumerator();
    private Action<PackedPiece> finished = _ => { };
    private readonly SpillExchange spills;
    private readonly NumaNodes nodes = new();
    private readonly SemaphoreSlim turn = new(1);
    private readonly SemaphoreSlim hashing;
    private Claims? current;
    private ExceptionDispatchInfo? failure;

    /// <param name="hashers">How many workers may hash at once, where more are there to read and write; null for all.</param>
    public SlabEngine(SlabPlan plan, CancellationToken cancel, int? hashers = null)
    {
        (this.plan, this.cancel) = (plan, cancel);
        hashing = new SemaphoreSlim(hashers ?? plan.Threads);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        spills = new SpillExchange(stop.Token);
    }

    /// <summary>One worker reads at a time, a slab as a whole, as suits disks that seek.</summary>
    public bool ReadInTurn { get; init; }

    /// <summary>How fast all workers together may read; null for no limit.</summary>
    public RateLimit? Rate { get; init; }

    /// <summary>Takes note of the workers' times.</summary>
    public PackCounters? Progress { get; init; }

    /// <summary>Cancelled when the workers are to stop, since one of them failed or the caller wants it.</summary>
    public CancellationToken Stopped => stop.Token;

    /// <summary>Time of all workers together, by stage; complete when <see cref="Run"/> has returned.</summary>
    public StageClock Times { get; } = new();

    /// <param name="pieces">The pieces, asked for one at a time when workers are free; those that are finished are disposed here.</param>
    /// <param name="onFinished">Takes each finished piece, on the thread of a worker, in no certain order.</param>
    /// <exception cref="Source.SourceChangedException">A file is not what was scanned; nothing of its piece may be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Run(IEnumerable<PieceJob> pieces, Action<PackedPiece> onFinished)
    {
        using (jobs = pieces.GetEnumerator())
        {
            finished = onFinished;
            var threads = new Thread[plan.Threads];
            for (int i = 0; i < threads.Length; i++)
            {
                int number = i;
                threads[i] = new Thread(() => Work(number)) { IsBackground = true, Name = $"slab {i}" };
                threads[i].Start();
            }

            foreach (var thread in threads)
                thread.Join();
        }

        cancel.ThrowIfCancellationRequested();
        failure?.Throw();
    }

    public void Dispose()
    {
        spills.Dispose();
        turn.Dispose();
        hashing.Dispose();
        stop.Dispose();
    }

    /// <summary>The first failure stops everything and is the one that is reported.</summary>
    private void Work(int number)
    {
        try
        {
            nodes.Bind(number);
            using var worker = new SlabWorker(plan, spills, hashing, ReadInTurn ? turn : null, stop.Token) { Rate = Rate };
            Progress?.Join(worker.Clock, worker.Slow);
            while (Claim(out var job, out long slab))
            {
                if (slab < job.Slabs)
                {
                    Make(worker, job, slab);
                    if (!job.EndSlab(slab))
                        continue;
                }

                finished(job.Finish(worker.Hasher, worker.Clock, stop.Token));
                job.Dispose();
            }

            worker.Clock.Enter(Stage.Wait);
            lock (gate)
                Times.Add(worker.Clock);
        }
#pragma warning disable CA1031 // Handed on to the caller of Run
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (e is not OperationCanceledException)
                _ = Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            stop.Cancel();
        }
    }

    private void Make(SlabWorker worker, PieceJob job, long slab)
    {
        Progress?.BeginSlab();
        try
        {
            worker.Make(job, slab);
        }
        finally
        {
            Progress?.EndSlab();
        }
    }

    private bool Claim([NotNullWhen(true)] out PieceJob? job, out long slab)
    {
        while (true)
        {
            stop.Token.ThrowIfCancellationRequested();
            var claims = Volatile.Read(ref current);
            slab = 0;
            if (claims is not null && (slab = claims.Take()) is >= 0)
            {
                job = claims.Job;
                return true;
            }

            lock (gate)
            {
                if (!ReferenceEquals(current, claims))
                    continue; // another worker has moved on meanwhile
                if (!jobs.MoveNext())
                {
                    job = null;
                    return false;
                }

                Volatile.Write(ref current, new Claims(jobs.Current));
            }
        }
    }

    private sealed class Claims(PieceJob job)
    {
        private readonly bool wasMade = job.IsMade;
        private long next;

        public PieceJob Job => job;

        /// <summary>Number of the next slab to be made, or -1. Of a piece of which only the end is missing it is, once, one past the last.</summary>
        public long Take()
        {
            while (true)
            {
                long slab = Interlocked.Increment(ref next) - 1;
                if (slab >= job.Slabs)
                    return slab == job.Slabs && wasMade ? slab : -1;
                if (!job.WasDone(slab))
                    return slab;
            }
        }
    }
}
