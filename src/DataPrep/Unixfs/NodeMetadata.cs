using System.Buffers.Binary;
using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>Optional permission bits and modification time of a UnixFS node: fields 7 and 8 of its Data message.</summary>
internal readonly record struct NodeMetadata(uint? Mode, UnixTime? Mtime)
{
    public bool IsEmpty => Mode is null && Mtime is null;

    public int Length => (Mode is { } mode ? 1 + ProtobufVarint.Length(mode) : 0) + (Mtime is { } time ? 2 + TimeLength(time) : 0);

    public int Write(Span<byte> destination)
    {
        int at = 0;
        if (Mode is { } mode)
        {
            destination[at++] = 0x38;
            at += ProtobufVarint.Write(destination[at..], mode);
        }

        if (Mtime is { } time)
        {
            destination[at++] = 0x42;
            destination[at++] = (byte)TimeLength(time);
            destination[at++] = 0x08;
            at += ProtobufVarint.Write(destination[at..], (ulong)time.Seconds);
            if (time.Nanoseconds != 0)
            {
                destination[at++] = 0x15;
                BinaryPrimitives.WriteUInt32LittleEndian(destination[at..], (uint)time.Nanoseconds);
                at += 4;
            }
        }

        return at;
    }

    // int64 seconds as a plain varint (ten bytes when negative); nanoseconds only when there are any
    private static int TimeLength(UnixTime time) => 1 + ProtobufVarint.Length((ulong)time.Seconds) + (time.Nanoseconds != 0 ? 5 : 0);
}
