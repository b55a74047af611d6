namespace DataPrep.Source;

/// <summary>Reads batches of folders from the file system. Owned by one thread.</summary>
internal sealed class FolderReader(ScanOptions options)
{
    private readonly byte[] entries = new byte[64 << 10];
    private readonly byte[] target = new byte[4096];
    private byte[] path = new byte[4096];

    // Where there is a selection: the folder's path relative to its source and a slash, behind which a name is put.
    private byte[] inSource = new byte[4096];
    private int inSourceLength;

    /// <summary>Reads the state of a batch's entries, and before the first batch the names of its folder.</summary>
    public void Read(ScanBatch batch)
    {
        var folder = batch.Folder;
        if (folder.IsClosed)
            return;
        var location = folder.Path(ref path);
        if (options.Selection is not null)
            SetFolderInSource(folder.PathInSource(location));
        int fd = Posix.Open(location, Posix.O_RDONLY | Posix.O_DIRECTORY | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out int error);
        try
        {
            if (batch == folder.First)
            {
                folder.Error = error != 0 ? error : folder.Scope.Named.IsEverything ? List(fd, folder) : ListNamed(folder);
                if (folder.Error != 0)
                    return;
            }

            batch.Entries.Reserve(batch.End - batch.Begin);
            for (int i = batch.Begin; i < batch.End; i++)
            {
                if (!folder.IsRepeated(i))
                    Visit(fd, error, batch, i);
            }
        }
        finally
        {
            if (fd >= 0)
                Posix.Close(fd);
        }
    }

    /// <summary>What an entry is by its state, or null with the reason why it is none to be taken.</summary>
    public static EntryKind? KindOf(in FileStamp stamp, out string reason, out string detail)
    {
        (reason, detail) = stamp.Type switch
        {
            Posix.S_IFREG or Posix.S_IFDIR or Posix.S_IFLNK => ("", ""),
            Posix.S_IFSOCK => ("socket", "a socket has no content to archive"),
            Posix.S_IFIFO => ("fifo", "a named pipe has no content to archive"),
            _ => ("device", "a device has no content of its own to archive"),
        };
        return stamp.Type switch
        {
            Posix.S_IFREG => EntryKind.File,
            Posix.S_IFDIR => EntryKind.Directory,
            Posix.S_IFLNK => EntryKind.Symlink,
            _ => null,
        };
    }

    private int List(int fd, ScanFolder folder)
    {
        int filled;
        while ((filled = Posix.ReadFolder(fd, entries, out int error)) != 0)
        {
            if (filled < 0)
                return error;
            ReadOnlySpan<byte> rest = entries.AsSpan(0, filled);
            while (!rest.IsEmpty)
            {
                var name = Posix.NextName(ref rest);
                if (name[0] == '.' && (!options.Hidden || name.Length == 1 || name.SequenceEqual(".."u8)))
                    continue;
                folder.Add(name);
            }
        }

        folder.Sort();
        return 0;
    }

    /// <summary>Takes the names from a list instead: what else stands in the folder is not looked at, be it millions.</summary>
    private int ListNamed(ScanFolder folder)
    {
        var named = folder.Scope.Named;
        for (int place = named.Begin; place < named.End;)
        {
            var name = options.Selection!.Named!.NextName(named, ref place);
            if (name[0] != '.' || options.Hidden)
                folder.Add(name);
        }

        folder.Sort();
        return 0;
    }

    private void SetFolderInSource(ReadOnlySpan<byte> folder)
    {
        inSourceLength = 0;
        if (!folder.IsEmpty)
            inSourceLength = InSource(folder).Length;
    }

    /// <summary>The path of an entry of the folder relative to its source, and a slash.</summary>
    private ReadOnlySpan<byte> InSource(ReadOnlySpan<byte> name)
    {
        int length = inSourceLength + name.Length + 1;
        if (inSource.Length < length)
            Array.Resize(ref inSource, 2 * length);
        name.CopyTo(inSource.AsSpan(inSourceLength));
        inSource[length - 1] = (byte)'/';
        return inSource.AsSpan(0, length);
    }

    private void Visit(int fd, int lost, ScanBatch batch, int index)
    {
        var name = batch.Folder.Terminated(index);
        var (stamp, owner, error) = (default(FileStamp), 0u, lost);
        if (error == 0)
            error = Posix.StatAt(fd, name, out stamp, out owner);
        var selection = options.Selection;
        var below = default(FolderScope);

        // What is there but does not show its state could be a folder with something to take in it.
        bool isFolder = stamp.Type == Posix.S_IFDIR || error is not (0 or Posix.ENOENT);
        if (selection is not null && !selection.Takes(batch.Folder.Scope, InSource(name[..^1]), inSourceLength, isFolder, out below))
            return;
        if (error != 0)
        {
            batch.Skipped.Add(new SkippedName(index, error == Posix.ENOENT ? "vanished" : "unreadable", Posix.Describe(error)));
            return;
        }

        if (KindOf(stamp, out string reason, out string detail) is not { } kind)
        {
            batch.Skipped.Add(new SkippedName(index, reason, detail));
            return;
        }

        if (kind != EntryKind.Directory && !below.Named.IsEverything)
        {
            batch.Skipped.Add(kind == EntryKind.Symlink
                ? new SkippedName(index, "unreadable", "stands behind a symlink, and symlinks are not followed")
                : new SkippedName(index, "vanished", Posix.Describe(Posix.ENOTDIR)));
            return;
        }

        int targetLength = 0;
        switch (kind)
        {
            case EntryKind.File when !Posix.IsReadable(fd, name, stamp, owner):
                batch.Skipped.Add(new SkippedName(index, "unreadable", Posix.Describe(Posix.EACCES)));
                return;
            case EntryKind.Directory:
                bool isElsewhere = selection is { OneFileSystem: true } && stamp.Device != batch.Folder.Device;
                batch.Folders.Add(new ScanFolder(batch.Folder, index, below, isElsewhere));
                break;
            case EntryKind.Symlink when !options.Symlinks:
                return;
            case EntryKind.Symlink:
                targetLength = Posix.ReadLink(fd, name, target, out error);
                if (targetLength < 0)
                {
                    batch.Skipped.Add(new SkippedName(index, "unreadable", $"cannot read symlink: {Posix.Describe(error)}"));
                    return;
                }

                batch.Targets.AddRange(target.AsSpan(0, targetLength));
                break;
        }

        batch.Entries.Add(new FoundEntry(stamp, index, targetLength, kind));
    }
}
