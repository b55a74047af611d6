using DataPrep.Source;

namespace DataPrep.Records;

/// <summary>What was taken of the sources, in the syntax of gitignore; bytes of patterns that are not UTF-8 stand as U+FFFD. Equal where all that it says is.</summary>
public sealed record SelectionRecord
{
    /// <summary>Patterns to include, in their order; where there is any, only what they match was taken.</summary>
    public required IReadOnlyList<string> Include { get; init; }

    /// <summary>Patterns to exclude, in their order, those of files among them.</summary>
    public required IReadOnlyList<string> Exclude { get; init; }

    /// <summary>SHA-256 in hex of the list of paths that were taken, sorted part by part and each followed by a NUL; null where there was none.</summary>
    public required string? FilesFrom { get; init; }

    /// <summary>Whether folders of other file systems than their source's were taken as empty ones.</summary>
    public required bool OneFileSystem { get; init; }

    public bool Equals(SelectionRecord? other) =>
        other is not null && FilesFrom == other.FilesFrom && OneFileSystem == other.OneFileSystem
        && Include.SequenceEqual(other.Include) && Exclude.SequenceEqual(other.Exclude);

    public override int GetHashCode() => HashCode.Combine(FilesFrom, OneFileSystem, Include.Count, Exclude.Count);

    internal static SelectionRecord? Of(Selection? selection) => selection is null ? null : new SelectionRecord
    {
        Include = Texts(selection.Include),
        Exclude = Texts(selection.Exclude),
        FilesFrom = selection.Named?.Digest,
        OneFileSystem = selection.OneFileSystem,
    };

    /// <summary>The selection, to be made again; null where the record does not say enough.</summary>
    internal Selection? Again() =>
        FilesFrom is not null || Include.Concat(Exclude).Any(text => text.Contains('\uFFFD', StringComparison.Ordinal))
            ? null
            : new Selection(Patterns(Include), Patterns(Exclude), oneFileSystem: OneFileSystem);

    private static IgnorePattern[] Patterns(IReadOnlyList<string> texts) => [.. texts.Select(text => new IgnorePattern(PathText.FromArgument(text)))];

    private static string[] Texts(IgnoreRules rules) => [.. rules.Patterns.Select(pattern => PathText.Show(pattern.Text.Span))];
}
