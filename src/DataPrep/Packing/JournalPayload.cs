using System.Buffers.Binary;
using DataPrep.Ipld;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Writes the fields of a payload one after the other, little-endian.</summary>
internal ref struct PayloadWriter(Span<byte> rest)
{
    private Span<byte> rest = rest;

    public void Byte(byte value) => Take(1)[0] = value;

    public void Int(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);

    public void Long(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    // device 8 | inode 8 | size 8 | mtime: seconds 8, nanoseconds 4 | ctime 8 | mode 4
    public void Stamp(in FileStamp value)
    {
        Long((long)value.Device);
        Long((long)value.Inode);
        Long(value.Size);
        Long(value.ModifySeconds);
        Int(value.ModifyNanoseconds);
        Long(value.ChangeTime);
        Int((int)value.Mode);
    }

    private Span<byte> Take(int count)
    {
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}

/// <summary>Reads the fields of a payload one after the other. Byte strings are parts of it.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> payload)
{
    // So that sums of two need no care.
    private const long Largest = 1L << 56;
    private readonly ReadOnlySpan<byte> payload = payload;
    private int at;

    public byte Byte() => Bytes(1)[0];

    /// <summary>A number or count: 0 to 2^31-1.</summary>
    public int Int()
    {
        int value = BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));
        return value >= 0 ? value : throw Wrong($"{value} is no number or count");
    }

    /// <summary>A number or size: 0 to 2^56.</summary>
    public long Long()
    {
        long value = SignedLong();
        return value is >= 0 and <= Largest ? value : throw Wrong($"{value} is no number or size");
    }

    public ReadOnlySpan<byte> Bytes(int count, int size = 1)
    {
        long length = (long)count * size;
        if (length > payload.Length - at)
            throw Wrong($"{length} bytes do not fit a record of which {payload.Length - at} are left");
        at += (int)length;
        return payload[(at - (int)length)..at];
    }

    public FileStamp Stamp() => new()
    {
        Device = (ulong)SignedLong(),
        Inode = (ulong)SignedLong(),
        Size = SignedLong(),
        ModifySeconds = SignedLong(),
        ModifyNanoseconds = BinaryPrimitives.ReadInt32LittleEndian(Bytes(4)),
        ChangeTime = SignedLong(),
        Mode = BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)),
    };

    public readonly void RequireEnd()
    {
        if (at < payload.Length)
            throw Wrong($"the record has {payload.Length - at} bytes more than its fields");
    }

    public readonly MalformedDataException Wrong(string what) => new(what, at);

    private long SignedLong() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8));
}
