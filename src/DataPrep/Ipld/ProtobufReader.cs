using System.Buffers.Binary;

namespace DataPrep.Ipld;

/// <summary>
/// Steps through the fields of one protobuf message. Offsets in errors count from the start of the block that holds the
/// message, so a nested message is read with the offset of its own first byte.
/// </summary>
internal ref struct ProtobufReader(ReadOnlyMemory<byte> message, int baseOffset, string messageName)
{
    public const int WireVarint = 0;
    public const int WireFixed64 = 1;
    public const int WireBytes = 2;
    public const int WireFixed32 = 5;

    private readonly ReadOnlyMemory<byte> _message = message;
    private int _position;
    private int _fieldStart;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Wire type of the current field.</summary>
    public int WireType { get; private set; }

    /// <summary>Offset in the block of what is read next.</summary>
    public readonly int Offset => baseOffset + _position;

    public bool MoveNext()
    {
        if (_position == _message.Length)
        {
            return false;
        }

        _fieldStart = _position;
        ulong tag = ReadVarint();
        if (tag >> 3 is 0 or > int.MaxValue >> 2)
        {
            throw Fault("has a field number out of range");
        }

        Field = (int)(tag >> 3);
        WireType = (int)(tag & 7);
        return true;
    }

    public readonly void Require(int wireType)
    {
        if (WireType != wireType)
        {
            throw Fault("has a field with the wrong wire type");
        }
    }

    public ulong ReadVarint()
    {
        switch (ProtobufVarint.TryRead(_message.Span[_position..], out ulong value, out int length))
        {
            case VarintStatus.Ok:
                _position += length;
                return value;
            case VarintStatus.Incomplete:
                throw Fault("ends inside a varint");
            default:
                throw Fault("has a varint of more than 64 bits");
        }
    }

    public ReadOnlyMemory<byte> ReadBytes()
    {
        ulong length = ReadVarint();
        return Take(length);
    }

    public uint ReadFixed32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)).Span);

    /// <summary>Steps over the value of a field that this library does not know.</summary>
    public void Skip()
    {
        switch (WireType)
        {
            case WireVarint:
                ReadVarint();
                break;
            case WireFixed64:
                Take(sizeof(ulong));
                break;
            case WireBytes:
                ReadBytes();
                break;
            case WireFixed32:
                Take(sizeof(uint));
                break;
            default:
                throw Fault("has a field with an unknown wire type");
        }
    }

    /// <summary>An error at the current field.</summary>
    public readonly MalformedDataException Fault(string what) => new($"{messageName} {what}", baseOffset + _fieldStart);

    private ReadOnlyMemory<byte> Take(ulong length)
    {
        if (length > (ulong)(_message.Length - _position))
        {
            throw Fault("has a field that reaches beyond its end");
        }

        ReadOnlyMemory<byte> taken = _message.Slice(_position, (int)length);
        _position += (int)length;
        return taken;
    }
}
