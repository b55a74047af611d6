using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace DataPrep.Comparison;

/// <summary>
/// Finds what has the same key among any number of things, exactly, in bounded memory: 256 parts by the keys' hashes, each in a buffer of 48 KiB and behind it
/// in a temporary file, of which one at a time is sorted in memory. It takes 48 bytes for each thing on disk, and in memory a 256th of that.
/// </summary>
internal sealed class DigestGroups : IDisposable
{
    private const int Parts = 256;
    private const int BufferLength = 1024;

    // Keys come from files: whoever makes these cannot choose the part that they fall in.
    private readonly byte[] seed = RandomNumberGenerator.GetBytes(16);
    private readonly Item[]?[] buffers = new Item[Parts][];
    private readonly int[] used = new int[Parts];
    private readonly FileStream?[] files = new FileStream[Parts];

    /// <summary>The sum of all weights.</summary>
    public long Weight { get; private set; }

    /// <exception cref="IOException">The temporary file cannot be written.</exception>
    public void Add(ReadOnlySpan<byte> key, long reference, long weight)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        byte[] seeded = [.. seed, .. key];
        SHA256.HashData(seeded, hash);
        var item = new Item(MemoryMarshal.Read<UInt128>(hash), MemoryMarshal.Read<UInt128>(hash[16..]), reference, weight);
        int part = hash[0];
        var buffer = buffers[part] ??= new Item[BufferLength];
        buffer[used[part]++] = item;
        Weight += weight;
        if (used[part] < BufferLength)
            return;
        var file = files[part] ??= new FileStream(Path.Join(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 0, FileOptions.DeleteOnClose);
        file.Write(MemoryMarshal.AsBytes(buffer.AsSpan()));
        used[part] = 0;
    }

    /// <summary>The things of each key that more than one has, in the order of their references; the groups in no order.</summary>
    /// <exception cref="IOException">A temporary file cannot be read.</exception>
    public IEnumerable<IReadOnlyList<(long Reference, long Weight)>> Repeated()
    {
        for (int part = 0; part < Parts; part++)
        {
            var items = Sorted(part);
            for (int begin = 0, end; begin < items.Length; begin = end)
            {
                for (end = begin + 1; end < items.Length && items[end].High == items[begin].High && items[end].Low == items[begin].Low;)
                    end++;
                if (end - begin > 1)
                    yield return [.. items[begin..end].Select(item => (item.Reference, item.Weight))];
            }
        }
    }

    public void Dispose()
    {
        foreach (var file in files)
            file?.Dispose();
    }

    private Item[] Sorted(int part)
    {
        var file = files[part];
        int stored = file is null ? 0 : checked((int)(file.Length / Marshal.SizeOf<Item>()));
        var items = new Item[stored + used[part]];
        if (file is not null)
        {
            file.Position = 0;
            file.ReadExactly(MemoryMarshal.AsBytes(items.AsSpan(0, stored)));
        }

        buffers[part]?.AsSpan(0, used[part]).CopyTo(items.AsSpan(stored));
        Array.Sort(items);
        return items;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Item(UInt128 High, UInt128 Low, long Reference, long Weight) : IComparable<Item>
    {
        public int CompareTo(Item other)
        {
            int order = High.CompareTo(other.High);
            order = order != 0 ? order : Low.CompareTo(other.Low);
            return order != 0 ? order : Reference.CompareTo(other.Reference);
        }
    }
}
