using System.Diagnostics;
using System.Text.Json;

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
    private long read;
    private Stage current = Stage.Wait;
    private long since = Stopwatch.GetTimestamp();

    public TimeSpan this[Stage stage] => Stopwatch.GetElapsedTime(0, ticks[(int)stage]);

    /// <summary>Content bytes that were read of the source meanwhile.</summary>
    public long BytesRead => read;

    /// <summary>Time in all stages.</summary>
    public TimeSpan Total => Stopwatch.GetElapsedTime(0, ticks.Sum());

    /// <summary>The stage that took most, both kinds of hashing together: what to have more of to be faster.</summary>
    public string Bottleneck
    {
        get
        {
            (string Name, long Ticks)[] parts =
            [
                ("hashing", ticks[(int)Stage.LeafHash] + ticks[(int)Stage.CommP]),
                ("reading", ticks[(int)Stage.Read]), ("writing", ticks[(int)Stage.Write]), ("waiting", ticks[(int)Stage.Wait]),
            ];
            return parts.MaxBy(part => part.Ticks).Name;
        }
    }

    /// <summary>Ends the stage at hand and begins another.</summary>
    public void Enter(Stage stage)
    {
        long now = Stopwatch.GetTimestamp();
        ticks[(int)current] += now - since;
        (current, since) = (stage, now);
    }

    /// <summary>Notes content bytes that were read.</summary>
    public void Read(long bytes) => read += bytes;

    /// <summary>Adds what another worker's clock has, but for the stage at hand.</summary>
    public void Add(StageClock other)
    {
        for (int i = 0; i < Stages; i++)
            ticks[i] += Volatile.Read(ref other.ticks[i]);
        read += Volatile.Read(ref other.read);
    }

    /// <summary>Writes a property with the seconds of each stage.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("stages");
        foreach (var stage in Enum.GetValues<Stage>())
            writer.WriteNumber(JsonNamingPolicy.CamelCase.ConvertName(stage.ToString()), Math.Round(this[stage].TotalSeconds, 3));
        writer.WriteEndObject();
    }
}
