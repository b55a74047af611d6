using System.Numerics;
using System.Runtime.InteropServices;
using DataPrep.Source;

namespace DataPrep.Cli.Bench;

/// <summary>What the memory gives: reads and copies of more than caches hold, by one thread and several, each in its own part of one buffer.</summary>
internal sealed class MemoryBench : IDisposable
{
    private const long LeastSize = 64 << 20;
    private const long MostSize = 512 << 20;
    private readonly double slice;
    private readonly CancellationToken cancel;
    private readonly NativeBuffer buffer;
    private ulong seen;

    /// <param name="size">Of the buffer, as <see cref="SizeFor"/> says.</param>
    /// <param name="threads">Most that will be asked for; each touches its part first, so that on machines of several memory nodes it is near to it.</param>
    public MemoryBench(int size, int threads, double slice, CancellationToken cancel)
    {
        (this.slice, this.cancel) = (slice, cancel);
        buffer = new NativeBuffer(size);
        _ = Team.Run(threads, 0, i =>
        {
            TestData.Fill(Part(i, threads), (ulong)i + 1);
            return 1;
        }, cancel);
    }

    /// <summary>Bytes of the buffer: an eighth of what is free, within limits; null where that is too little to say anything.</summary>
    public static int? SizeFor(long free) => free / 8 < LeastSize ? null : (int)Math.Min(free / 8, MostSize);

    public IReadOnlyList<Probe> Probes(int threads) =>
    [
        new Probe("memory/read", threads, () => Team.Run(threads, slice, i => Read(Part(i, threads)), cancel)),
        new Probe("memory/copy", threads, () => Team.Run(threads, slice, i => Copy(Part(i, threads)), cancel)),
    ];

    public void Dispose() => buffer.Dispose();

    private Span<byte> Part(int thread, int threads)
    {
        int length = buffer.Length / threads / 128 * 128;
        return buffer.Span.Slice(thread * length, length);
    }

    private long Read(ReadOnlySpan<byte> part)
    {
        var vectors = MemoryMarshal.Cast<byte, Vector<ulong>>(part);
        Vector<ulong> a = default, b = default, c = default, d = default;
        for (int i = 0; i + 3 < vectors.Length; i += 4)
        {
            a ^= vectors[i];
            b ^= vectors[i + 1];
            c ^= vectors[i + 2];
            d ^= vectors[i + 3];
        }

        // Kept, or the loop could be left out.
        Volatile.Write(ref seen, Vector.Sum(a ^ b ^ c ^ d));
        return part.Length;
    }

    private static long Copy(Span<byte> part)
    {
        int half = part.Length / 2;
        part[..half].CopyTo(part[half..]);
        return half;
    }
}
