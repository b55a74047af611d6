using System.Buffers;
using DataPrep.Ipld;
using DataPrep.Source;
using DataPrep.Unixfs;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Extraction;

/// <summary>
/// One file on its way to the target, in one or more ranges that workers take up in any order. It is made under a temporary name and gets its own when
/// the last range is done. A file that has the name already is read and compared instead, unless it is to be replaced.
/// </summary>
internal sealed class RestoredFile(TargetFolder target, byte[] path, Cid cid, long size, NodeMetadata metadata, bool overwrite, long ranges) : IDisposable
{
    private const int Page = 4096;
    private const uint Permissions = 0x1FF, UsualMode = 0x1B6;
    private readonly Lock gate = new(), writing = new();
    private SafeFileHandle? file;
    private byte[]? temporary;
    private long left = ranges;
    private volatile bool hasFailed;

    public byte[] Path => path;

    public long Size => size;

    public bool HasFailed => hasFailed;

    /// <summary>Whether nothing can have its name, since its folder is new.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Whether it was there before, with the same content.</summary>
    public bool IsKept { get; private set; }

    /// <summary>Restores a range, and completes the file with the last one.</summary>
    /// <param name="onFault">Takes what is wrong, once for the file, and the offset in it.</param>
    /// <returns>Whether the file is complete now.</returns>
    /// <exception cref="DiskFullException">There is no room.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public bool Restore(long from, long to, FileContent content, FolderCursor cursor, Action<long> progress, Action<Exception, long> onFault)
    {
        bool isLast = false, isBegun = false;
        try
        {
            if (!hasFailed)
            {
                Begin(cursor);
                isBegun = true;
                byte[] there = IsKept ? ArrayPool<byte>.Shared.Rent((int)Math.Min(1 << 20, Math.Max(1, to - from))) : [];
                content.Read(cid, size, from, to, (offset, bytes) =>
                {
                    if (IsKept)
                        Compare(offset, bytes, there);
                    else
                        Write(offset, bytes);
                    progress(bytes.Length);
                });
                if (IsKept)
                    ArrayPool<byte>.Shared.Return(there);
            }

            isLast = Interlocked.Decrement(ref left) == 0;
            return isLast && End(cursor);
        }
        catch (Exception e) when (e is IOException or MalformedDataException && e is not DiskFullException)
        {
            if (!isLast)
                isLast = Interlocked.Decrement(ref left) == 0;
            Fail(e, isBegun ? content.Position : -1, onFault);
            if (isLast)
                Drop();
            return false;
        }
    }

    /// <summary>Says that so many ranges will not be asked for, since the file has failed.</summary>
    public void GiveUp(long count)
    {
        if (Interlocked.Add(ref left, -count) == 0)
            Drop();
    }

    public void Dispose() => file?.Dispose();

    /// <summary>What is not zero is written; whole pages of zeros stay holes.</summary>
    internal static int WriteSparse(SafeFileHandle file, long offset, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int hole = ZeroPages(offset, bytes);
            offset += hole;
            bytes = bytes[hole..];
            int data = 0;
            while (data < bytes.Length && ZeroPages(offset + data, bytes[data..]) == 0)
                data += PageEnd(offset + data, bytes.Length - data);
            int error = Posix.WriteAt(file, offset, bytes[..data]);
            if (error != 0)
                return error;
            offset += data;
            bytes = bytes[data..];
        }

