using DataPrep.Source;

namespace DataPrep.Cli.Bench;

/// <summary>Content that repeats the data, copied as a read from the page cache would be.</summary>
internal sealed class MemoryReader(byte[] data) : ISourceReader, ISourceFile
{
    public ISourceFile Open(int entry) => this;

    public void Read(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            int at = (int)(offset % data.Length), count = Math.Min(destination.Length, data.Length - at);
            data.AsSpan(at, count).CopyTo(destination);
            destination = destination[count..];
            offset += count;
        }
    }

    public void Expect(long offset, long length)
    {
    }

    public void Finish()
    {
    }

    public void Dispose()
    {
    }
}
