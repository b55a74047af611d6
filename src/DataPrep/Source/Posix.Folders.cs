using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace DataPrep.Source;

/// <summary>
/// What stands in an open folder. Names are taken with their closing NUL, as the kernel gives them, so that millions
/// need not be copied.
/// </summary>
internal static unsafe partial class Posix
{
    private const int AT_SYMLINK_NOFOLLOW = 0x100, AT_EACCESS = 0x200;
    private const int R_OK = 4;
    private const uint S_IRUSR = 0x100;

    private static readonly nint SYS_getdents64 = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 217 : 61;
    private static readonly uint EffectiveUser = geteuid();

    /// <summary>Reads as many of a folder's entries as go into the buffer; bytes filled, 0 at the end, -1 with the error.</summary>
    internal static int ReadFolder(int folder, Span<byte> buffer, out int errno)
    {
        // readdir would be a call for each entry.
        fixed (byte* p = buffer)
        {
            nint n = syscall(SYS_getdents64, folder, p, (nuint)buffer.Length);
            errno = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            return (int)n;
        }
    }

    /// <summary>Takes the first entry off what <see cref="ReadFolder"/> filled, and gives its name without the NUL.</summary>
    internal static ReadOnlySpan<byte> NextName(ref ReadOnlySpan<byte> entries)
    {
        // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name
        int length = BinaryPrimitives.ReadUInt16LittleEndian(entries[16..]);
        var name = entries[19..length];
        entries = entries[length..];
        return name[..name.IndexOf((byte)0)];
    }

    /// <summary>State of a name in a folder, of a symlink itself; 0 or the error.</summary>
    internal static int StatAt(int folder, ReadOnlySpan<byte> terminated, out FileStamp stamp, out uint owner)
    {
        fixed (byte* p = terminated)
            return StatX(folder, p, AT_SYMLINK_NOFOLLOW, out stamp, out owner);
    }

    /// <summary>Whether a file may be read, from its state and, where that leaves it open, by asking.</summary>
    internal static bool IsReadable(int folder, ReadOnlySpan<byte> terminated, in FileStamp stamp, uint owner)
    {
        // Only the owner's bits say it for certain: with an access list, others can be refused in spite of theirs.
        if (owner == EffectiveUser && (stamp.Mode & S_IRUSR) != 0)
            return true;
        fixed (byte* p = terminated)
            return faccessat(folder, p, R_OK, AT_EACCESS) == 0;
    }

    /// <summary>Target of a symlink, or -1 with the error.</summary>
    internal static int ReadLink(int folder, ReadOnlySpan<byte> terminated, Span<byte> target, out int errno)
    {
        fixed (byte* p = terminated, t = target)
        {
            nint n = readlinkat(folder, p, t, (nuint)target.Length);
            errno = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            return (int)n;
        }
    }
}
