using System.Buffers;
using System.Buffers.Binary;

namespace DataPrep.Ipld;

/// <summary>The little of strict dag-cbor that a CAR header needs: definite lengths, shortest heads.</summary>
internal ref struct Cbor(ReadOnlySpan<byte> source)
{
    public const int Unsigned = 0;
    public const int Bytes = 2;
    public const int Array = 4;
    public const int Map = 5;
    public const int Tag = 6;
    public const ulong CidTag = 42;

    private readonly ReadOnlySpan<byte> _source = source;
    private int _position;
    private int _itemStart;

    public ulong ReadHead(int majorType, string expected)
    {
        _itemStart = _position;
        byte first = Take(1)[0];
        if (first >> 5 != majorType)
        {
            throw Fault($"lacks {expected}");
        }

        int info = first & 0x1f;
        if (info < 24)
        {
            return (ulong)info;
        }

        if (info > 27)
        {
            throw Fault("has an indefinite or reserved length");
        }

        ulong value = 0;
        int width = 1 << (info - 24);
        foreach (byte b in Take(width))
        {
            value = (value << 8) | b;
        }

        ulong shortest = width == 1 ? 24 : 1ul << (width * 4);
        return value >= shortest ? value : throw Fault("has a number that is longer than needed");
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        ulong length = ReadHead(Bytes, "a byte string");
        return length <= (ulong)(_source.Length - _position) ? Take((int)length) : throw Fault("ends early");
    }

    public void ReadKey(ReadOnlySpan<byte> key)
    {
        _itemStart = _position;
        if (!_source[_position..].StartsWith(key))
        {
            throw Fault("lacks a key, or has one that is unknown or out of order");
        }

        _position += key.Length;
    }

    public readonly void RequireEnd()
    {
        if (_position != _source.Length)
        {
            throw new MalformedDataException("CAR header has bytes after its end", _position);
        }
    }

    /// <summary>An error at the current item.</summary>
    public readonly MalformedDataException Fault(string what) => new($"CAR header {what}", _itemStart);

    public static void WriteHead(ArrayBufferWriter<byte> output, int majorType, ulong value)
    {
        Span<byte> wide = stackalloc byte[9];
        BinaryPrimitives.WriteUInt64BigEndian(wide[1..], value);
        (int info, int width) = value switch
        {
            < 24 => ((int)value, 0),
            <= byte.MaxValue => (24, 1),
            <= ushort.MaxValue => (25, 2),
            <= uint.MaxValue => (26, 4),
            _ => (27, 8),
        };
        Span<byte> head = wide[(8 - width)..];
        head[0] = (byte)((majorType << 5) | info);
        output.Write(head);
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _source.Length - _position)
        {
            throw Fault("ends early");
        }

        ReadOnlySpan<byte> taken = _source.Slice(_position, length);
        _position += length;
        return taken;
    }
}
