namespace DataPrep.Source;

/// <summary>What of a tree is taken. By default everything.</summary>
internal sealed record ScanOptions(bool Hidden = true, bool EmptyDirectories = true, bool Symlinks = true, bool Wrap = false, Selection? Selection = null);

/// <summary>
/// Walks local files and folders into a <see cref="SourceTree"/>. Symlinks are entries and never followed;
/// sockets, FIFOs and devices, and what cannot be read, are noted as skipped.
/// </summary>
internal sealed class LocalScanner
{
    private const int MostThreads = 16;
    private readonly SourceTree tree = new();
    private readonly ScanOptions options;
    private readonly ScanAhead ahead;
    private readonly Action<int>? progress;
    private readonly CancellationToken cancel;

    private LocalScanner(ScanOptions options, ScanAhead ahead, Action<int>? progress, CancellationToken cancel) =>
        (this.options, this.ahead, this.progress, this.cancel) = (options, ahead, progress, cancel);

    private sealed record Root(byte[] Name, byte[] Path, byte[] Target, FileStamp Stamp, EntryKind Kind);

    /// <summary>One folder becomes the root, one file is the root itself (unless wrapped), several sources stand in one root folder under their base names.</summary>
    /// <param name="progress">Called now and then with the number of entries found.</param>
    /// <param name="threads">How many read folders; has no influence on the tree.</param>
    /// <exception cref="SourceException">A source does not exist, cannot be read, or two have the same base name.</exception>
    public static SourceTree Scan(IReadOnlyList<string> sources, ScanOptions options, CancellationToken cancel, Action<int>? progress = null, int threads = 1)
    {
        using var ahead = new ScanAhead(options, Math.Min(threads, MostThreads));
        return new LocalScanner(options, ahead, progress, cancel).Run(sources);
    }

    private SourceTree Run(IReadOnlyList<string> sources)
    {
        var roots = new List<Root>();
        foreach (string source in sources)
            roots.Add(OpenSource(source));

        if (options.Selection?.Named is not null && roots is not [{ Kind: EntryKind.Directory }])
            throw new SourceException("a list of paths to take needs a folder as source, in which they begin; this is none", roots[0].Path) { IsUsage = true };
        if (roots is [var only] && (only.Kind == EntryKind.Directory || !options.Wrap))
        {
            AddRoot(-1, only);
            return tree;
        }

        roots.Sort((a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        for (int i = 1; i < roots.Count; i++)
        {
            if (roots[i].Name.AsSpan().SequenceEqual(roots[i - 1].Name))
                throw new SourceException($"two sources have the name '{PathText.Quote(roots[i].Name)}'; the names in the root folder must differ", roots[i].Path) { IsUsage = true };
        }

        int root = tree.Add(EntryKind.Directory, [], [], default, -1);
        foreach (var child in roots)
            AddRoot(root, child);
        tree.Close(root);
        return tree;
    }

    private static Root OpenSource(string source)
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
            if (FolderReader.KindOf(stamp, out var reason, out string detail) is not { } kind)
                throw new SourceException($"cannot pack a {reason}: {detail}", path);
            Span<byte> target = new byte[kind == EntryKind.Symlink ? 4096 : 0];
            int length = kind == EntryKind.Symlink ? Posix.ReadLink(folder, "\0"u8, target, out error) : 0;
            if (length < 0)
                throw new SourceException($"cannot read symlink: {Posix.Describe(error)}", path);
            if (kind == EntryKind.File)
            {
                int fd = Posix.Open(path, Posix.O_RDONLY | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out error);
                if (fd < 0)
                    throw new SourceException($"cannot read source: {Posix.Describe(error)}", path);
                Posix.Close(fd);
            }

            return new Root(name.ToArray(), path, target[..length].ToArray(), stamp, kind);
        }
        finally
        {
            Posix.Close(folder);
        }
    }

    private void AddRoot(int parent, Root root)
    {
        int index = tree.Add(root.Kind, root.Name, root.Target, root.Stamp, parent, root.Path);
        if (root.Kind == EntryKind.Directory)
            Walk(index, new ScanFolder(root.Path, root.Stamp.Device, options.Selection?.Root ?? default));
    }

