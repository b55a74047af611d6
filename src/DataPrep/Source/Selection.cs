namespace DataPrep.Source;

/// <summary>What of a folder is taken; by default everything.</summary>
/// <param name="OnlyMatches">Only what a pattern to include matches: none has matched the folder or one above it.</param>
internal readonly record struct FolderScope(bool OnlyMatches, NamedRange Named)
{
    /// <summary>Whether the folder is taken only for what is selected below it.</summary>
    public bool IsPartial => OnlyMatches || !Named.IsEverything;
}

/// <summary>
/// What was asked for of the sources, by patterns and by a list. It is asked while folders are read, so that what is
/// not taken is neither opened nor waited for. Patterns are held against paths relative to a source folder.
/// Safe for several threads.
/// </summary>
internal sealed class Selection(IReadOnlyList<IgnorePattern> include, IReadOnlyList<IgnorePattern> exclude, NamedPaths? named = null, bool oneFileSystem = false)
{
    /// <summary>A selection by patterns, all else as in another one.</summary>
    public static Selection Of(IReadOnlyList<IgnorePattern> include, IReadOnlyList<IgnorePattern> exclude, Selection? other) =>
        new(include, exclude, other?.Named, other?.OneFileSystem ?? false);

    /// <summary>The patterns of rules as they were written.</summary>
    public static string[] Texts(IgnoreRules? rules) => [.. (rules?.Patterns ?? []).Select(pattern => PathText.Show(pattern.Text.Span))];

    /// <summary>Where there is any, only what matches one of them is taken.</summary>
    public IgnoreRules Include { get; } = new(include);

    /// <summary>What they match is not taken in any case.</summary>
    public IgnoreRules Exclude { get; } = new(exclude);

    /// <summary>Where there is a list, only what it names is taken.</summary>
    public NamedPaths? Named => named;

    /// <summary>Whether folders of other file systems than their source's are taken as empty ones.</summary>
    public bool OneFileSystem => oneFileSystem;

    public FolderScope Root => new(Include.Patterns.Count > 0, named?.Root ?? default);

    /// <summary>What a list names of an entry of a folder; of anything where there is no list.</summary>
    public NamedRange NamedBelow(in FolderScope folder, ReadOnlySpan<byte> name) =>
        folder.Named.IsEverything ? default : named!.Below(folder.Named, name);

    /// <summary>Whether an entry of a folder is taken, or is a folder in which something could be.</summary>
    /// <param name="path">Relative to the source, and a slash, of which a name takes no notice.</param>
    /// <param name="name">Where in the path the last part begins.</param>
    /// <param name="below">What is taken of it, if it is a folder.</param>
    public bool Takes(in FolderScope folder, ReadOnlySpan<byte> path, int name, bool isFolder, out FolderScope below)
    {
        var entry = path[..^1];
        below = new FolderScope(folder.OnlyMatches, NamedBelow(folder, entry[name..]));
        isFolder |= !below.Named.IsEverything; // whoever named something below it means a folder, even where there is none
        if (Exclude.Match(entry, name, isFolder))
            return false;
        if (below.OnlyMatches && Include.Match(entry, name, isFolder))
            below = below with { OnlyMatches = false };
        return !below.OnlyMatches || (isFolder && Include.MayMatchBelow(path));
    }

    /// <summary>Whether a path of the list would be taken if it were there.</summary>
    public bool TakesNamed(ReadOnlySpan<byte> path)
    {
        byte[] withSlash = [.. path, (byte)'/'];
        var scope = Root;
        int name = 0;
        for (int slash = 0; slash < withSlash.Length; slash++)
        {
            if (withSlash[slash] != '/')
                continue;
            if (!Takes(scope, withSlash.AsSpan(0, slash + 1), name, slash < path.Length, out scope))
                return false;
            name = slash + 1;
        }

        return true;
    }
}
