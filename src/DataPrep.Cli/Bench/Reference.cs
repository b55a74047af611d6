using System.Diagnostics;
using System.Security.Cryptography;

namespace DataPrep.Cli.Bench;

/// <summary>
/// The measure that all others stand beside: .NET's SHA-256 of one stream of 16 KiB blocks, one thread. It is taken again and again between
/// the other measurements, so that ratios to it carry over to other machines, and a machine whose speed drifts is seen to do so.
/// </summary>
internal sealed class Reference
{
    private const int Block = 16 << 10;
    private const int Length = 16 << 20;
    private readonly byte[] data = TestData.Make(4 << 20);
    private readonly byte[] digest = new byte[32];
    private readonly List<double> samples = [];
    private long last;

    /// <summary>Samples taken so far.</summary>
    public int Count => samples.Count;

    /// <summary>All of them: the median, and how far apart the tenth from the slow and from the fast end are.</summary>
    public BenchResult Result
    {
        get
        {
            double[] sorted = [.. samples.Order()];
            int tenth = sorted.Length / 10;
            return new BenchResult("reference", Median(sorted), 1) { Least = sorted[tenth], Most = sorted[^(tenth + 1)], Repeats = sorted.Length };
        }
    }

    /// <summary>The median of the samples from one on.</summary>
    public double From(int first) => Median([.. samples.Skip(first).Order()]);

    /// <summary>The fastest of the samples from one on.</summary>
    public double BestFrom(int first) => samples.Skip(first).Max();

    /// <summary>Takes a sample, unless that was just done.</summary>
    public void Sample()
    {
        if (samples.Count > 0 && Stopwatch.GetElapsedTime(last) < TimeSpan.FromMilliseconds(100))
            return;
        if (samples.Count == 0)
            _ = Hash();
        samples.Add(Hash());
        last = Stopwatch.GetTimestamp();
    }

    public static double Median(IReadOnlyList<double> sorted) => (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    private double Hash()
    {
        long start = Stopwatch.GetTimestamp();
        for (int done = 0; done < Length; done += Block)
            _ = SHA256.HashData(data.AsSpan(done % data.Length, Block), digest);
        return Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
