using System.Buffers.Binary;
using DataPrep.Ipld;

namespace DataPrep.Car;

/// <summary>
/// What the headers of a CAR say about where its parts lie.
/// <code>
/// CARv2    0  pragma (11)
///         11  characteristics (16), first bit: fully indexed
///         27  data offset, 35 data size, 43 index offset (8 each, little-endian)
///         51  padding ‖ CARv1 payload ‖ padding ‖ index
/// </code>
/// </summary>
internal sealed class CarLayout
{
    private const int PragmaLength = 11;
    private const int V2HeaderLength = 51;

    private CarLayout()
    {
    }

    public required int Version { get; init; }

    public required IReadOnlyList<Cid> Roots { get; init; }

    public required long FirstSectionOffset { get; init; }

    public long DataOffset { get; init; }

    public long? DataSize { get; init; }

    public long IndexOffset { get; init; }

    public bool IsFullyIndexed { get; init; }

    /// <summary>Offset at which the payload ends, or <see cref="long.MaxValue"/> where only the stream knows.</summary>
    public long End => DataSize is { } size ? DataOffset + size : long.MaxValue;

    /// <summary>Reads all headers and leaves the input at the first section.</summary>
    public static CarLayout Read(CarInput input)
    {
        CarHeader header = ReadHeader(input, input.Length ?? long.MaxValue);
        if (header.Version == 1)
        {
            return new CarLayout { Version = 1, Roots = header.Roots, FirstSectionOffset = input.Offset, DataSize = input.Length };
        }

        const int RestLength = V2HeaderLength - PragmaLength;
        if (input.Fill(RestLength) < RestLength)
        {
            throw input.Fault("CARv2 header is cut off", input.Offset);
        }

        ReadOnlySpan<byte> rest = input.Window.Span[..RestLength];
        bool isFullyIndexed = (rest[0] & 0x80) != 0;
        ulong dataOffset = BinaryPrimitives.ReadUInt64LittleEndian(rest[16..]);
        ulong dataSize = BinaryPrimitives.ReadUInt64LittleEndian(rest[24..]);
        ulong indexOffset = BinaryPrimitives.ReadUInt64LittleEndian(rest[32..]);
        input.Advance(RestLength);
        CheckBounds(input, dataOffset, dataSize, indexOffset);

        long end = (long)(dataOffset + dataSize);
        if (!input.Skip((long)dataOffset - input.Offset))
        {
            throw input.Fault("CARv2 ends before its payload", input.Offset);
        }

        CarHeader inner = ReadHeader(input, end);
        return inner.Version == 1
            ? new CarLayout
            {
                Version = 2,
                Roots = inner.Roots,
                FirstSectionOffset = input.Offset,
                DataOffset = (long)dataOffset,
                DataSize = (long)dataSize,
                IndexOffset = (long)indexOffset,
                IsFullyIndexed = isFullyIndexed,
            }
            : throw input.Fault("CARv2 payload is not a CARv1", (long)dataOffset);
    }

    private static void CheckBounds(CarInput input, ulong dataOffset, ulong dataSize, ulong indexOffset)
    {
        // Without a known length only the range of a file offset bounds what the header may say.
        ulong limit = (ulong)(input.Length ?? long.MaxValue);
        if (dataOffset < V2HeaderLength || dataOffset > limit)
        {
            throw input.Fault("CARv2 data offset is out of bounds", 27);
        }

        if (dataSize == 0 || dataSize > limit - dataOffset)
        {
            throw input.Fault("CARv2 data size is out of bounds", 35);
        }

        if (indexOffset != 0 && (indexOffset < dataOffset + dataSize || indexOffset >= limit))
        {
            throw input.Fault("CARv2 index offset is out of bounds", 43);
        }
    }

    private static CarHeader ReadHeader(CarInput input, long end)
    {
        long offset = input.Offset;
        long left = end - offset;
        int visible = (int)Math.Min(left, input.Fill((int)Math.Min(left, Varint.MaxLength)));
        if (Varint.TryRead(input.Window.Span[..visible], out ulong length, out int prefix) != VarintStatus.Ok)
        {
            throw input.Fault("CAR does not begin with the length of a header", offset);
        }

        if (length is 0 or > CarReadOptions.MaxHeaderLength)
        {
            throw input.Fault($"CAR header of {length} bytes is empty or exceeds the limit of {CarReadOptions.MaxHeaderLength}", offset);
        }

        input.Advance(prefix);
        if ((long)length > left - prefix || input.Fill((int)length) < (int)length)
        {
            throw input.Fault("CAR header is cut off by the end of the data", offset);
        }

        try
        {
            CarHeader header = CarHeader.Decode(input.Window[..(int)length]);
            input.Advance((int)length);
            return header;
        }
        catch (MalformedDataException fault)
        {
            throw input.Fault(fault, offset + prefix);
        }
    }
}
