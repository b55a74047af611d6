using System.Buffers;
using DataPrep.Planning;

namespace DataPrep.Packing;

/// <summary>
/// Writes a piece without the content of its leaves. What is left of a range of the CAR is a range of the stripped CAR, so the file is
/// as whole at any moment as a CAR would be, and a run that was broken off goes on with it like with a CAR.
/// </summary>
internal sealed class InlineSink : IPieceSink
{
    private const int Step = 64, Window = 256 << 10;
    private readonly PieceLayout layout;
    private readonly IPieceFile file;

    // Content bytes before every 64th file.
    private readonly long[] contentBefore;

    public InlineSink(PieceLayout layout, IPieceFile file)
    {
        (this.layout, this.file) = (layout, file);
        contentBefore = new long[(layout.FileCount / Step) + 1];
        long content = 0;
        for (int i = 0; i < layout.FileCount; i++)
        {
            if (i % Step == 0)
                contentBefore[i / Step] = content;
            content += layout.Tree[layout.FileEntry(i)].Size;
        }
    }

    /// <summary>Bytes of a CAR without the content of its leaves.</summary>
    public static long SizeOf(PieceLayout layout) => layout.CarSize - layout.ContentSize;

    /// <summary>Content bytes of the files before one, by its number in layout order.</summary>
    public long ContentBefore(int number)
    {
        long content = contentBefore[number / Step];
        for (int i = number / Step * Step; i < number; i++)
            content += layout.Tree[layout.FileEntry(i)].Size;
        return content;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        byte[] window = ArrayPool<byte>.Shared.Rent(Window);
        try
        {
            new Range(this, window).Write(offset, bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    private long StrippedOffset(long offset)
    {
        if (offset >= layout.LeafEnd)
            return offset - layout.ContentSize;
        if (layout.FileCount == 0 || offset < layout.FirstSection(0))
            return offset;
        int number = layout.FileAt(offset);
        return offset - ContentBefore(number) - layout.Leaves(number).ContentBefore(offset);
    }

    private ref struct Range(InlineSink sink, byte[] window)
    {
        private long at;
        private int filled;

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            var layout = sink.layout;
            at = sink.StrippedOffset(offset);
            long end = offset + bytes.Length, position = offset, leaves = layout.FileCount == 0 ? layout.LeafEnd : layout.FirstSection(0);
            position = Keep(bytes, offset, position, leaves);
            for (int number = position < Math.Min(end, layout.LeafEnd) ? layout.FileAt(position) : layout.FileCount; number < layout.FileCount && position < end; number++)
            {
                var file = layout.Leaves(number);
                while (position < Math.Min(end, file.End))
                {
                    var run = file.RunAt(position);
                    position = run.FileOffset < 0 ? Keep(bytes, offset, position, run.End) : Math.Min(end, run.End);
                }
            }

            _ = Keep(bytes, offset, position, end);
            Flush();
        }

        /// <summary>Takes bytes up to an offset; where that goes on.</summary>
        private long Keep(ReadOnlySpan<byte> bytes, long offset, long from, long to)
        {
            if (to <= from)
                return from;
            var run = bytes[(int)(from - offset)..];
            run = run[..(int)Math.Min(run.Length, to - from)];
            long next = from + run.Length;
            while (run.Length > 0)
            {
                int count = Math.Min(run.Length, window.Length - filled);
                run[..count].CopyTo(window.AsSpan(filled));
                run = run[count..];
                filled += count;
                if (filled == window.Length)
                    Flush();
            }

            return next;
        }

        private void Flush()
        {
            if (filled > 0)
                sink.file.Write(at, window.AsSpan(0, filled));
            at += filled;
            filled = 0;
        }
    }
}
