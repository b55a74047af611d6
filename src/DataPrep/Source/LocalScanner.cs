namespace DataPrep.Source;

/// <summary>What of a tree is taken. By default everything.</summary>
internal sealed record ScanOptions(bool Hidden = true, bool EmptyDirectories = true, bool Symlinks = true, bool Wrap = false);

/// <summary>
/// Walks local files and folders into a <see cref="SourceTree"/>. Symlinks are entries and never followed;
/// sockets, FIFOs and devices, and what cannot be read, are noted as skipped.
/// </summary>
internal sealed class LocalScanner(ScanOptions options, CancellationToken cancel)
{
    private readonly SourceTree tree = new();
    private readonly NamePool names = new();
    private readonly byte[] target = new byte[4096];

    private readonly record struct Found(NameRef Name, NameRef Target, FileStamp Stamp, EntryKind Kind);

    /// <summary>Called now and then with the number of entries found.</summary>
    public Action<int>? Progress { get; init; }

    /// <summary>One folder becomes the root, one file is the root itself (unless wrapped), several sources stand in one root folder under their base names.</summary>
    /// <exception cref="SourceException">A source does not exist, cannot be read, or two have the same base name.</exception>
    public static SourceTree Scan(IReadOnlyList<string> sources, ScanOptions options, CancellationToken cancel, Action<int>? progress = null) =>
        new LocalScanner(options, cancel) { Progress = progress }.Run(sources);

