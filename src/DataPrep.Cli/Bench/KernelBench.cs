using System.Diagnostics;
using DataPrep.Hashing;
using DataPrep.Piece;

namespace DataPrep.Cli.Bench;

/// <summary>Times every kernel that runs here, one thread, on data that stays in the cache.</summary>
internal sealed class KernelBench
{
    private const int LeafLength = 1 << 20;
    private const int Leaves = 9;
    private const int Group = 3;
    private readonly byte[] data = TestData.Make(Leaves * LeafLength);
    private readonly byte[] digests = new byte[32 * 4096];

    // The leaves of a slab, and small files of 0 to 100 KB
    private readonly Message[] chunks = [.. Enumerable.Range(0, Leaves).Select(i => new Message(i * LeafLength, LeafLength))];
    private readonly Message[] small = SmallMessages();

    /// <summary>The kernels of this machine that give right answers.</summary>
    public static IReadOnlyList<Sha256Kernel> Usable { get; } =
        [.. KernelChoice.Survey(Sha256Kernels.All).Where(candidate => candidate.PassesSelfCheck == true).Select(candidate => candidate.Kernel)];

    /// <summary>All kinds of work of each kernel.</summary>
    public IReadOnlyList<Probe> Probes(IReadOnlyList<Sha256Kernel> kernels) => [.. kernels.SelectMany(All)];

    private IEnumerable<Probe> All(Sha256Kernel kernel)
    {
        var hasher = new SubTreeHasher(kernel);
        yield return Of("nodes", () => Nodes(kernel));
        yield return Of("commp", () => CommP(hasher));
        yield return Of("leaves", () => Messages(kernel, chunks));
        yield return Of("small", () => Messages(kernel, small));
        yield return Of("leaves+commp", () =>
        {
            // As the engine does it: a few leaves, then the tree of what is still in the cache
            for (int first = 0; first < Leaves; first += Group)
            {
                int count = Math.Min(Group, Leaves - first);
                kernel.HashMessages(data, chunks.AsSpan(first, count), digests);
                hasher.HashSegments(data.AsSpan(first * LeafLength, count * LeafLength / SubTreeHasher.SegmentRaw * SubTreeHasher.SegmentRaw), digests);
            }

            return Leaves * SubTreeHasher.SegmentRaw;
        });

        Probe Of(string work, Func<long> run) => new($"{kernel.Name}/{work}", 1, () =>
        {
            long start = Stopwatch.GetTimestamp();
            long bytes = run();
            return new Amount(bytes, Stopwatch.GetElapsedTime(start).TotalSeconds);
        });
    }

    private static Message[] SmallMessages()
    {
        var random = new Random(1);
        var messages = new List<Message>();
        for (int at = 0, length; at + (length = random.Next(100_000)) <= Leaves * LeafLength; at += length)
            messages.Add(new Message(at, length));
        return [.. messages];
    }

    private long Nodes(Sha256Kernel kernel)
    {
        const int Pairs = 1024, Times = 16;
        for (int i = 0; i < Times; i++)
            kernel.HashPairs(data.AsSpan(i * Pairs * 64, Pairs * 64), digests);
        return Times * Pairs * 64;
    }

    private long CommP(SubTreeHasher hasher)
    {
        hasher.HashSegments(data.AsSpan(0, Leaves * SubTreeHasher.SegmentRaw), digests);
        return Leaves * SubTreeHasher.SegmentRaw;
    }

    private long Messages(Sha256Kernel kernel, Message[] messages)
    {
        kernel.HashMessages(data, messages, digests);
        long bytes = 0;
        foreach (var message in messages)
            bytes += message.Length;
        return bytes;
    }
}
