using System.Runtime.InteropServices;

namespace DataPrep.Packing;

/// <summary>One slab of a CAR, with room behind it for the rest of a leaf that begins in it.</summary>
internal sealed unsafe class SlabBuffer(nint address, int capacity)
{
    public nint Address => address;

    public Span<byte> Span => new((void*)address, capacity);
}

/// <summary>
/// The engine's memory: a fixed number of slab buffers outside the managed heap. Who rents returns; renting waits
/// while all are in use.
/// </summary>
internal sealed unsafe class SlabPool : IDisposable
{
    private const nuint Alignment = 2 << 20;
    private readonly SemaphoreSlim available;
    private readonly Stack<SlabBuffer> free = new();
    private readonly List<SlabBuffer> all = [];

    public SlabPool(int count, int capacity)
    {
        for (int i = 0; i < count; i++)
            all.Add(new SlabBuffer((nint)NativeMemory.AlignedAlloc((nuint)capacity, Alignment), capacity));
        foreach (var buffer in all)
            free.Push(buffer);
        available = new SemaphoreSlim(count);
    }

    public SlabBuffer Rent(CancellationToken stop)
    {
        available.Wait(stop);
        lock (free)
            return free.Pop();
    }

    public void Return(SlabBuffer buffer)
    {
        lock (free)
            free.Push(buffer);
        available.Release();
    }

    /// <summary>Frees all buffers, also those not returned: only when nobody uses one any more.</summary>
    public void Dispose()
    {
        foreach (var buffer in all)
            NativeMemory.AlignedFree((void*)buffer.Address);
        all.Clear();
        available.Dispose();
    }
}
