namespace DataPrep.Comparison;

/// <summary>What is different between two lists, of one entry.</summary>
internal enum DifferenceKind
{
    Added,
    Removed,

    /// <summary>Of other content; of a tree whose files were not read: of another size or time of modification.</summary>
    Changed,

    /// <summary>Removed there and added here, with the same content.</summary>
    Moved,

    /// <summary>A file, folder or symlink that was something else.</summary>
    TypeChanged,

    /// <summary>Of another mode or time of modification, and else the same.</summary>
    Metadata,
}

/// <param name="Before">The entry of A; null where it was added.</param>
/// <param name="After">The entry of B; null where it was removed.</param>
internal readonly record struct Difference(DifferenceKind Kind, ListedEntry? Before, ListedEntry? After);

/// <summary>How many there are.</summary>
internal sealed record DifferenceCounts
{
    private readonly long[] counts = new long[Enum.GetValues<DifferenceKind>().Length];

    /// <summary>Entries that are the same, or differ by mode and time alone.</summary>
    public long Same { get; set; }

    /// <summary>Content bytes of files that were added.</summary>
    public long BytesAdded { get; set; }

    /// <summary>Content bytes of files that were removed.</summary>
    public long BytesRemoved { get; set; }

    /// <summary>Files of which is not known whether they are the same.</summary>
    public long Unreadable { get; set; }

    public long this[DifferenceKind kind] => counts[(int)kind];

    public bool AreEqual => counts.Sum() == 0;

    public void Add(in Difference difference)
    {
        counts[(int)difference.Kind]++;
        BytesAdded += difference is { Kind: DifferenceKind.Added, After: { Type: "file" } added } ? added.Size : 0;
        BytesRemoved += difference is { Kind: DifferenceKind.Removed, Before: { Type: "file" } removed } ? removed.Size : 0;
    }
}
