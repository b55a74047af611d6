using System.Buffers;

namespace DataPrep.Source;

/// <summary>A list in an array from the shared pool. <see cref="Release"/> gives it back; very long ones are left to the collector.</summary>
internal struct PooledList<T>
    where T : unmanaged
{
    private const int LongestKept = 1 << 18;
    private T[]? items;

    public int Count { get; private set; }

    public readonly Span<T> Items => items.AsSpan(0, Count);

    public void Add(in T item)
    {
        Reserve(1);
        items![Count++] = item;
    }

    public void AddRange(ReadOnlySpan<T> range)
    {
        Reserve(range.Length);
        range.CopyTo(items.AsSpan(Count));
        Count += range.Length;
    }

    /// <summary>Makes room for so many more, so that it does not grow step by step.</summary>
    public void Reserve(int more)
    {
        if (items is not null && items.Length - Count >= more)
            return;
        int length = Math.Max(Count + more, 2 * Count);
        var larger = length <= LongestKept ? ArrayPool<T>.Shared.Rent(length) : new T[length];
        Items.CopyTo(larger);
        int count = Count;
        Release();
        (items, Count) = (larger, count);
    }

    public void Release()
    {
        if (items is not null && items.Length <= LongestKept)
            ArrayPool<T>.Shared.Return(items);
        (items, Count) = (null, 0);
    }
}