    /// <summary>Depth first without recursion, so that depth is bounded by memory alone.</summary>
    private void Walk(int root, ScanFolder source)
    {
        var pending = new Stack<Level>();
        ahead.Add(source);
        pending.Push(new Level(source, root));
        while (pending.TryPeek(out var level))
        {
            cancel.ThrowIfCancellationRequested();
            if (level.Batch is null)
            {
                if (!TakeUp(level, level.Folder.First))
                {
                    if (level.Index == root)
                        throw new SourceException($"cannot read source: {Unreadable(source.Error)}", tree.Location(root));
                    tree.DropLast();
                    _ = pending.Pop();
                }
            }
            else if (level.Next < level.Batch.Entries.Count)
            {
                if (AddNext(level) is { } below)
                    pending.Push(below);
            }
            else
            {
                level.Batch.Release();
                if (level.NextBatch is { } batch)
                {
                    _ = TakeUp(level, batch);
                    continue;
                }

                level.Folder.Release();
                tree.Close(level.Index);
                bool isEmpty = tree.Count == level.Index + 1;
                if (isEmpty && level.Index != root && (!options.EmptyDirectories || level.Folder.Scope.IsPartial))
                    tree.DropLast();
                _ = pending.Pop();
            }
        }
    }

    /// <summary>Goes on with a batch of a folder, and notes what is skipped in it; false where the folder cannot be read, which is then noted.</summary>
    private bool TakeUp(Level level, ScanBatch batch)
    {
        ahead.Await(batch);
        level.Begin(batch);
        if (level.Folder.Error is not 0 and var error)
        {
            Skip(tree.DatasetPath(level.Index), level.Folder.Scope.Named, error == Posix.ENOENT ? "vanished" : "unreadable", Unreadable(error));
            return false;
        }

        foreach (var (index, reason, detail) in batch.Skipped)
        {
            var name = level.Folder.Name(index);
            var named = options.Selection?.NamedBelow(level.Folder.Scope, name) ?? default;
            Skip(PathText.Join(tree.DatasetPath(level.Index), name), named, reason, detail);
        }

        progress?.Invoke(tree.Count + batch.Entries.Count);
        return true;
    }

    private static string Unreadable(int error) => $"cannot read folder: {Posix.Describe(error)}";

    /// <summary>Notes what is not taken; of a folder that nobody named, what is named below it.</summary>
    private void Skip(byte[] path, NamedRange named, string reason, string detail)
    {
        if (named.IsEverything)
            tree.Skip(path, reason, detail);
        for (int i = named.Begin; i < named.End; i++)
        {
            var below = options.Selection!.Named![i];
            if (options.Selection.TakesNamed(below))
                tree.Skip(below.ToArray(), reason, detail);
        }
    }

    /// <summary>Adds the next entry of a folder; where that is a folder itself, it is next to be walked.</summary>
    private Level? AddNext(Level level)
    {
        var batch = level.Batch!;
        ref readonly var entry = ref batch.Entries.Items[level.Next++];
        var target = batch.Targets.Items.Slice(level.TargetsUsed, entry.TargetLength);
        level.TargetsUsed += entry.TargetLength;
        int index = tree.Add(entry.Kind, level.Folder.Name(entry.Name), target, entry.Stamp, level.Index);
        return entry.Kind == EntryKind.Directory ? new Level(batch.Folders[level.FoldersUsed++], index) : null;
    }

    /// <summary>How far the walk has come in a folder.</summary>
    private sealed class Level(ScanFolder folder, int index)
    {
        private int batches;

        public ScanFolder Folder => folder;

        /// <summary>The folder's place in the tree.</summary>
        public int Index => index;

        public ScanBatch? Batch { get; private set; }

        public ScanBatch? NextBatch => batches <= folder.Rest.Length ? folder.Rest[batches - 1] : null;

        /// <summary>The next entry of the batch.</summary>
        public int Next { get; set; }

        public int FoldersUsed { get; set; }

        public int TargetsUsed { get; set; }

        public void Begin(ScanBatch batch)
        {
            Batch = batch;
            (Next, FoldersUsed, TargetsUsed) = (0, 0, 0);
            batches++;
        }
    }
}
