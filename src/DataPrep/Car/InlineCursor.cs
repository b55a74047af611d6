using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Car;

/// <summary>
/// Puts the bytes of an inline piece together again: what stands around content from the <c>.inline</c> file, content from the
/// sources. Keeps the file open that was read last, and its folder. For one thread at a time.
/// </summary>
internal sealed class InlineCursor(SafeFileHandle file, string path, InlineFooter footer, Lazy<SourcePlaces?> sources, string note) : IDisposable
{
    private const int Window = 16 << 10;

    // As the packer opens them: a symlink or pipe that took the place of a file is not followed or waited for.
    private static readonly int Flags = Posix.O_RDONLY | Posix.O_NOFOLLOW | Posix.O_NONBLOCK | Posix.O_CLOEXEC;

    private readonly InlineParts parts = new(file, path, footer);
    private readonly byte[] window = new byte[Window];
    private long windowAt;
    private int windowLength;
    private InlinePart? current;
    private long? firstSection;
    private SubTreeHasher? hasher;
    private int fd = -1;
    private long open = -1;
    private int folderFd = -1;
    private long folder = -1;

    /// <summary>Hashes segments for whoever has the cursor.</summary>
    public SubTreeHasher Hasher => hasher ??= new SubTreeHasher(Sha256Kernels.Current);

    /// <summary>CAR offset of the first leaf section; not of a piece without leaves.</summary>
    public long FirstSection => firstSection ??= parts.Part(0).Begin;

    /// <summary>Bytes that are within the CAR file.</summary>
    /// <param name="onFault">Takes what is wrong with sources, whose content is then zeros; null where it is to be thrown.</param>
    /// <param name="withContent">Whether content is wanted; else it is zeros, and no source is opened.</param>
    /// <exception cref="SourceFaultException">A source file is not there, or too short.</exception>
    /// <exception cref="MalformedDataException">The <c>.inline</c> file is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void Read(long offset, Span<byte> destination, bool withContent = true, Action<SourceFaultException>? onFault = null)
    {
        while (destination.Length > 0)
        {
            int count = ReadRun(offset, destination, withContent, onFault);
            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>The part whose sections cover an offset, or null where no leaf stands.</summary>
    public InlinePart? PartAt(long offset)
    {
        if (footer.Parts == 0 || offset >= footer.LeafEnd || offset < FirstSection)
            return null;
        if (current is { } part && offset >= part.Begin && offset < part.End)
            return part;
        current = current is { } before && offset == before.End ? parts.Part(before.Number + 1) : parts.At(offset);
        return current;
    }

    /// <summary>Where a part's file lies; where that is not known, its path in the dataset.</summary>
    public byte[] Location(in InlinePart part)
    {
        byte[] name = parts.PathOf(part.Name);
        return sources.Value?.Locate(name) ?? name;
    }

    /// <summary>Closes the source file and its folder.</summary>
    public void Dispose()
    {
        CloseFile();
        CloseFolder();
    }

    private int ReadRun(long offset, Span<byte> destination, bool withContent, Action<SourceFaultException>? onFault)
    {
        if (offset >= footer.PayloadSize)
        {
            destination.Clear();
            return destination.Length;
        }

        if (PartAt(offset) is not { } part)
        {
            bool isTail = footer.Parts == 0 || offset >= footer.LeafEnd;
            int length = Shorter(destination, (isTail ? footer.PayloadSize : FirstSection) - offset);
            ReadFrame(isTail ? offset - footer.ContentSize : offset, destination[..length]);
            return length;
        }

        var run = part.Leaves.RunAt(offset);
        int count = Shorter(destination, run.End - offset);
        if (run.FileOffset < 0)
            ReadFrame(offset - part.ContentBefore - part.Leaves.ContentBefore(offset), destination[..count]);
        else if (withContent)
            ReadContent(part, part.FileOffset + run.FileOffset, destination[..count], onFault);
        else
            destination[..count].Clear();
        return count;
    }

    private static int Shorter(Span<byte> destination, long length) => (int)Math.Min(destination.Length, length);

    /// <summary>Bytes of the stripped CAR.</summary>
    private void ReadFrame(long at, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (at < windowAt || at >= windowAt + windowLength)
            {
                int length = at < 0 ? 0 : (int)Math.Clamp(footer.PartsAt - at, 0, Window);
                windowLength = 0;
                int got = length == 0 ? 0 : Posix.ReadAt(file, path, at, window.AsSpan(0, length));
                if (got < length || length == 0)
                    throw new MalformedDataException("The inline piece is cut off, or its table of parts is damaged", Math.Max(0, at), path);
                (windowAt, windowLength) = (at, got);
            }

            int from = (int)(at - windowAt), count = Math.Min(destination.Length, windowLength - from);
            window.AsSpan(from, count).CopyTo(destination);
            destination = destination[count..];
            at += count;
        }
    }

    private void ReadContent(in InlinePart part, long offset, Span<byte> destination, Action<SourceFaultException>? onFault)
    {
        string? fault = null;
        int error = 0;
        bool isKnown = sources.Value is not null;
        if (!isKnown)
        {
            fault = "is not there: where the sources of inline pieces lie is not known";
        }
        else if (open != part.Number && (error = Open(part)) != 0)
        {
            fault = error == Posix.ELOOP ? "is a symlink now, and was a file when it was packed" : $"cannot be opened: {Posix.Describe(error)}";
        }
        else
        {
            int got = Posix.ReadAt(fd, offset, destination, out error);
            if (got < 0)
                fault = $"cannot be read: {Posix.Describe(error)}";
            else if (got < destination.Length)
                fault = $"ends at {offset + got}, it has become shorter since it was packed";
        }

        if (fault is null)
            return;
        CloseFile();
        var exception = isKnown ? new SourceFaultException(Location(part), offset, fault) { Part = part.Number } : new SourceFaultException(PathText.FromArgument(note), 0, fault) { Part = part.Number };
        if (onFault is null)
            throw exception;
        onFault(exception);
        destination.Clear();
    }

    private int Open(in InlinePart part)
    {
        CloseFile();
        var (name, parent) = parts.Name(part.Name);
        int error;
        if (parent < 0)
        {
            fd = Posix.Open(Location(part), Flags, out error);
        }
        else
        {
            bool wasOpen = folder == parent;
            error = wasOpen ? 0 : OpenFolder(parent);
            if (error == 0)
                fd = Posix.OpenAt(folderFd, name, Flags, out error);

            // Perhaps another folder stands in the place of the one that is open.
            if (error != 0 && wasOpen && (error = OpenFolder(parent)) == 0)
                fd = Posix.OpenAt(folderFd, name, Flags, out error);
        }

        open = error == 0 ? part.Number : -1;
        return error;
    }

    private int OpenFolder(long name)
    {
        CloseFolder();
        byte[] inDataset = parts.PathOf(name);
        if (sources.Value!.Locate(inDataset) is not { } location)
            return Posix.ENOENT;
        int opened = Posix.Open(location, Posix.O_PATH | Posix.O_DIRECTORY | Posix.O_CLOEXEC, out int error);
        if (error == 0)
            (folder, folderFd) = (name, opened);
        return error;
    }

    private void CloseFile()
    {
        if (fd >= 0)
            Posix.Close(fd);
        (fd, open) = (-1, -1);
    }

    private void CloseFolder()
    {
        if (folderFd >= 0)
            Posix.Close(folderFd);
        (folderFd, folder) = (-1, -1);
    }
}
