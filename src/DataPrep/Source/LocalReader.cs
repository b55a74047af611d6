namespace DataPrep.Source;

/// <summary>Reads ranges of the entries of a tree. Safe for several threads.</summary>
internal interface ISourceReader : IDisposable
{
    /// <summary>Opens a file of the tree for one run of ranges. What it returns may be used again for another file once it is disposed.</summary>
    /// <exception cref="SourceChangedException">It is gone, cannot be opened, or is no file any more.</exception>
    ISourceFile Open(int entry);

    /// <summary>Whether it is worth its while to <see cref="Announce"/>.</summary>
    bool FetchesAhead => false;

    /// <summary>Says which ranges this thread will read next, in their order, so that they can be fetched meanwhile. What it said before is done with.</summary>
    /// <param name="stop">Ends waiting for them.</param>
    void Announce(IReadOnlyList<SourceRange> ranges, CancellationToken stop)
    {
    }

    /// <summary>What to say of a file that has other bytes than a run before this one read, though its state tells nothing.</summary>
    SourceChangedException Changed(int entry, long offset) => Changed(entry, [], offset);

    static SourceChangedException Changed(int entry, byte[] location, long offset) =>
        new(entry, location, offset, "changed", "has other bytes than when it was read before");
}

/// <summary>A part of a file of a tree.</summary>
/// <param name="Offset">In bytes.</param>
/// <param name="Length">In bytes.</param>
internal readonly record struct SourceRange(int Entry, long Offset, long Length);

/// <summary>An open file. <see cref="Finish"/> after the last range, then dispose.</summary>
internal interface ISourceFile : IDisposable
{
    /// <summary>Says which range will be read next, from its beginning on, so that it can be fetched in large pieces.</summary>
    void Expect(long offset, long length);

    /// <exception cref="SourceChangedException">Fewer bytes are there than were scanned, or the read failed.</exception>
    void Read(long offset, Span<byte> destination);

    /// <summary>Holds the file's present state against the scan: only when this returns are the bytes read those of the scanned file.</summary>
    /// <exception cref="SourceChangedException">The state differs.</exception>
    void Finish();
}

/// <summary>
/// Reads local files, by descriptor and offset. Each thread keeps the folder of its last file open, so that of the next
/// one, which is likely to stand there too, the kernel need not walk the path. Where such a folder has been moved away
/// meanwhile, its files are found nevertheless; that they are the scanned ones is seen at their end, as always.
/// </summary>
/// <param name="io">How large files are read.</param>
/// <param name="dropBehind">Whether what was read leaves the page cache, unless it was there before.</param>
internal sealed class LocalReader(SourceTree tree, InputIo io = InputIo.Auto, bool dropBehind = false) : ISourceReader
{
    private readonly SourceTree tree = tree;
    private readonly InputIo io = io;
    private readonly bool dropBehind = dropBehind;
    private readonly ThreadLocal<LocalFile?> idle = new(trackAllValues: true);

    public ISourceFile Open(int entry)
    {
        AwaitNextTick(entry);
        var file = idle.Value ?? new LocalFile(this);
        idle.Value = null;
        int error = file.Open(entry);
        if (error == 0)
            return file;
        file.Dispose();
        throw new SourceChangedException(entry, tree.Location(entry), 0, Reason(error), $"cannot open: {Posix.Describe(error)}");
    }

    public SourceChangedException Changed(int entry, long offset) => ISourceReader.Changed(entry, tree.Location(entry), offset);

    public void Dispose()
    {
        foreach (var file in idle.Values)
            file?.Release();
        idle.Dispose();
    }

