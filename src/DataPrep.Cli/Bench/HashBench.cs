using DataPrep.Hashing;
using DataPrep.Piece;

namespace DataPrep.Cli.Bench;

/// <summary>Times commitment and leaves apart, with the kernel in use, by one thread and several, each with data of its own that its cache may hold.</summary>
internal sealed class HashBench(byte[] data, double slice, CancellationToken cancel)
{
    private const int Segments = 3;
    private const int Leaf = 1 << 20;

    public IReadOnlyList<Probe> Probes(int threads) =>
    [
        new Probe("commp", threads, () => CommP(threads)),
        new Probe("leaves", threads, () => Leaves(threads)),
    ];

    private Amount CommP(int threads)
    {
        var hashers = Enumerable.Range(0, threads).Select(_ => new SubTreeHasher(Sha256Kernels.Current)).ToArray();
        byte[] nodes = new byte[32 * Segments * threads];
        return Team.Run(threads, slice, i =>
        {
            hashers[i].HashSegments(data.AsSpan(At(i), Segments * SubTreeHasher.SegmentRaw), nodes.AsSpan(32 * Segments * i, 32 * Segments));
            return Segments * SubTreeHasher.SegmentRaw;
        }, cancel);
    }

    private Amount Leaves(int threads)
    {
        Message[] messages = [new(0, Leaf), new(Leaf, Leaf), new(2 * Leaf, Leaf)];
        byte[] digests = new byte[32 * messages.Length * threads];
        return Team.Run(threads, slice, i =>
        {
            Sha256Kernels.Current.HashMessages(data.AsSpan(At(i), 3 * Leaf), messages, digests.AsSpan(32 * messages.Length * i, 32 * messages.Length));
            return 3 * Leaf;
        }, cancel);
    }

    /// <summary>Where the data of a thread begins.</summary>
    private int At(int thread) => (int)((long)thread * 3 * Leaf % (data.Length - (3 * Leaf) + 1));
}
