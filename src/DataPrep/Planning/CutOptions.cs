namespace DataPrep.Planning;

/// <summary>How a dataset is cut into pieces.</summary>
internal sealed record CutOptions
{
    /// <summary>Most bytes of a piece's CAR; above 2^55, far beyond any sector, it counts as that.</summary>
    public required long Capacity { get; init; }

    /// <summary>Whether a file that fits whole in a piece of its own is never cut.</summary>
    public bool KeepFilesWhole { get; init; }

    /// <summary>Most bytes of a CAR of a file alone that is not cut; however small balanced pieces become.</summary>
    public long LargestWhole => KeepFilesWhole ? Capacity : 0;

    /// <summary>Whether the pieces are made about equally large, instead of all but the last as full as can be.</summary>
    public bool Balance { get; init; }
}
