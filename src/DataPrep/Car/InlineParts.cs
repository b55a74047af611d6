using System.Buffers.Binary;
using DataPrep.Ipld;
using DataPrep.Source;
using DataPrep.Unixfs;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Car;

/// <summary>A file of an inline piece, or a range of it.</summary>
/// <param name="Begin">CAR offset of its first section.</param>
/// <param name="End">CAR offset behind its last one.</param>
/// <param name="ContentBefore">Content bytes of the parts before it.</param>
/// <param name="FileOffset">Where in its file it begins.</param>
/// <param name="Name">Where its name stands among the names.</param>
internal readonly record struct InlinePart(long Number, long Begin, long End, long ContentBefore, long FileOffset, long Name, FileLeaves Leaves);

/// <summary>
/// The table of parts and the names of an <c>.inline</c> file, read through small windows, so that memory does not grow with their number. What
/// does not fit together is refused. For one thread at a time.
/// </summary>
internal sealed class InlineParts(SafeFileHandle file, string path, InlineFooter footer)
{
    private const int Window = 128;
    private const int LongestName = 1 << 12, LongestPath = 1 << 20;
    private readonly byte[] entries = new byte[Window * InlineFooter.PartLength];
    private long first;
    private long end;

    /// <summary>The part whose sections cover an offset between the first section and the end of the leaves.</summary>
    /// <exception cref="MalformedDataException">The table is damaged.</exception>
    public InlinePart At(long carOffset)
    {
        long low = 0, high = footer.Parts;
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            if (Entry(middle).Begin <= carOffset)
                low = middle;
            else
                high = middle;
        }

        var part = Part(low);
        return carOffset >= part.Begin && carOffset < part.End ? part : throw Damaged(low);
    }

    /// <summary>The part of a number.</summary>
    /// <inheritdoc cref="At"/>
    public InlinePart Part(long number)
    {
        var (begin, content, name, metadata) = Entry(number);
        var (nextBegin, nextContent, _, _) = Entry(number + 1);
        long length = nextContent - content;
        bool fits = begin >= 0 && begin < nextBegin && nextBegin <= footer.LeafEnd && content >= 0 && content <= begin && length >= 0 && nextContent <= footer.ContentSize && (number > 0 || content == 0);
        if (!fits)
            throw Damaged(number);
        var leaves = FileLeaves.Written(footer.Profile, length, metadata, begin);
        return leaves.End == nextBegin ? new InlinePart(number, begin, nextBegin, content, number == 0 ? footer.FirstOffset : 0, name, leaves) : throw Damaged(number);
    }

    /// <summary>A name, and where among the names that of its folder stands; -1 where it is in the root.</summary>
    /// <inheritdoc cref="At"/>
    public (byte[] Name, long Folder) Name(long at)
    {
        byte[] record = new byte[LongestName + (2 * Varint.MaxLength)];
        int got = at < 0 || at >= footer.NamesLength ? 0 : Read(footer.NamesAt + at, record.AsSpan(0, (int)Math.Min(record.Length, footer.NamesLength - at)));
        var bytes = record.AsSpan(0, got);
        if (Varint.TryRead(bytes, out ulong back, out int prefix) != VarintStatus.Ok || Varint.TryRead(bytes[prefix..], out ulong length, out int more) != VarintStatus.Ok
            || back > (ulong)at || length == 0 || length > LongestName || (int)length > got - prefix - more)
            throw new MalformedDataException("The inline piece has a name that is damaged", footer.NamesAt + at, path);
        byte[] name = bytes.Slice(prefix + more, (int)length).ToArray();
        if (name is [(byte)'.'] or [(byte)'.', (byte)'.'] || name.AsSpan().IndexOfAny((byte)0, (byte)'/') >= 0)
            throw new MalformedDataException("The inline piece has a name that is none", footer.NamesAt + at, path);
        return (name, back == 0 ? -1 : at - (long)back);
    }

    /// <summary>The path in the dataset of what has a name.</summary>
    /// <inheritdoc cref="At"/>
    public byte[] PathOf(long at)
    {
        // Folders stand before what is in them, so this ends.
        var names = new Stack<byte[]>();
        for (long length = 0; at >= 0;)
        {
            var (name, folder) = Name(at);
            if ((length += name.Length + 1) > LongestPath)
                throw new MalformedDataException("The inline piece has a path that is too long", footer.NamesAt + at, path);
            names.Push(name);
            at = folder;
        }

        return [.. names.SelectMany((name, i) => i == 0 ? name : [(byte)'/', .. name])];
    }

    private (long Begin, long Content, long Name, int Metadata) Entry(long number)
    {
        if (number == footer.Parts)
            return (footer.LeafEnd, footer.ContentSize, 0, 0);
        if (number < first || number >= end)
        {
            int count = (int)Math.Min(Window, footer.Parts - number);
            end = first = 0;
            if (Read(footer.PartsAt + (number * InlineFooter.PartLength), entries.AsSpan(0, count * InlineFooter.PartLength)) < count * InlineFooter.PartLength)
                throw Damaged(number);
            (first, end) = (number, number + count);
        }

        var entry = entries.AsSpan((int)(number - first) * InlineFooter.PartLength, InlineFooter.PartLength);
        ulong name = BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]);
        return (BinaryPrimitives.ReadInt64LittleEndian(entry), BinaryPrimitives.ReadInt64LittleEndian(entry[8..]), (long)(name >> 8), (int)(name & 0xff));
    }

    private int Read(long offset, Span<byte> destination) => Posix.ReadAt(file, path, offset, destination);

    private MalformedDataException Damaged(long number) =>
        new("The table of parts of the inline piece is damaged", footer.PartsAt + (number * InlineFooter.PartLength), path);
}
