using DataPrep.Source;

namespace DataPrep.Planning;

/// <summary>Follows the folders of a tree whose entries come one after the other, and finds what is no tree.</summary>
internal sealed class TreeNesting(int count)
{
    private readonly Stack<OpenFolder> open = new();

    /// <summary>The folder that the next entry is in; -1 for the root.</summary>
    public int Folder => open.TryPeek(out var folder) ? folder.Entry : -1;

    /// <summary>Takes off a folder that ends before an entry, one at a time, the innermost first.</summary>
    public bool TakeEnded(int before, out int folder)
    {
        bool ended = open.TryPeek(out var innermost) && innermost.End == before;
        folder = innermost?.Entry ?? 0;
        if (ended)
            _ = open.Pop();
        return ended;
    }

    /// <summary>Takes the next entry in; says what is wrong with it, or null.</summary>
    /// <param name="end">The entry after the last one below it.</param>
    /// <param name="anchor">Its absolute path, where it has one of its own.</param>
    public string? Enter(int entry, EntryKind kind, int end, byte[]? anchor)
    {
        bool isInside = open.TryPeek(out var folder);
        if (isInside != entry > 0)
            return "an entry is outside the root folder";
        if (end <= entry || end > (folder?.End ?? count) || (entry == 0 && end != count))
            return $"what is below entry {entry} does not end with its folder";
        if (kind != EntryKind.Directory && end != entry + 1)
            return "what is no folder has something below it";
        if (anchor is { Length: 0 })
            return "an absolute path is empty";
        bool hasPlace = anchor is not null || folder is { HasPlace: true };
        if (!hasPlace && kind is EntryKind.File or EntryKind.Symlink)
            return "neither an entry nor a folder above it has an absolute path";
        if (end > entry + 1)
            open.Push(new OpenFolder(entry, end, hasPlace));
        return null;
    }

    private sealed record OpenFolder(int Entry, int End, bool HasPlace);
}
