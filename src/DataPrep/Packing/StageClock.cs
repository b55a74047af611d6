using System.Diagnostics;

namespace DataPrep.Packing;

/// <summary>What a worker's time goes into.</summary>
internal enum Stage
{
    Read,
    LeafHash,
    CommP,
    Write,

    /// <summary>For another worker, or for the disk to take what was written.</summary>
    Wait,
}

/// <summary>
/// Adds up a worker's time by stage. Entering a stage costs one reading of the clock, some 25 ns, and happens a few times
/// for every megabyte.
/// </summary>
internal sealed class StageClock
{
    public const int Stages = (int)Stage.Wait + 1;
    private readonly long[] ticks = new long[Stages];
    private Stage current = Stage.Wait;
    private long since = Stopwatch.GetTimestamp();

    public TimeSpan this[Stage stage] => Stopwatch.GetElapsedTime(0, ticks[(int)stage]);

    /// <summary>Ends the stage at hand and begins another.</summary>
    public void Enter(Stage stage)
    {
        long now = Stopwatch.GetTimestamp();
        ticks[(int)current] += now - since;
        (current, since) = (stage, now);
    }

    /// <summary>Adds another worker's times, whose stage at hand has ended.</summary>
    public void Add(StageClock other)
    {
        for (int i = 0; i < Stages; i++)
            ticks[i] += other.ticks[i];
    }
}
