using System.Runtime.InteropServices;

namespace DataPrep.Source;

/// <summary>Calls about what of a file is in the page cache, and reads past it.</summary>
internal static unsafe partial class Posix
{
    private const int POSIX_FADV_WILLNEED = 3, POSIX_FADV_DONTNEED = 4;

    /// <summary>Share of a range that is in the page cache, 0 to 1; 1 where the system does not say.</summary>
    internal static double CachedShare(int fd, long offset, long length)
    {
        const int PROT_READ = 1, MAP_SHARED = 1, Page = 4096;
        if (Environment.SystemPageSize != Page)
            return 1;
        long from = offset / Page * Page;
        nuint size = (nuint)(offset + length - from);
        byte* mapped = mmap(null, size, PROT_READ, MAP_SHARED, fd, from);
        if ((nint)mapped == -1)
            return 1;
        int pages = (int)((size + Page - 1) / Page);
        byte* resident = (byte*)NativeMemory.Alloc((nuint)pages);
        int cached = pages;
        if (mincore(mapped, size, resident) == 0)
        {
            // Of each page the lowest bit says it.
            cached = 0;
            for (int i = 0; i < pages; i++)
                cached += resident[i] & 1;
        }

        NativeMemory.Free(resident);
        _ = munmap(mapped, size);
        return (double)cached / pages;
    }

    /// <summary>Reads whole blocks at an offset for direct I/O; bytes read, up to the end of the file or the first error.</summary>
    internal static int ReadBlocks(int fd, long offset, Span<byte> destination, int block)
    {
        int done = 0;
        fixed (byte* p = destination)
        {
            while (done < destination.Length)
            {
                nint n = pread(fd, p + done, (nuint)(destination.Length - done), offset + done);
                if (n < 0 && Marshal.GetLastPInvokeError() == EINTR)
                    continue;
                if (n <= 0)
                    break;
                done += (int)n;
                if (n % block != 0)
                    break; // the end of the file
            }
        }

        return done;
    }

    /// <summary>Starts reading a range into the page cache.</summary>
    internal static void ReadAhead(int fd, long offset, long length) => _ = posix_fadvise(fd, offset, length, POSIX_FADV_WILLNEED);

    /// <summary>Lets the page cache forget a range that is on the device.</summary>
    internal static void DropFromCache(int fd, long offset, long length) => _ = posix_fadvise(fd, offset, length, POSIX_FADV_DONTNEED);

    [LibraryImport("libc")]
    private static partial byte* mmap(byte* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc")]
    private static partial int munmap(byte* address, nuint length);

    [LibraryImport("libc")]
    private static partial int mincore(byte* address, nuint length, byte* vector);

    [LibraryImport("libc")]
    private static partial int posix_fadvise(int fd, long offset, long length, int advice);
}
