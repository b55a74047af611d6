using System.Collections.Concurrent;
using DataPrep.Source;

namespace DataPrep.S3;

/// <summary>Memory of parts, and how many of them may be on their way at once.</summary>
internal sealed class PartPool(int uploads) : IDisposable
{
    private readonly ConcurrentBag<NativeBuffer> free = [];
    private readonly SemaphoreSlim slots = new(uploads);

    public NativeBuffer Rent() => free.TryTake(out var buffer) ? buffer : new NativeBuffer(PieceUpload.PartSize);

    /// <summary>Takes back memory; of that which nobody uses, as much is kept as is on its way at most.</summary>
    public void Return(NativeBuffer buffer)
    {
        if (free.Count < uploads)
            free.Add(buffer);
        else
            buffer.Dispose();
    }

    /// <summary>Waits until another part may be sent.</summary>
    public void Enter(CancellationToken cancel) => slots.Wait(cancel);

    public void Leave() => slots.Release();

    public void Dispose()
    {
        while (free.TryTake(out var buffer))
            buffer.Dispose();
        slots.Dispose();
    }
}
