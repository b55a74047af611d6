using System.Buffers.Binary;
using System.Security.Cryptography;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Planning;

/// <summary>Writes the fields of a plan, little-endian, through one buffer, and hashes them on the way.</summary>
internal sealed class PlanOutput : IDisposable
{
    public const int HashLength = SHA256.HashSizeInBytes;

    private readonly string path;
    private readonly SafeFileHandle file;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] buffer = new byte[1 << 18];
    private int used;
    private long written;

    // Of a part that has begun: its hash, and where in the buffer begins what that has not seen.
    private IncrementalHash? part;
    private int partFrom;

    /// <exception cref="IOException">The file cannot be made.</exception>
    public PlanOutput(string path)
    {
        this.path = path;
        file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
    }

    /// <summary>Where in the file the next field begins.</summary>
    public long Position => written + used;

    public void Byte(byte value) => Room(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Room(2), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);

    /// <summary>Seven bits a byte, the lowest first.</summary>
    public void Varint(ulong value)
    {
        if (buffer.Length - used < ProtobufVarint.MaxLength)
            Drain();
        while (value >= 0x80)
        {
            buffer[used++] = (byte)(value | 0x80);
            value >>= 7;
        }

        buffer[used++] = (byte)value;
    }

    /// <summary>A difference modulo 2^64, small ones of either sign in few bytes: 0, -1, 1, -2, ... are 0, 1, 2, 3, ...</summary>
    public void Delta(ulong value, ulong before)
    {
        long difference = unchecked((long)(value - before));
        Varint((ulong)((difference << 1) ^ (difference >> 63)));
    }

    /// <summary>A length and as many bytes.</summary>
    public void Block(ReadOnlySpan<byte> bytes)
    {
        Varint((ulong)bytes.Length);
        Bytes(bytes);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > buffer.Length - used)
        {
            int part = buffer.Length - used;
            bytes[..part].CopyTo(buffer.AsSpan(used));
            used += part;
            bytes = bytes[part..];
            Drain();
        }

        bytes.CopyTo(buffer.AsSpan(used));
        used += bytes.Length;
    }

    /// <summary>Begins a part of the file with a checksum of its own, so that it can be read without the rest.</summary>
    public void BeginPart() => (part, partFrom) = (IncrementalHash.CreateHash(HashAlgorithmName.SHA256), used);

    /// <summary>Ends the part with the SHA-256 of what was written since its beginning.</summary>
    public void EndPart()
    {
        using var ended = part!;
        ended.AppendData(buffer.AsSpan(partFrom, used - partFrom));
        part = null;
        Bytes(ended.GetCurrentHash());
    }

    /// <summary>Ends the file with the checksum of all before and flushes it to the device; the hash of all of it.</summary>
    public byte[] End()
    {
        Drain();
        Bytes(hash.GetCurrentHash());
        Drain();
        OutputFolder.Sync(file, path);
        return hash.GetHashAndReset();
    }

    public void Dispose()
    {
        file.Dispose();
        hash.Dispose();
        part?.Dispose();
    }

    private Span<byte> Room(int count)
    {
        if (buffer.Length - used < count)
            Drain();
        used += count;
        return buffer.AsSpan(used - count, count);
    }

    private void Drain()
    {
        var bytes = buffer.AsSpan(0, used);
        hash.AppendData(bytes);
        part?.AppendData(bytes[partFrom..]);
        partFrom = 0;
        OutputFolder.Check(Posix.WriteAt(file, written, bytes), "write", path);
        written += used;
        used = 0;
    }
}
