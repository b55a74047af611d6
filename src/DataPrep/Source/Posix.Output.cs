using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Source;

/// <summary>What matters of a file system to whoever writes large files to it.</summary>
internal enum FileSystemKind
{
    Other,
    LocalDisk,
    Memory,
}

/// <summary>Calls that decide when what is written gets to the device, and where threads run.</summary>
internal static unsafe partial class Posix
{
    private const int F_GETFL = 3, F_SETFL = 4;
    private const uint SYNC_FILE_RANGE_WAIT_BEFORE = 1, SYNC_FILE_RANGE_WRITE = 2, SYNC_FILE_RANGE_WAIT_AFTER = 4;
    private static readonly int O_DIRECT = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    /// <summary>Kind of the file system that holds a folder.</summary>
    internal static FileSystemKind KindOf(string folder)
    {
        int fd = Open(PathText.FromArgument(folder), O_PATH | O_CLOEXEC, out _);
        if (fd < 0)
            return FileSystemKind.Other;
        var kind = KindOf(fd);
        Close(fd);
        return kind;
    }

    /// <summary>Kind of the file system that holds an open file.</summary>
    internal static FileSystemKind KindOf(SafeFileHandle file) => KindOf((int)file.DangerousGetHandle());

    /// <summary>Kind of the file system that holds an open file.</summary>
    internal static FileSystemKind KindOf(int fd)
    {
        // The first field of struct statfs is its type, a long, on every 64-bit Linux.
        byte* x = stackalloc byte[256];
        if (fstatfs(fd, x) != 0)
            return FileSystemKind.Other;
        return *(long*)x switch
        {
            0x01021994 or 0x858458f6 => FileSystemKind.Memory, // tmpfs, ramfs
            0xef53 or 0x58465342 or 0xf2f52010 or 0x9123683e or 0x794c7630 => FileSystemKind.LocalDisk, // ext, XFS, F2FS, Btrfs, overlay
            _ => FileSystemKind.Other,
        };
    }

    /// <summary>Makes a range of a file read as zeros and take no room, within its size; false where the file system cannot.</summary>
    internal static bool PunchHole(SafeFileHandle file, long offset, long length)
    {
        const int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2;
        return fallocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, length) == 0;
    }

    /// <summary>Turns direct I/O on or off; false where the file system refuses.</summary>
    internal static bool SetDirect(SafeFileHandle file, bool on) => SetDirect((int)file.DangerousGetHandle(), on);

    /// <summary>Turns direct I/O on or off; false where the file system refuses.</summary>
    internal static bool SetDirect(int fd, bool on)
    {
        int flags = fcntl(fd, F_GETFL, 0);
        return flags >= 0 && fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
    }

    /// <summary>Starts writing a range back; 0 or the error.</summary>
    internal static int StartWriteBack(SafeFileHandle file, long offset, int length) =>
        WriteBack(file, offset, length, SYNC_FILE_RANGE_WRITE);

    /// <summary>Waits until a range is written back; 0 or the error.</summary>
    internal static int AwaitWriteBack(SafeFileHandle file, long offset, int length) =>
        WriteBack(file, offset, length, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);

    /// <summary>Lets the page cache forget a range that is on the device.</summary>
    internal static void DropFromCache(SafeFileHandle file, long offset, int length) => DropFromCache((int)file.DangerousGetHandle(), offset, length);

    internal static int Truncate(SafeFileHandle file, long length) => ftruncate(file, length) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Keeps the calling thread on those of the CPUs that it may use; where it may use none, nothing changes.</summary>
    internal static void KeepOnCpus(ReadOnlySpan<int> cpus)
    {
        const int Most = 8192;
        Span<byte> allowed = stackalloc byte[Most / 8], wanted = stackalloc byte[Most / 8];
        wanted.Clear();
        fixed (byte* a = allowed, w = wanted)
        {
            if (sched_getaffinity(0, Most / 8, a) < 0)
                return;
            foreach (int cpu in cpus)
            {
                if (cpu < Most)
                    wanted[cpu / 8] |= (byte)(allowed[cpu / 8] & (1 << (cpu % 8)));
            }

            if (wanted.ContainsAnyExcept((byte)0))
                _ = sched_setaffinity(0, Most / 8, w);
        }
    }

    private static int WriteBack(SafeFileHandle file, long offset, int length, uint flags)
    {
        const int ENOSYS = 38;
        if (sync_file_range(file, offset, length, flags) == 0)
            return 0;
        // Where it cannot be done early, the flush at the end does it.
        int errno = Marshal.GetLastPInvokeError();
        return errno is ENOSYS or EINVAL or ESPIPE or EINTR ? 0 : errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatfs(int fd, byte* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sync_file_range(SafeFileHandle fd, long offset, long length, uint flags);

    [LibraryImport("libc")]
    private static partial int sched_getaffinity(int thread, nuint size, byte* mask);

    [LibraryImport("libc")]
    private static partial int sched_setaffinity(int thread, nuint size, byte* mask);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(SafeFileHandle fd, long length);
}
