using System.Buffers;
using System.Buffers.Binary;

namespace DataPrep.Ipld;

/// <summary>
/// The UnixFS message in the data field of a dag-pb node. Reading takes fields in any order, packed and unpacked block sizes,
/// and steps over unknown fields; writing is canonical. Specification: ipfs/specs, unixfs.
/// </summary>
internal sealed class UnixFsData
{
    private const int MaxNanoseconds = 999_999_999;

    public required UnixFsType Type { get; init; }

    /// <summary>Inline content of a file, target of a symlink, or bit field of a HAMT shard.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Tells an empty data field from none on reading; writing leaves empty data out either way.</summary>
    public bool HasData { get; init; }

    /// <summary>Content bytes below this node, inline ones included.</summary>
    public ulong? FileSize { get; init; }

    /// <summary>Content bytes below each link of a file.</summary>
    public ulong[] BlockSizes { get; init; } = [];

    public ulong? HashType { get; init; }

    public ulong? Fanout { get; init; }

    /// <summary>POSIX mode in the low 12 bits; the upper ones are kept.</summary>
    public uint? Mode { get; init; }

    public UnixTime? Mtime { get; init; }

    /// <exception cref="MalformedDataException">The message is malformed; the offset counts from its start.</exception>
    public static UnixFsData Decode(ReadOnlyMemory<byte> message)
    {
        ProtobufReader reader = new(message, 0, "UnixFS message");
        UnixFsType? type = null;
        ReadOnlyMemory<byte>? data = null;
        ulong? fileSize = null, hashType = null, fanout = null;
        uint? mode = null;
        UnixTime? mtime = null;
        List<ulong> blockSizes = [];
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1:
                    type = ReadType(ref reader);
                    break;
                case 2:
                    reader.Require(ProtobufReader.WireBytes);
                    data = reader.ReadBytes();
                    break;
                case 3:
                    fileSize = ReadNumber(ref reader);
                    break;
                case 4:
                    ReadBlockSizes(ref reader, blockSizes);
                    break;
                case 5:
                    hashType = ReadNumber(ref reader);
                    break;
                case 6:
                    fanout = ReadNumber(ref reader);
                    break;
                case 7:
                    ulong wide = ReadNumber(ref reader);
                    mode = wide <= uint.MaxValue ? (uint)wide : throw reader.Fault("has a mode of more than 32 bits");
                    break;
                case 8:
                    reader.Require(ProtobufReader.WireBytes);
                    ReadOnlyMemory<byte> time = reader.ReadBytes();
                    mtime = DecodeTime(time, reader.Offset - time.Length);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new UnixFsData
        {
            Type = type ?? throw new MalformedDataException("UnixFS message has no type"),
            Data = data ?? default,
            HasData = data is not null,
            FileSize = fileSize,
            BlockSizes = [.. blockSizes],
            HashType = hashType,
            Fanout = fanout,
            Mode = mode,
            Mtime = mtime,
        };
    }

    /// <summary>Canonical bytes: fields in number order, block sizes unpacked, empty data left out, nanoseconds only if not 0.</summary>
    /// <exception cref="InvalidOperationException">The nanoseconds are out of range.</exception>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> message = new();
        WriteNumber(message, 0x08, (ulong)Type);
        if (!Data.IsEmpty)
        {
            WriteBytes(message, 0x12, Data.Span);
        }

        WriteNumber(message, 0x18, FileSize);
        foreach (ulong blockSize in BlockSizes)
        {
            WriteNumber(message, 0x20, blockSize);
        }

        WriteNumber(message, 0x28, HashType);
        WriteNumber(message, 0x30, Fanout);
        WriteNumber(message, 0x38, Mode);
        if (Mtime is { } mtime)
        {
            WriteBytes(message, 0x42, EncodeTime(mtime));
        }

        return message.WrittenSpan.ToArray();
    }

    private static byte[] EncodeTime(UnixTime time)
    {
        if (time.Nanoseconds is < 0 or > MaxNanoseconds)
        {
            throw new InvalidOperationException("Nanoseconds of a time lie between 0 and 999,999,999.");
        }

        ArrayBufferWriter<byte> message = new();
        WriteNumber(message, 0x08, unchecked((ulong)time.Seconds));
        if (time.Nanoseconds != 0)
        {
            Span<byte> field = message.GetSpan(1 + sizeof(uint));
            field[0] = 0x15;
            BinaryPrimitives.WriteUInt32LittleEndian(field[1..], (uint)time.Nanoseconds);
            message.Advance(1 + sizeof(uint));
        }

        return message.WrittenSpan.ToArray();
    }

    private static UnixTime DecodeTime(ReadOnlyMemory<byte> message, int offset)
    {
        ProtobufReader reader = new(message, offset, "UnixFS time");
        long? seconds = null;
        uint nanoseconds = 0;
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1:
                    seconds = unchecked((long)ReadNumber(ref reader));
                    break;
                case 2:
                    reader.Require(ProtobufReader.WireFixed32);
                    nanoseconds = reader.ReadFixed32();
                    if (nanoseconds is 0 or > MaxNanoseconds)
                    {
                        throw reader.Fault("has nanoseconds outside 1 to 999,999,999");
                    }

                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return seconds is { } known
            ? new UnixTime(known, (int)nanoseconds)
            : throw new MalformedDataException("UnixFS time has no seconds", offset);
    }

    private static UnixFsType ReadType(ref ProtobufReader reader)
    {
        ulong value = ReadNumber(ref reader);
        return value <= (ulong)UnixFsType.HamtShard ? (UnixFsType)value : throw reader.Fault("has an unknown type");
    }

    private static ulong ReadNumber(ref ProtobufReader reader)
    {
        reader.Require(ProtobufReader.WireVarint);
        return reader.ReadVarint();
    }

    private static void ReadBlockSizes(ref ProtobufReader reader, List<ulong> blockSizes)
    {
        if (reader.WireType != ProtobufReader.WireBytes)
        {
            blockSizes.Add(ReadNumber(ref reader));
            return;
        }

        ReadOnlySpan<byte> packed = reader.ReadBytes().Span;
        while (!packed.IsEmpty)
        {
            if (ProtobufVarint.TryRead(packed, out ulong value, out int length) != VarintStatus.Ok)
            {
                throw reader.Fault("has malformed packed block sizes");
            }

            blockSizes.Add(value);
            packed = packed[length..];
        }
    }

    private static void WriteNumber(ArrayBufferWriter<byte> message, byte tag, ulong? value)
    {
        if (value is { } number)
        {
            message.Advance(DagPb.WriteVarint(message.GetSpan(1 + ProtobufVarint.MaxLength), tag, number));
        }
    }

    private static void WriteBytes(ArrayBufferWriter<byte> message, byte tag, ReadOnlySpan<byte> bytes) =>
        message.Advance(DagPb.WriteBytes(message.GetSpan(DagPb.DataFieldLength(bytes.Length)), tag, bytes));
}
