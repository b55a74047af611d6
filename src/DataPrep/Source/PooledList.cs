using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DataPrep.Source;

/// <summary>
/// A list in an array from the shared pool. <see cref="Release"/> gives it back; very long ones are left to the collector. The pool is that
/// of bytes for every type, since one for each type is compiled at every start.
/// </summary>
internal struct PooledList<T>
    where T : unmanaged
{
    private const int LongestKept = 8 << 20;
    private byte[]? bytes;

    public int Count { get; private set; }

    public readonly Span<T> Items => MemoryMarshal.Cast<byte, T>(bytes.AsSpan(0, Count * Unsafe.SizeOf<T>()));

    public void Add(in T item)
    {
        Reserve(1);
        Count++;
        Items[^1] = item;
    }

    public void AddRange(ReadOnlySpan<T> range)
    {
        Reserve(range.Length);
        Count += range.Length;
        range.CopyTo(Items[^range.Length..]);
    }

    /// <summary>Makes room for so many more, so that it does not grow step by step.</summary>
    public void Reserve(int more)
    {
        long needed = (long)(Count + more) * Unsafe.SizeOf<T>();
        if (bytes is not null && bytes.Length >= needed)
            return;
        int length = checked((int)Math.Min(Math.Max(needed, 2L * Count * Unsafe.SizeOf<T>()), Math.Max(needed, Array.MaxLength)));
        byte[] larger = length <= LongestKept ? ArrayPool<byte>.Shared.Rent(length) : new byte[length];
        bytes.AsSpan(0, Count * Unsafe.SizeOf<T>()).CopyTo(larger);
        int count = Count;
        Release();
        (bytes, Count) = (larger, count);
    }

    public void Release()
    {
        if (bytes is not null && bytes.Length <= LongestKept)
            ArrayPool<byte>.Shared.Return(bytes);
        (bytes, Count) = (null, 0);
    }
}
