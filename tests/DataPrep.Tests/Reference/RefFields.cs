using System.Buffers.Binary;
using System.Collections;

namespace DataPrep.Tests.Reference;

/// <summary>A field of a protobuf message: its number, and the value of one that is a number, or the bytes of one that has a length.</summary>
internal sealed record RefField(int Key, ulong Number, byte[] Bytes);

/// <summary>The fields of a protobuf message, in their order.</summary>
internal sealed class RefFields : IEnumerable<RefField>
{
    private readonly List<RefField> fields = [];

    public RefFields(byte[] message)
    {
        for (int at = 0; at < message.Length;)
        {
            (ulong tag, at) = Varint(message, at);
            ulong number = 0;
            byte[] bytes = [];
            switch (tag & 7)
            {
                case 0:
                    (number, at) = Varint(message, at);
                    break;
                case 2:
                    (ulong length, at) = Varint(message, at);
                    bytes = message[at..(at + (int)length)];
                    at += bytes.Length;
                    break;
                case 5:
                    number = BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7}");
            }

            fields.Add(new RefField((int)(tag >> 3), number, bytes));
        }
    }

    public RefField? Find(int key) => fields.Find(field => field.Key == key);

    /// <summary>The one field of this number.</summary>
    public RefField Single(int key) => fields.Single(field => field.Key == key);

    public IEnumerator<RefField> GetEnumerator() => fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static (ulong Value, int End) Varint(byte[] bytes, int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return (value, at);
        }
    }
}