    /// <summary>
    /// Many kernels give files a time that moves on in steps of up to 10 ms, so what is written in the step in which the scanned
    /// state was made leaves no trace. When reading begins after it, all that is written meanwhile does.
    /// </summary>
    private void AwaitNextTick(int entry)
    {
        const long Longest = 20_000_000;
        long age = unchecked(((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100) - tree.Stamp(entry).ChangeTime);
        if (age is > -Longest and < Longest)
            Thread.Sleep((int)((Longest - age) / 1_000_000) + 1);
    }

    private static string Reason(int error) => error switch
    {
        Posix.ENOENT or Posix.ENOTDIR => "vanished",
        Posix.ELOOP => "replaced",
        _ => "unreadable",
    };

    private sealed class LocalFile(LocalReader reader) : ISourceFile
    {
        // Without O_NONBLOCK a named pipe that took the file's place would be waited for until somebody writes to it.
        private static readonly int Flags = Posix.O_RDONLY | Posix.O_NOFOLLOW | Posix.O_NONBLOCK | Posix.O_CLOEXEC;

        // Below it, asking what is cached costs more than it can save.
        private const long LeastExpected = 512 << 10;

        private readonly SourceTree tree = reader.tree;
        private readonly DirectInput direct = new();
        private bool isDirect;
        private long brought;
        private long broughtLength;
        private int entry;
        private int fd = -1;
        private long position;
        private int folder = -1;
        private int folderFd = -1;

        /// <summary>0 or the error.</summary>
        public int Open(int entry)
        {
            (this.entry, position, isDirect, broughtLength) = (entry, 0, false, 0);
            int error;
            if (tree.Anchor(entry) is { } location)
            {
                fd = Posix.Open(location, Flags, out error);
                return error;
            }

            int parent = tree[entry].Parent;
            bool wasOpen = folder == parent;
            error = wasOpen ? 0 : OpenFolder(parent);
            if (error == 0)
                fd = Posix.OpenAt(folderFd, tree.Name(entry), Flags, out error);

            // Perhaps another folder stands in the place of the one that is open.
            if (error != 0 && wasOpen && (error = OpenFolder(parent)) == 0)
                fd = Posix.OpenAt(folderFd, tree.Name(entry), Flags, out error);
            return error;
        }

        public void Expect(long offset, long length)
        {
            EndRange();
            if (length < LeastExpected)
            {
                // Of a small file nobody knows whether it was in the cache.
                (brought, broughtLength) = (offset, length);
                return;
            }

            if (Posix.CachedShare(fd, offset, length) > 0.5)
                return;
            if (reader.io == InputIo.Auto && (isDirect = direct.Begin(fd, offset, length)))
                return;
            Posix.ReadAhead(fd, offset, length);
            (brought, broughtLength) = (offset, length);
        }

        public void Read(long offset, Span<byte> destination)
        {
            if (isDirect)
            {
                position = offset;
                if (direct.Read(offset, destination))
                    return;
                EndRange();
            }

            int got = Posix.ReadAt(fd, offset, destination, out int error);
            if (got < 0)
                throw new SourceChangedException(entry, tree.Location(entry), offset, error is Posix.EISDIR or Posix.ESPIPE ? "replaced" : "unreadable", $"cannot read: {Posix.Describe(error)}");
            position = offset + got;
            if (got < destination.Length)
            {
                Finish(); // says how the file differs, where its state tells
                throw new SourceChangedException(entry, tree.Location(entry), position, "changed", $"ended at {position} of {tree[entry].Size} bytes");
            }
        }

        public void Finish()
        {
            int error = Posix.Stat(fd, out var now);
            if (error != 0)
                throw new SourceChangedException(entry, tree.Location(entry), position, "unreadable", $"cannot stat: {Posix.Describe(error)}");
            if (now.DifferenceFrom(tree.Stamp(entry)) is { } difference)
                throw new SourceChangedException(entry, tree.Location(entry), position, "changed", $"{difference} while it was packed");
        }

        public void Dispose()
        {
            if (fd >= 0)
            {
                EndRange();
                Posix.Close(fd);
            }

            fd = -1;
            if (reader.idle.Value is null)
                reader.idle.Value = this;
            else if (reader.idle.Value != this)
                Release();
        }

        /// <summary>Gives back what is kept from file to file.</summary>
        public void Release()
        {
            CloseFolder();
            direct.Dispose();
        }

        private void EndRange()
        {
            if (isDirect)
                direct.End();
            else if (reader.dropBehind && broughtLength > 0)
                Posix.DropFromCache(fd, brought, broughtLength);
            (isDirect, broughtLength) = (false, 0);
        }

        private void CloseFolder()
        {
            if (folderFd >= 0)
                Posix.Close(folderFd);
            (folder, folderFd) = (-1, -1);
        }

        private int OpenFolder(int index)
        {
            CloseFolder();
            int opened = Posix.Open(tree.Location(index), Posix.O_PATH | Posix.O_DIRECTORY | Posix.O_CLOEXEC, out int error);
            if (error == 0)
                (folder, folderFd) = (index, opened);
            return error;
        }
    }
}
