namespace DataPrep.Source;

/// <summary>How large files are read.</summary>
internal enum InputIo
{
    /// <summary>Direct what a local disk holds and the page cache does not; else cached.</summary>
    Auto,

    /// <summary>Through the page cache.</summary>
    Cached,
}

/// <summary>
/// Reads a range of a file past the page cache, in pieces of a few megabytes. The kernel then neither looks for memory
/// to hold what is read once nor copies it there, which costs as much as hashing it. Owned by one thread, and used for
/// one file after the other.
/// </summary>
internal sealed class DirectInput : IDisposable
{
    private const int Block = 4096;
    private const int Window = 4 << 20;
    private NativeBuffer? window;
    private int fd = -1;
    private long end;
    private long start;
    private int filled;

    /// <summary>Begins with a range of an open file, if a local disk holds it; <see cref="End"/> before the file is closed.</summary>
    public bool Begin(int file, long offset, long length)
    {
        if (Posix.KindOf(file) != FileSystemKind.LocalDisk || !Posix.SetDirect(file, true))
            return false;
        (fd, end, start, filled) = (file, offset + length, 0, 0);
        return true;
    }

    /// <summary>Fills the destination; false where the rest is to be read in the usual way: the file ends early, or the file system does not take direct reads.</summary>
    public bool Read(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (offset < start || offset >= start + filled)
            {
                Fill(offset);
                if (offset >= start + filled)
                    return false;
            }

            int at = (int)(offset - start), count = Math.Min(destination.Length, filled - at);
            window!.Span.Slice(at, count).CopyTo(destination);
            destination = destination[count..];
            offset += count;
        }

        return true;
    }

    /// <summary>Gives the file back as it was.</summary>
    public void End()
    {
        if (fd >= 0)
            _ = Posix.SetDirect(fd, false);
        fd = -1;
    }

    public void Dispose() => window?.Dispose();

    private void Fill(long offset)
    {
        window ??= new NativeBuffer(Window);
        start = offset / Block * Block;
        long wanted = (Math.Max(end, offset + 1) - start + Block - 1) / Block * Block;
        filled = Posix.ReadBlocks(fd, start, window.Span[..(int)Math.Min(Window, wanted)], Block);
    }
}
