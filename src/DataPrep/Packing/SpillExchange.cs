using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// Hands the bytes of a leaf that crosses a slab's end on to the next slab. They are put in early by the worker of the
/// slab in which the leaf begins, and asked for last by that of the next, so that nobody waits long. Slabs are claimed
/// in order, so the giver is always at work when the taker asks.
/// </summary>
internal sealed class SpillExchange : IDisposable
{
    // As many as there are workers at most.
    private readonly List<Spill> spills = [];
    private readonly List<Spill> free = [];
    private readonly CancellationTokenRegistration wake;
    private readonly CancellationToken stop;

    public SpillExchange(CancellationToken stop)
    {
        this.stop = stop;
        wake = stop.Register(() =>
        {
            lock (spills)
                Monitor.PulseAll(spills);
        });
    }

    public void Put(PieceJob job, long slab, ReadOnlySpan<byte> bytes)
    {
        Spill spill;
        lock (spills)
        {
            spill = free.Count > 0 ? free[^1] : new Spill();
            _ = free.Remove(spill);
        }

        spill.Take(job, slab, bytes);
        lock (spills)
        {
            spills.Add(spill);
            Monitor.PulseAll(spills);
        }
    }

    /// <exception cref="OperationCanceledException">The engine stops.</exception>
    public void Take(PieceJob job, long slab, Span<byte> destination)
    {
        Spill? spill;
        lock (spills)
        {
            while ((spill = Find(job, slab)) is null)
            {
                stop.ThrowIfCancellationRequested();
                Monitor.Wait(spills);
            }

            _ = spills.Remove(spill);
        }

        if (spill.Length != destination.Length)
            throw new InvalidOperationException($"Slab {slab} begins with {destination.Length} bytes of a leaf, but was handed {spill.Length}.");
        spill.Bytes.CopyTo(destination);
        lock (spills)
            free.Add(spill);
    }

    /// <summary>Only when no worker is left.</summary>
    public void Dispose()
    {
        wake.Dispose();
        free.AddRange(spills);
        foreach (var spill in free)
            spill.Dispose();
    }

    private Spill? Find(PieceJob job, long slab)
    {
        foreach (var spill in spills)
        {
            if (spill.Job == job && spill.Slab == slab)
                return spill;
        }

        return null;
    }

    private sealed class Spill : IDisposable
    {
        private NativeBuffer buffer = new(0);

        public PieceJob? Job { get; private set; }

        public long Slab { get; private set; }

        public int Length { get; private set; }

        public ReadOnlySpan<byte> Bytes => buffer.Span[..Length];

        public void Take(PieceJob job, long slab, ReadOnlySpan<byte> bytes)
        {
            (Job, Slab, Length) = (job, slab, bytes.Length);
            int longest = job.Layout.LongestSection;
            if (buffer.Length < longest)
            {
                buffer.Dispose();
                buffer = new NativeBuffer(longest);
            }

            bytes.CopyTo(buffer.Span);
        }

        public void Dispose() => buffer.Dispose();
    }
}
