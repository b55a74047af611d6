namespace DataPrep.Source;

/// <summary>Reads ranges of the entries of a tree. Safe for several threads.</summary>
internal interface ISourceReader
{
    /// <summary>Opens a file of the tree for one run of ranges.</summary>
    /// <exception cref="SourceChangedException">It is gone, cannot be opened, or is no file any more.</exception>
    ISourceFile Open(int entry);
}

/// <summary>An open file. <see cref="Finish"/> after the last range, then dispose.</summary>
internal interface ISourceFile : IDisposable
{
    /// <exception cref="SourceChangedException">Fewer bytes are there than were scanned, or the read failed.</exception>
    void Read(long offset, Span<byte> destination);

    /// <summary>Holds the file's present state against the scan: only when this returns are the bytes read those of the scanned file.</summary>
    /// <exception cref="SourceChangedException">The state differs.</exception>
    void Finish();
}

/// <summary>Reads local files, by descriptor and offset.</summary>
internal sealed class LocalReader(SourceTree tree) : ISourceReader
{
    public ISourceFile Open(int entry)
    {
        byte[] location = tree.Location(entry);
        // Without O_NONBLOCK a named pipe that took the file's place would be waited for until somebody writes to it.
        int fd = Posix.Open(location, Posix.O_RDONLY | Posix.O_NOFOLLOW | Posix.O_NONBLOCK | Posix.O_CLOEXEC, out int error);
        return fd >= 0 ? new LocalFile(tree, entry, location, fd) : throw new SourceChangedException(entry, location, 0, Reason(error), $"cannot open: {Posix.Describe(error)}");
    }

    private static string Reason(int error) => error switch
    {
        Posix.ENOENT or Posix.ENOTDIR => "vanished",
        Posix.ELOOP => "replaced",
        _ => "unreadable",
    };

    private sealed class LocalFile(SourceTree tree, int entry, byte[] location, int fd) : ISourceFile
    {
        private long position;

        public void Read(long offset, Span<byte> destination)
        {
            int got = Posix.ReadAt(fd, offset, destination, out int error);
            if (got < 0)
                throw new SourceChangedException(entry, location, offset, error is Posix.EISDIR or Posix.ESPIPE ? "replaced" : "unreadable", $"cannot read: {Posix.Describe(error)}");
            position = offset + got;
            if (got < destination.Length)
            {
                Finish(); // says how the file differs, where its state tells
                throw new SourceChangedException(entry, location, position, "changed", $"ended at {position} of {tree[entry].Size} bytes");
            }
        }

        public void Finish()
        {
            int error = Posix.Stat(fd, out var now);
            if (error != 0)
                throw new SourceChangedException(entry, location, position, "unreadable", $"cannot stat: {Posix.Describe(error)}");
            if (now.DifferenceFrom(tree.Stamp(entry)) is { } difference)
                throw new SourceChangedException(entry, location, position, "changed", $"{difference} while it was packed");
        }

        public void Dispose() => Posix.Close(fd);
    }
}
