using System.Diagnostics;
using System.Security.Cryptography;
using DataPrep.Hashing;
using DataPrep.Piece;

namespace DataPrep.Cli;

/// <summary>What a kernel does in a second, one thread.</summary>
/// <param name="Name">Kernel and kind of work, as <c>shani/commp</c>.</param>
/// <param name="BytesPerSecond">Of raw bytes; of nodes 64 bytes each.</param>
internal sealed record BenchResult(string Name, double BytesPerSecond, double RatioToReference);

/// <summary>
/// Times every kernel that runs here, in turn with the reference, .NET's SHA-256 of one stream of 16 KiB blocks, so that
/// a machine whose speed drifts does not favour one of them. The best of all rounds counts.
/// </summary>
internal sealed class KernelBench(CancellationToken cancel)
{
    private const int Rounds = 6;
    private const int LeafLength = 1 << 20;
    private const int Leaves = 8;
    private readonly byte[] data = RandomNumberGenerator.GetBytes(Leaves * LeafLength);
    private readonly byte[] digests = new byte[32 * 4096];

    /// <summary>Bytes a second of the reference.</summary>
    public double Reference { get; private set; }

    public IReadOnlyList<BenchResult> Run(IReadOnlyList<Sha256Kernel> kernels)
    {
        var work = new List<(string Name, Func<long> Run)> { ("reference", Blocks) };
        foreach (var kernel in kernels)
        {
            var hasher = new SubTreeHasher(kernel);
            work.Add(($"{kernel.Name}/nodes", () => Nodes(kernel)));
            work.Add(($"{kernel.Name}/commp", () => CommP(hasher)));
            work.Add(($"{kernel.Name}/leaves", () => Messages(kernel, chunks)));
            work.Add(($"{kernel.Name}/small", () => Messages(kernel, small)));
            work.Add(($"{kernel.Name}/leaves+commp", () => Messages(kernel, chunks, CommP(hasher))));
        }

        double[] best = new double[work.Count];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < work.Count; i++)
            {
                cancel.ThrowIfCancellationRequested();
                long start = Stopwatch.GetTimestamp();
                long bytes = work[i].Run();
                best[i] = Math.Max(best[i], bytes / Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        Reference = best[0];
        return [.. work.Select((w, i) => new BenchResult(w.Name, best[i], best[i] / Reference))];
    }

    // The leaves of a slab, and small files of 0 to 100 KB
    private readonly Message[] chunks = [.. Enumerable.Range(0, Leaves).Select(i => new Message(i * LeafLength, LeafLength))];
    private readonly Message[] small = SmallMessages();

    private static Message[] SmallMessages()
    {
        var random = new Random(1);
        var messages = new List<Message>();
        for (int at = 0, length; at + (length = random.Next(100_000)) <= Leaves * LeafLength; at += length)
            messages.Add(new Message(at, length));
        return [.. messages];
    }

    private long Blocks()
    {
        const int Block = 16 << 10;
        for (int at = 0; at < data.Length; at += Block)
            _ = SHA256.HashData(data.AsSpan(at, Block), digests);
        return data.Length;
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
        hasher.HashSegments(data.AsSpan(0, 4 * SubTreeHasher.SegmentRaw), digests);
        hasher.HashSegments(data.AsSpan(4 * SubTreeHasher.SegmentRaw), digests);
        return data.Length;
    }

    private long Messages(Sha256Kernel kernel, Message[] messages, long other = 0)
    {
        kernel.HashMessages(data, messages, digests);
        return other > 0 ? other : messages.Sum(message => (long)message.Length);
    }
}
