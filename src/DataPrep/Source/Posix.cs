using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Source;

/// <summary>
/// The few system calls that .NET does not offer in the form needed here: paths as bytes, change and
/// modification times with nanoseconds, an fsync whose error is reported.
/// </summary>
internal static unsafe partial class Posix
{
    internal const int EINTR = 4, ENOENT = 2, EIO = 5, EAGAIN = 11, EACCES = 13, EEXIST = 17, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENOSPC = 28, ESPIPE = 29, EPIPE = 32, ELOOP = 40, EOPNOTSUPP = 95;

    internal const int O_RDONLY = 0, O_RDWR = 2, O_CREAT = 0x40, O_TRUNC = 0x200, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000, O_PATH = 0x200000;

    internal const int S_IFMT = 0xF000, S_IFSOCK = 0xC000, S_IFLNK = 0xA000, S_IFREG = 0x8000, S_IFDIR = 0x4000, S_IFIFO = 0x1000;

    private const int AT_FDCWD = -100, AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS = 0x7ff;

    // These two flags differ between x86-64 and the generic (arm64) table.
    internal static readonly int O_DIRECTORY = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;
    internal static readonly int O_NOFOLLOW = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>Opens a file or folder by its path in bytes (without the closing NUL). Paths longer than the
    /// kernel takes in one call are walked part by part.</summary>
    /// <returns>The descriptor, or -1 with the error in <paramref name="errno"/>.</returns>
    internal static int Open(ReadOnlySpan<byte> path, int flags, out int errno, int mode = 0x1B6)
    {
        const int PathMax = 4096;
        if (path.Length < PathMax)
            return OpenAt(AT_FDCWD, path, flags, out errno, mode);

        int folder = OpenAt(AT_FDCWD, path[0] == '/' ? "/"u8 : "."u8, O_PATH | O_DIRECTORY | O_CLOEXEC, out errno);
        while (folder >= 0 && path.Length >= PathMax)
        {
            int cut = path[..(PathMax - 1)].LastIndexOf((byte)'/');
            int next = cut > 0 ? OpenAt(folder, path[..cut].TrimStart((byte)'/'), O_PATH | O_DIRECTORY | O_CLOEXEC, out errno) : -1;
            _ = close(folder);
            folder = next;
            path = path[(cut + 1)..];
        }

        if (folder < 0)
            return -1;
        int fd = OpenAt(folder, path, flags, out errno, mode);
        _ = close(folder);
        return fd;
    }

    /// <summary>Opens what stands in the open folder <paramref name="folder"/> under a path shorter than the kernel's limit.</summary>
    internal static int OpenAt(int folder, ReadOnlySpan<byte> path, int flags, out int errno, int mode = 0)
    {
        Span<byte> terminated = stackalloc byte[path.Length + 1];
        path.CopyTo(terminated);
        terminated[path.Length] = 0;
        fixed (byte* p = terminated)
        {
            int fd;
            do
            {
                fd = openat(folder, p, flags, mode);
                errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (fd < 0 && errno == EINTR);
            return fd;
        }
    }

    internal static void Close(int fd) => _ = close(fd);

    /// <summary>State of the open file <paramref name="fd"/>; 0 or the error.</summary>
    internal static int Stat(int fd, out FileStamp stamp)
    {
        byte empty = 0;
        return StatX(fd, &empty, AT_EMPTY_PATH, out stamp, out _);
    }

    /// <summary>State of a path, of a symlink itself; 0 or the error.</summary>
    internal static int StatPath(ReadOnlySpan<byte> path, out FileStamp stamp)
    {
        int fd = Open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC, out int errno);
        stamp = default;
        if (fd < 0)
            return errno;
        int result = Stat(fd, out stamp);
        Close(fd);
        return result;
    }

    /// <summary>Bytes that a file takes on its device; 0 where it cannot be told.</summary>
    internal static long AllocatedSize(ReadOnlySpan<byte> path)
    {
        byte* x = stackalloc byte[256];
        byte[] name = [.. path, 0];
        fixed (byte* p = name)
            return statx(AT_FDCWD, p, 0, STATX_BASIC_STATS, x) == 0 ? *(long*)(x + 48) * 512 : 0;
    }

    /// <summary>Bytes of a file that are holes: they are read as zeros and stand nowhere.</summary>
    internal static long Holes(ReadOnlySpan<byte> path, long size)
    {
        const int SEEK_DATA = 3, SEEK_HOLE = 4, ENXIO = 6, MostRanges = 1 << 16;
        // Most files are not sparse, which their blocks tell, and compressed ones have no holes though they take less room.
        if (AllocatedSize(path) >= size)
            return 0;
        int fd = Open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, out _);
        if (fd < 0)
            return 0;
        long holes = 0;
        for (long at = 0, ranges = 0; at < size && ranges < MostRanges; ranges++)
        {
            long data = lseek(fd, at, SEEK_DATA);
            if (data < 0)
                data = Marshal.GetLastPInvokeError() == ENXIO ? size : at; // no data behind it
            holes += Math.Min(data, size) - at;
            long hole = lseek(fd, data, SEEK_HOLE);
            at = data >= size || hole <= data ? size : hole;
        }

