using System.Runtime.InteropServices;
using Xunit;

namespace DataPrep.Tests.Hashing;

/// <summary>
/// Bytes between two pages that nobody may touch: the one in front lies less than a page before the first byte, the one
/// behind begins right after the last. A read or write past the end kills the process.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int Page = 4096;
    private readonly nuint mapped;
    private readonly byte* start;
    private readonly int length;

    public GuardedMemory(int length)
    {
        this.length = length;
        nuint whole = (nuint)((length + Page - 1) / Page * Page);
        mapped = whole + (2 * Page);
        start = mmap(null, mapped, 0, 0x22, -1, 0); // no access; private and anonymous
        Assert.True((nint)start != -1 && mprotect(start + Page, whole, 3) == 0, "no memory");
        Offset = (int)(Page + whole) - length;
    }

    public GuardedMemory(ReadOnlySpan<byte> content)
        : this(content.Length) => content.CopyTo(Span);

    private int Offset { get; }

    public Span<byte> Span => new(start + Offset, length);

    public void Dispose() => _ = munmap(start, mapped);

    [LibraryImport("libc")]
    private static partial byte* mmap(byte* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc")]
    private static partial int mprotect(byte* address, nuint length, int protection);

    [LibraryImport("libc")]
    private static partial int munmap(byte* address, nuint length);
}