        return 0;
    }

    /// <summary>Zeros at the beginning, as far as they fill pages of the file; those at the end of the bytes count as well.</summary>
    private static int ZeroPages(long offset, ReadOnlySpan<byte> bytes)
    {
        int nonZero = bytes.IndexOfAnyExcept((byte)0);
        if (nonZero < 0)
            return bytes.Length;
        long end = (offset + nonZero) / Page * Page;
        return (int)Math.Max(0, end - offset);
    }

    private static int PageEnd(long offset, int length) => (int)Math.Min(length, Page - (offset % Page));

    private void Begin(FolderCursor cursor)
    {
        lock (gate)
        {
            if (file is not null || hasFailed)
                return;
            int folder = cursor.FolderOf(path, out var name);
            FileStamp stamp = default;
            int error = IsAlone ? Posix.ENOENT : Posix.StatAt(folder, [.. name, 0], out stamp, out _);
            if (error == 0)
                OpenExisting(folder, name, stamp);
            else if (error != Posix.ENOENT)
                Check(error, "look at");
            if (!IsKept)
                Create();
        }
    }

    private void OpenExisting(int folder, ReadOnlySpan<byte> name, in FileStamp stamp)
    {
        if (overwrite)
        {
            if (stamp.Type == Posix.S_IFDIR)
                throw new NameTakenException("a folder has its name");
            return;
        }

        if (stamp.Type != Posix.S_IFREG)
            throw new NameTakenException("something that is no file has its name (--overwrite replaces it)");
        if (stamp.Size != size)
            throw new NameTakenException($"a file of {stamp.Size} bytes has its name, it has {size} (--overwrite replaces it)");
        int fd = Posix.OpenAt(folder, name, Posix.O_RDONLY | Posix.O_NOFOLLOW | Posix.O_NONBLOCK | Posix.O_CLOEXEC, out int error);
        Check(error, "open what has its name");
        (file, IsKept) = (new SafeFileHandle(fd, ownsHandle: true), true);
    }

    private void Create()
    {
        temporary = target.NewTemporary();
        int fd = Posix.OpenAt(target.Work, temporary, Posix.O_RDWR | Posix.O_CREAT | Posix.O_EXCL | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out int error, (int)((metadata.Mode & Permissions) ?? UsualMode));
        Check(error, "make");
        file = new SafeFileHandle(fd, ownsHandle: true);
        if (size >= Page)
            Check(Posix.Truncate(file, size), "make room for");
    }

    private void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        // The kernel lets one write to a file at a time, and those who wait for it burn their cores, which here have hashing to do.
        lock (writing)
            Check(size >= Page ? WriteSparse(file!, offset, bytes) : Posix.WriteAt(file!, offset, bytes), "write");
    }

    private void Compare(long offset, ReadOnlySpan<byte> bytes, Span<byte> there)
    {
        while (bytes.Length > 0)
        {
            var part = there[..Math.Min(there.Length, bytes.Length)];
            int got = Posix.ReadAt((int)file!.DangerousGetHandle(), offset, part, out int error);
            Check(error, "read what has the name of");
            if (got < part.Length || !part.SequenceEqual(bytes[..part.Length]))
                throw new NameTakenException($"a file of other content has its name, which differs in the {part.Length} bytes from offset {offset} (--overwrite replaces it)");
            offset += part.Length;
            bytes = bytes[part.Length..];
        }
    }

    private bool End(FolderCursor cursor)
    {
        if (hasFailed)
        {
            Drop();
            return false;
        }

        // It was made with its mode, but for what the process may not give.
        if (metadata.Mode is { } mode && (IsKept || (mode & ~(Permissions & ~target.Withheld)) != 0))
            Check(Posix.SetMode(file!, mode), "set the mode of");
        if (metadata.Mtime is { } time)
            Check(Posix.SetModified(file!, time.Seconds, time.Nanoseconds), "set the time of");
        if (!IsKept)
        {
            int error = Posix.Move(target.Work, temporary, cursor.FolderOf(path, out var name), name, overwrite);
            if (error == Posix.EEXIST)
                throw new NameTakenException("something has got its name in the meantime: two entries may have names that this file system takes for one");
            Check(error, "name");
        }

        Dispose();
        return true;
    }

    private void Fail(Exception e, long position, Action<Exception, long> onFault)
    {
        lock (gate)
        {
            if (hasFailed)
                return;
            hasFailed = true;
        }

        onFault(e, position);
    }

    private void Drop()
    {
        Dispose();
        if (temporary is not null)
            _ = Posix.Remove(target.Work, temporary);
    }

    private void Check(int error, string action)
    {
        if (error is Posix.ENOSPC or Posix.EDQUOT)
            throw new DiskFullException($"cannot {action} '{PathText.Quote(path)}' in {target.Path}: {Posix.Describe(error)}");
        if (error != 0)
            throw new IOException($"cannot {action} it: {Posix.Describe(error)}");
    }
}

/// <summary>There is no room left, for this file or any other.</summary>
internal sealed class DiskFullException(string message) : IOException(message);