        Close(fd);
        return holes;
    }

    private static int StatX(int folder, byte* path, int flags, out FileStamp stamp, out uint owner)
    {
        // struct statx has one layout on all architectures, unlike struct stat.
        byte* x = stackalloc byte[256];
        if (statx(folder, path, flags, STATX_BASIC_STATS, x) != 0)
        {
            (stamp, owner) = (default, 0);
            return Marshal.GetLastPInvokeError();
        }

        owner = *(uint*)(x + 20);
        stamp = new FileStamp
        {
            Mode = *(ushort*)(x + 28),
            Inode = *(ulong*)(x + 32),
            Size = *(long*)(x + 40),
            ChangeTime = unchecked((*(long*)(x + 96) * 1_000_000_000) + *(int*)(x + 104)),
            ModifySeconds = *(long*)(x + 112),
            ModifyNanoseconds = *(int*)(x + 120),
            Device = ((ulong)*(uint*)(x + 136) << 32) | *(uint*)(x + 140),
        };
        return 0;
    }

    /// <summary>Reads at an offset; returns the bytes read, fewer only at the end of the file.</summary>
    /// <param name="path">Of the file, for messages.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static int ReadAt(SafeFileHandle file, string path, long offset, Span<byte> destination)
    {
        int got = ReadAt((int)file.DangerousGetHandle(), offset, destination, out int error);
        return got >= 0 ? got : throw new IOException($"cannot read {path} at offset {offset}: {Describe(error)}");
    }

    /// <summary>Reads at an offset, as often as it takes; returns the bytes read, fewer only at the end of the file, or -1 with the error.</summary>
    internal static int ReadAt(int fd, long offset, Span<byte> destination, out int errno)
    {
        errno = 0;
        int done = 0;
        fixed (byte* p = destination)
        {
            while (done < destination.Length)
            {
                nint n = pread(fd, p + done, (nuint)(destination.Length - done), offset + done);
                if (n == 0)
                    break;
                if (n < 0)
                {
                    errno = Marshal.GetLastPInvokeError();
                    if (errno == EINTR)
                        continue;
                    return -1;
                }

                done += (int)n;
            }
        }

        errno = 0;
        return done;
    }

    /// <summary>Writes all bytes at an offset; 0 or the error.</summary>
    internal static int WriteAt(SafeFileHandle file, long offset, ReadOnlySpan<byte> source)
    {
        int done = 0;
        fixed (byte* p = source)
        {
            while (done < source.Length)
            {
                nint n = pwrite(file, p + done, (nuint)(source.Length - done), offset + done);
                if (n < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno == EINTR)
                        continue;
                    return errno;
                }

                done += (int)n;
            }
        }

        return 0;
    }

    /// <summary>Reserves room for the whole file; file systems that cannot are left alone. 0 or the error.</summary>
    internal static int Allocate(SafeFileHandle file, long size)
    {
        const int ENODEV = 19, ENOSYS = 38, EOPNOTSUPP = 95;
        int errno = 0;
        while (size > 0 && fallocate(file, 0, 0, size) != 0 && (errno = Marshal.GetLastPInvokeError()) == EINTR)
            errno = 0;
        return errno is EOPNOTSUPP or ENOSYS or ENODEV or EINVAL ? 0 : errno;
    }

    internal static int Flush(SafeFileHandle file) => fsync(file) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Flushes a folder, so that a name given in it lasts; 0 or the error.</summary>
    internal static int FlushFolder(string path)
    {
        int folder = Open(PathText.FromArgument(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC, out int errno);
        if (folder < 0)
            return errno;
        using var handle = new SafeFileHandle(folder, ownsHandle: true);
        return Flush(handle);
    }

    /// <summary>Takes the lock of an open file without waiting; the kernel gives it back when the process ends. File systems without locks are left alone. 0 or the error.</summary>
    /// <param name="shared">Whether others may have it too, who share it.</param>
    internal static int Lock(SafeFileHandle file, bool shared = false)
    {
        const int LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, ENOLCK = 37, ENOSYS = 38;
        if (flock(file, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
            return 0;
        int errno = Marshal.GetLastPInvokeError();
        return errno is ENOLCK or ENOSYS or EOPNOTSUPP or EINVAL ? 0 : errno;
    }

    /// <summary>Lets a pipe hold 1 MiB, so that it takes fewer calls to read; what is no pipe is left alone.</summary>
    internal static void EnlargePipe(int fd)
    {
        const int F_SETPIPE_SZ = 1031;
        _ = fcntl(fd, F_SETPIPE_SZ, 1 << 20);
    }

    /// <summary>Asks for huge pages under memory that begins and ends with them; a system without them is left alone.</summary>
    internal static void AdviseHugePages(byte* address, int length)
    {
        const int MADV_HUGEPAGE = 14;
        _ = madvise(address, (nuint)length, MADV_HUGEPAGE);
    }

    internal static int Rename(string from, string to) => rename(from, to) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Renames to a name that nothing has; with EEXIST where something has it, even a symlink that leads nowhere.</summary>
    internal static int RenameNew(string from, string to)
    {
        const int AT_FDCWD = -100;
        fixed (byte* name = Terminated(PathText.FromArgument(from)), toName = Terminated(PathText.FromArgument(to)))
        {
            if (TryRenameNew(AT_FDCWD, name, AT_FDCWD, toName, out int error))
                return error;
        }

        return Path.Exists(to) || new FileInfo(to).LinkTarget is not null ? EEXIST : Rename(from, to);
    }

    /// <summary>The canonical absolute path of what exists, or null with the error.</summary>
    internal static byte[]? RealPath(ReadOnlySpan<byte> path, out int errno)
    {
        Span<byte> terminated = stackalloc byte[path.Length + 1];
        path.CopyTo(terminated);
        terminated[path.Length] = 0;
        fixed (byte* p = terminated)
        {
            byte* resolved = realpath(p, null);
            errno = resolved == null ? Marshal.GetLastPInvokeError() : 0;
            if (resolved == null)
                return null;
            byte[] result = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(resolved).ToArray();
            NativeMemory.Free(resolved);
            return result;
        }
    }

    internal static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
