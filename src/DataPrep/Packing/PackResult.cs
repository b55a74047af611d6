using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>What packing has made.</summary>
public sealed record PackResult
{
    internal PackResult(DatasetRecord dataset, IReadOnlyList<PieceRecord> pieces, IReadOnlyList<SkippedInput> skipped, bool alreadyDone, TimeSpan elapsed, StageClock times, DatasetTotals kept)
    {
        (Dataset, Pieces, SkippedInputs, AlreadyDone) = (dataset, pieces, skipped, alreadyDone);
        (Elapsed, Times, Kept) = (elapsed, times, kept);
    }

    /// <summary>What stands in <c>dataset.json</c>.</summary>
    public DatasetRecord Dataset { get; }

    /// <summary>What stands in <c>pieces.jsonl</c>: the data pieces, then those of the dataset DAG.</summary>
    public IReadOnlyList<PieceRecord> Pieces { get; }

    /// <summary>What was left out, as in <c>skipped.jsonl</c>.</summary>
    public IReadOnlyList<SkippedRecord> Skipped => [.. DatasetWriter.SkippedInputs(SkippedInputs)];

    /// <summary>Whether the folder held this very dataset, complete, so that nothing was written.</summary>
    public bool AlreadyDone { get; }

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed { get; internal init; }

    internal IReadOnlyList<SkippedInput> SkippedInputs { get; }

    /// <summary>What the workers' time went into.</summary>
    internal StageClock Times { get; }

    /// <summary>What is in pieces of an earlier version.</summary>
    internal DatasetTotals Kept { get; }
}
