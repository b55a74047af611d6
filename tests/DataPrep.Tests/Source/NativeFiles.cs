using System.Runtime.InteropServices;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Tests.Source;

/// <summary>Makes entries whose names are any bytes.</summary>
internal static class NativeFiles
{
    private const int AtFdCwd = -100;
    private const int SymlinkNoFollow = 0x100;
    private const long TimeOmit = 0x3ffffffe;

    public static void MakeFolder(byte[] path) => Check(mkdir(Terminated(path), 0x1ff), path);

    public static void MakeFifo(byte[] path) => Check(mkfifo(Terminated(path), 0x1a4), path);

    public static void MakeLink(byte[] path, byte[] target) => Check(symlink(Terminated(target), Terminated(path)), path);

    public static void MakeFile(byte[] path, ReadOnlySpan<byte> content)
    {
        int fd = Posix.Open(path, Posix.O_RDWR | Posix.O_CREAT | Posix.O_TRUNC | Posix.O_CLOEXEC, out int error);
        if (fd < 0)
            throw new IOException($"open of '{PathText.Show(path)}': {Posix.Describe(error)}");
        using var file = new SafeFileHandle(fd, ownsHandle: true);
        error = Posix.WriteAt(file, 0, content);
        if (error != 0)
            throw new IOException($"write of '{PathText.Show(path)}': {Posix.Describe(error)}");
    }

    /// <summary>Makes a folder, folders nested in it, and in the innermost a file "bottom" and a symlink to it. The path may be of any length.</summary>
    public static void MakeDeep(byte[] root, int levels, byte[] name, ReadOnlySpan<byte> content)
    {
        MakeFolder(root);
        int folder = Posix.Open(root, Posix.O_PATH | Posix.O_CLOEXEC, out _);
        for (int i = 0; i < levels; i++)
        {
            Check(mkdirat(folder, Terminated(name), 0x1ff), name);
            int below = openat(folder, Terminated(name), Posix.O_PATH | Posix.O_CLOEXEC, 0);
            Check(Math.Min(below, 0), name);
            Posix.Close(folder);
            folder = below;
        }

        Check(symlinkat("bottom\0"u8.ToArray(), folder, "link\0"u8.ToArray()), name);
        int fd = openat(folder, "bottom\0"u8.ToArray(), Posix.O_RDWR | Posix.O_CREAT | Posix.O_CLOEXEC, 0x1a4);
        Check(Math.Min(fd, 0), name);
        using (var file = new SafeFileHandle(fd, ownsHandle: true))
            _ = Posix.WriteAt(file, 0, content);
        Posix.Close(folder);
    }

    public static void SetMode(byte[] path, uint mode) => Check(chmod(Terminated(path), mode), path);

    /// <summary>Sets the time of modification, of a symlink itself.</summary>
    public static void SetMtime(byte[] path, (long Seconds, int Nanos) mtime) =>
        Check(utimensat(AtFdCwd, Terminated(path), [0, TimeOmit, mtime.Seconds, mtime.Nanos], SymlinkNoFollow), path);

    private static byte[] Terminated(byte[] path) => [.. path, 0];

    private static void Check(int result, byte[] path)
    {
        if (result != 0)
            throw new IOException($"'{PathText.Show(path)}': {Posix.Describe(Marshal.GetLastPInvokeError())}");
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int mkdir(byte[] path, uint mode);

    [DllImport("libc", SetLastError = true)]
    private static extern int mkdirat(int folder, byte[] path, uint mode);

    [DllImport("libc", SetLastError = true)]
    private static extern int openat(int folder, byte[] path, int flags, uint mode);

    [DllImport("libc", SetLastError = true)]
    private static extern int symlinkat(byte[] target, int folder, byte[] path);

    [DllImport("libc", SetLastError = true)]
    private static extern int mkfifo(byte[] path, uint mode);

    [DllImport("libc", SetLastError = true)]
    private static extern int symlink(byte[] target, byte[] path);

    [DllImport("libc", SetLastError = true)]
    private static extern int chmod(byte[] path, uint mode);

    [DllImport("libc", SetLastError = true)]
    private static extern int utimensat(int folder, byte[] path, long[] times, int flags);
}