    private SourceTree Run(IReadOnlyList<string> sources)
    {
        var roots = new List<(byte[] Name, byte[] Path, Found Entry)>();
        foreach (string source in sources)
            roots.Add(OpenSource(source));

        if (roots is [var (name, path, only)] && (only.Kind == EntryKind.Directory || !options.Wrap))
        {
            AddRoot(-1, name, path, only);
            return tree;
        }

        roots.Sort((a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        for (int i = 1; i < roots.Count; i++)
        {
            if (roots[i].Name.AsSpan().SequenceEqual(roots[i - 1].Name))
                throw new SourceException($"two sources have the name '{PathText.Quote(roots[i].Name)}'; the names in the root folder must differ", roots[i].Path) { IsUsage = true };
        }

        int root = tree.Add(EntryKind.Directory, [], [], default, -1);
        foreach (var (childName, childPath, child) in roots)
            AddRoot(root, childName, childPath, child);
        tree.Close(root);
        return tree;
    }

    private (byte[] Name, byte[] Path, Found Entry) OpenSource(string source)
    {
        if (source.Length == 0)
            throw new SourceException("a source has no name", "''"u8.ToArray()) { IsUsage = true };
        byte[] path = PathText.FromArgument(Path.IsPathRooted(source) ? source : Path.Join(Environment.CurrentDirectory, source));
        int error = Posix.StatPath(path, out var stamp);
        if (error != 0)
            throw new SourceException($"cannot read source: {Posix.Describe(error)}", path);

        // "." and ".." have no name of their own
        var name = PathText.BaseName(path);
        if (name.Length == 0 || name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
            name = PathText.BaseName(Posix.RealPath(path, out _) ?? "/"u8.ToArray());
        if (name.Length == 0)
            name = "root"u8;

        int folder = Posix.Open(path, Posix.O_PATH | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out error);
        if (folder < 0)
            throw new SourceException($"cannot read source: {Posix.Describe(error)}", path);
        try
        {
            var entry = Classify(folder, [], names.Add(name), stamp, out var reason, out string detail);
            if (entry is null)
                throw new SourceException($"cannot pack a {reason}: {detail}", path);
            if (entry.Value.Kind == EntryKind.File)
            {
                int fd = Posix.Open(path, Posix.O_RDONLY | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out error);
                if (fd < 0)
                    throw new SourceException($"cannot read source: {Posix.Describe(error)}", path);
                Posix.Close(fd);
            }

            return (name.ToArray(), path, entry.Value);
        }
        finally
        {
            Posix.Close(folder);
        }
    }

    private void AddRoot(int parent, byte[] name, byte[] path, in Found entry)
    {
        int index = tree.Add(entry.Kind, name, names[entry.Target], entry.Stamp, parent, path);
        if (entry.Kind == EntryKind.Directory)
            Walk(index);
    }

    /// <summary>Depth first without recursion, so that depth is bounded by memory alone.</summary>
    private void Walk(int root)
    {
        var pending = new Stack<(int Folder, List<Found> Children, int Next)>();
        var first = ReadFolder(root);
        if (first is null)
            throw new SourceException($"cannot read source: {tree.Skipped[^1].Detail}", tree.Location(root));
        pending.Push((root, first, 0));
        while (pending.TryPop(out var level))
        {
            cancel.ThrowIfCancellationRequested();
            if (level.Next == level.Children.Count)
            {
                tree.Close(level.Folder);
                if (!options.EmptyDirectories && level.Folder != root && tree.Count == level.Folder + 1)
                    tree.DropLast();
                continue;
            }

            var child = level.Children[level.Next];
            pending.Push(level with { Next = level.Next + 1 });
            int index = tree.Add(child.Kind, names[child.Name], names[child.Target], child.Stamp, level.Folder);
            if (child.Kind != EntryKind.Directory)
                continue;
            if (ReadFolder(index) is { } children)
                pending.Push((index, children, 0));
            else
                tree.DropLast();
        }
    }

    /// <summary>The taken entries of a folder, sorted; null where it cannot be read, which is then noted.</summary>
    private List<Found>? ReadFolder(int index)
    {
        byte[] location = tree.Location(index);
        int folder = Posix.Open(location, Posix.O_RDONLY | Posix.O_DIRECTORY | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out int error);
        if (folder < 0)
            return Lost(error);

        var found = new List<Found>();
        error = Posix.List(folder, name =>
        {
            if (!options.Hidden && name[0] == '.')
                return;
            if (Visit(folder, name, index) is { } entry)
                found.Add(entry);
        });
        if (error != 0)
            return Lost(error);
        found.Sort((a, b) => names[a.Name].SequenceCompareTo(names[b.Name]));
        Progress?.Invoke(tree.Count + found.Count);
        return found;

        List<Found>? Lost(int error)
        {
            tree.Skip(tree.DatasetPath(index), error == Posix.ENOENT ? "vanished" : "unreadable", $"cannot read folder: {Posix.Describe(error)}");
            return null;
        }
    }

    private Found? Visit(int folder, ReadOnlySpan<byte> name, int parent)
    {
        int error = Posix.StatAt(folder, name, out var stamp);
        string reason = error == Posix.ENOENT ? "vanished" : "unreadable";
        string detail = error == 0 ? "" : Posix.Describe(error);
        if (error == 0 && Classify(folder, name, names.Add(name), stamp, out reason, out detail) is { } entry)
        {
            if (entry.Kind == EntryKind.Symlink && !options.Symlinks)
                return null;
            if (entry.Kind != EntryKind.File || Posix.IsReadable(folder, name))
                return entry;
            (reason, detail) = ("unreadable", Posix.Describe(Posix.EACCES));
        }

        byte[] path = tree.DatasetPath(parent);
        tree.Skip(path.Length == 0 ? name.ToArray() : PathText.Join(path, name), reason, detail);
        return null;
    }

    private Found? Classify(int folder, ReadOnlySpan<byte> name, NameRef kept, in FileStamp stamp, out string reason, out string detail)
    {
        (reason, detail) = ("", "");
        switch (stamp.Type)
        {
            case Posix.S_IFREG:
                return new Found(kept, default, stamp, EntryKind.File);
            case Posix.S_IFDIR:
                return new Found(kept, default, stamp, EntryKind.Directory);
            case Posix.S_IFLNK:
                int length = Posix.ReadLink(folder, name, target, out int error);
                if (length >= 0)
                    return new Found(kept, names.Add(target.AsSpan(0, length)), stamp, EntryKind.Symlink);
                (reason, detail) = ("unreadable", $"cannot read symlink: {Posix.Describe(error)}");
                return null;
            case Posix.S_IFSOCK:
                (reason, detail) = ("socket", "a socket has no content to archive");
                return null;
            case Posix.S_IFIFO:
                (reason, detail) = ("fifo", "a named pipe has no content to archive");
                return null;
            default:
                (reason, detail) = ("device", "a device has no content of its own to archive");
                return null;
        }
    }
}
