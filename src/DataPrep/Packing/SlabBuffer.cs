using System.Runtime.InteropServices;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Memory outside the managed heap, in huge pages where the system has them, aligned for direct I/O.</summary>
internal sealed unsafe class SlabBuffer : IDisposable
{
    private const nuint HugePage = 2 << 20;
    private const nuint Page = 4096;
    private byte* address;

    public SlabBuffer(int length)
    {
        Length = length;
        bool large = (nuint)length >= HugePage;
        address = (byte*)NativeMemory.AlignedAlloc((nuint)length, large ? HugePage : Page);
        if (large)
            Posix.AdviseHugePages(address, length);
    }

    ~SlabBuffer() => Free();

    public int Length { get; }

    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(address == null, this);
            return new Span<byte>(address, Length);
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(address);
        address = null;
    }
}
