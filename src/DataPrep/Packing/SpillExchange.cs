using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// Hands the bytes of a leaf that crosses a slab's end on to the next slab. They are put in early by the worker of the
/// slab in which the leaf begins, and asked for last by that of the next, so that nobody waits long. Slabs are claimed
/// in order, so the giver is always at work when the taker asks.
/// </summary>
internal sealed class SpillExchange : IDisposable
{
    private readonly Dictionary<(PieceJob Job, long Slab), (NativeBuffer Bytes, int Length)> spills = [];
    private readonly Stack<NativeBuffer> free = new();
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
        NativeBuffer? copy;
        lock (spills)
            free.TryPop(out copy);
        int longest = job.Layout.LongestSection;
        if (copy is null || copy.Length < longest)
        {
            copy?.Dispose();
            copy = new NativeBuffer(longest);
        }

        bytes.CopyTo(copy.Span);
        lock (spills)
        {
            spills.Add((job, slab), (copy, bytes.Length));
            Monitor.PulseAll(spills);
        }
    }

    /// <exception cref="OperationCanceledException">The engine stops.</exception>
    public void Take(PieceJob job, long slab, Span<byte> destination)
    {
        (NativeBuffer Bytes, int Length) spill;
        lock (spills)
        {
            while (!spills.Remove((job, slab), out spill))
            {
                stop.ThrowIfCancellationRequested();
                Monitor.Wait(spills);
            }
        }

        if (spill.Length != destination.Length)
            throw new InvalidOperationException($"Slab {slab} begins with {destination.Length} bytes of a leaf, but was handed {spill.Length}.");
        spill.Bytes.Span[..spill.Length].CopyTo(destination);
        lock (spills)
            free.Push(spill.Bytes);
    }

    /// <summary>Only when no worker is left.</summary>
    public void Dispose()
    {
        wake.Dispose();
        foreach (var buffer in free)
            buffer.Dispose();
        foreach (var (buffer, _) in spills.Values)
            buffer.Dispose();
    }
}
