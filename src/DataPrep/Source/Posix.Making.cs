using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Source;

/// <summary>
/// Calls that make, name and remove things in an open folder, so that no part of a path can lead elsewhere. Names are taken without a NUL and
/// hold none; each call gives 0 or the error.
/// </summary>
internal static unsafe partial class Posix
{
    internal const int O_EXCL = 0x80, ENAMETOOLONG = 36, ENOSYS = 38, EDQUOT = 122;

    private const long UTIME_OMIT = 0x3ffffffe;

    internal static int MakeFolder(int folder, ReadOnlySpan<byte> name, int mode)
    {
        fixed (byte* p = Terminated(name))
            return Result(mkdirat(folder, p, mode));
    }

    internal static int MakeLink(int folder, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        fixed (byte* p = Terminated(name), t = Terminated(target))
            return Result(symlinkat(t, folder, p));
    }

    internal static int Remove(int folder, ReadOnlySpan<byte> name, bool isFolder = false)
    {
        const int AT_REMOVEDIR = 0x200;
        fixed (byte* p = Terminated(name))
            return Result(unlinkat(folder, p, isFolder ? AT_REMOVEDIR : 0));
    }

    /// <summary>Gives what has a name in one folder a name in another.</summary>
    /// <param name="replace">Whether what has that name is replaced; else there is EEXIST.</param>
    internal static int Move(int folder, ReadOnlySpan<byte> name, int toFolder, ReadOnlySpan<byte> toName, bool replace)
    {
        fixed (byte* from = Terminated(name), to = Terminated(toName))
        {
            if (replace)
                return Result(renameat(folder, from, toFolder, to));
            if (TryRenameNew(folder, from, toFolder, to, out int error))
                return error;

            // A second name is not given to what has one either.
            error = Result(linkat(folder, from, toFolder, to, 0));
            return error == 0 ? Result(unlinkat(folder, from, 0)) : error;
        }
    }

    internal static int SetMode(SafeFileHandle file, uint mode) => Result(fchmod(file, mode));

    /// <summary>Sets the time of modification of an open file or folder.</summary>
    internal static int SetModified(SafeFileHandle file, long seconds, int nanoseconds)
    {
        long* times = stackalloc long[4] { 0, UTIME_OMIT, seconds, nanoseconds };
        return Result(futimens(file, times));
    }

    /// <summary>Sets the time of modification of a name in a folder, of a symlink itself.</summary>
    internal static int SetModified(int folder, ReadOnlySpan<byte> name, long seconds, int nanoseconds)
    {
        long* times = stackalloc long[4] { 0, UTIME_OMIT, seconds, nanoseconds };
        fixed (byte* p = Terminated(name))
            return Result(utimensat(folder, p, times, AT_SYMLINK_NOFOLLOW));
    }

    /// <summary>Writes all bytes where the descriptor stands, as to a pipe.</summary>
    internal static int Write(int fd, ReadOnlySpan<byte> source)
    {
        fixed (byte* p = source)
        {
            for (int done = 0; done < source.Length;)
            {
                nint n = write(fd, p + done, (nuint)(source.Length - done));
                int error = n < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (error is not (0 or EINTR))
                    return error;
                done += (int)Math.Max(0, n);
            }
        }

        return 0;
    }

    /// <summary>Renames to a name that nothing has. False where that cannot be had of the system: network file systems among others do not have it.</summary>
    private static bool TryRenameNew(int folder, byte* from, int toFolder, byte* to, out int error)
    {
        const int RENAME_NOREPLACE = 1;
        error = 0;
        try
        {
            error = Result(renameat2(folder, from, toFolder, to, RENAME_NOREPLACE));
            return error is not (EINVAL or ENOSYS);
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    private static byte[] Terminated(ReadOnlySpan<byte> name) => [.. name, 0];

    private static int Result(int value) => value == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mkdirat(int folder, byte* path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int symlinkat(byte* target, int folder, byte* path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int linkat(int fromFolder, byte* from, int toFolder, byte* to, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlinkat(int folder, byte* path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int renameat(int fromFolder, byte* from, int toFolder, byte* to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int renameat2(int fromFolder, byte* from, int toFolder, byte* to, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(SafeFileHandle fd, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int futimens(SafeFileHandle fd, long* times);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int utimensat(int folder, byte* path, long* times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, byte* buffer, nuint count);
}
