using System.Runtime.InteropServices;

namespace DataPrep.Source;

/// <summary>Memory outside the managed heap, in huge pages where the system has them, aligned for direct I/O.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const nuint HugePage = 2 << 20;
    private const nuint Page = 4096;
    private byte* address;

    public NativeBuffer(int length)
    {
        Length = length;
        bool large = (nuint)length >= HugePage;
        address = (byte*)NativeMemory.AlignedAlloc((nuint)length, large ? HugePage : Page);
        if (large)
            Posix.AdviseHugePages(address, length);
    }

    ~NativeBuffer() => Free();

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
