using System.Text.Json;

namespace DataPrep.Cli.Bench;

/// <summary>What one measurement gave.</summary>
/// <param name="Name">What was measured, as <c>shani/commp</c>.</param>
/// <param name="BytesPerSecond">Of raw bytes; of nodes 64 bytes each.</param>
/// <param name="RatioToReference">The same over the reference, as it was in those seconds.</param>
internal sealed record BenchResult(string Name, double BytesPerSecond, double RatioToReference)
{
    public int Threads { get; init; } = 1;

    /// <summary>The slowest and the fastest of the repeats, bytes a second.</summary>
    public double Least { get; init; }

    /// <inheritdoc cref="Least"/>
    public double Most { get; init; }

    public int Repeats { get; init; }

    /// <summary>Files a second, where files were counted.</summary>
    public double? FilesPerSecond { get; init; }

    /// <summary>Single reads a second, where these were counted.</summary>
    public double? ReadsPerSecond { get; init; }

    /// <summary>The rate over that of one thread and the number of threads, where it was measured with several numbers of them.</summary>
    public double? Efficiency { get; init; }

    /// <summary>How it was measured, where that is not the same everywhere.</summary>
    public string? Note { get; init; }

    /// <summary>How far apart the repeats are, as a share of the rate.</summary>
    public double Spread => BytesPerSecond > 0 ? (Most - Least) / BytesPerSecond : 0;

    /// <summary>Writes the properties of a result, without the braces.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteString("name", Name);
        writer.WriteNumber("bytesPerSecond", (long)BytesPerSecond);
        writer.WriteNumber("threads", Threads);
        writer.WriteNumber("ratioToReference", Math.Round(RatioToReference, 4));
        writer.WriteNumber("leastBytesPerSecond", (long)Least);
        writer.WriteNumber("mostBytesPerSecond", (long)Most);
        writer.WriteNumber("repeats", Repeats);
        if (FilesPerSecond is { } files)
            writer.WriteNumber("filesPerSecond", Math.Round(files, 1));
        if (ReadsPerSecond is { } reads)
            writer.WriteNumber("readsPerSecond", Math.Round(reads, 1));
        if (Efficiency is { } efficiency)
            writer.WriteNumber("efficiency", Math.Round(efficiency, 3));
        if (Note is not null)
            writer.WriteString("note", Note);
    }
}
