using System.Buffers.Binary;
using System.Security.Cryptography;
using DataPrep.Ipld;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Planning;

/// <summary>
/// Reads the fields of a plan through one window, and hashes them on the way. No length or count is believed that the
/// rest of the file could not hold. Spans are there until the next field is read.
/// </summary>
internal sealed class PlanInput : IDisposable
{
    private readonly string path;
    private readonly SafeFileHandle file;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private readonly long end;

    // [at, filled) is what the file has from Offset on.
    private byte[] window;
    private int at;
    private int filled;
    private long loaded;

    /// <summary>Reads a whole file, or a part of one that has a checksum of its own.</summary>
    /// <param name="range">The part; null for the file.</param>
    /// <param name="room">Bytes to read at once: few where little of the file is wanted.</param>
    /// <exception cref="MalformedDataException">The file is too short for a plan, or for that part.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public PlanInput(string path, (long Begin, long End)? range = null, int room = 1 << 18)
    {
        this.path = path;
        window = new byte[room];
        file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, range is null ? FileOptions.SequentialScan : FileOptions.None);
        long length = RandomAccess.GetLength(file);
        loaded = range?.Begin ?? 0;
        end = (range?.End ?? length) - PlanOutput.HashLength;
        if (loaded >= 0 && end >= loaded && end + PlanOutput.HashLength <= length)
            return;
        Dispose();
        throw new MalformedDataException(range is null ? "the file is too short for a plan" : $"the file of {length} bytes has no part from {loaded} to {range.Value.End}", length, path);
    }

    /// <summary>Where in the file the next field begins.</summary>
    public long Offset => loaded - (filled - at);

    /// <summary>Where the checksum begins.</summary>
    public long Last => end;

    private long Left => end - Offset;

    public byte Byte() => Bytes(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public ulong Varint()
    {
        if (filled - at < ProtobufVarint.MaxLength)
            Load(ProtobufVarint.MaxLength);
        if (at < filled && window[at] < 0x80)
            return window[at++];
        if (ProtobufVarint.TryRead(window.AsSpan(at..filled), out ulong value, out int length) != VarintStatus.Ok)
            throw Wrong("a number has no end");
        at += length;
        return value;
    }

    /// <summary>What stands as a difference from <paramref name="before"/>, see <see cref="PlanOutput.Delta"/>.</summary>
    public ulong Delta(ulong before)
    {
        ulong coded = Varint();
        return unchecked(before + ((coded >> 1) ^ (0 - (coded & 1))));
    }

    /// <summary>A size or number: 0 to 2^63-1.</summary>
    public long Size()
    {
        ulong value = Varint();
        return value <= long.MaxValue ? (long)value : throw Wrong($"{value} is no size");
    }

    /// <summary>A number that stands as what it is more than <paramref name="from"/>, and is at most <paramref name="last"/>.</summary>
    public int Place(int from, int last)
    {
        ulong more = Varint();
        return more <= (ulong)(last - from) ? from + (int)more : throw Wrong($"{from} and {more} more is beyond {last}");
    }

    /// <summary>How many of something follow.</summary>
    /// <param name="least">The fewest bytes that one of them takes.</param>
    public int Count(int least)
    {
        ulong count = Varint();
        return count <= (ulong)(Left / least) && count < int.MaxValue ? (int)count : throw Wrong($"{count} do not fit the {Left} bytes that are left");
    }

    /// <summary>A length and as many bytes.</summary>
    public ReadOnlySpan<byte> Block(int longest)
    {
        ulong length = Varint();
        return length <= (ulong)longest ? Bytes((int)length) : throw Wrong($"a length of {length} is more than {longest}");
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (filled - at < count)
        {
            if (count > Left)
                throw Wrong($"{count} bytes do not fit the {Left} that are left");
            Load(count);
        }

        at += count;
        return window.AsSpan(at - count, count);
    }

    /// <summary>Passes over what another reader is for.</summary>
    /// <param name="offset">Where in the file to go on.</param>
    public void SkipTo(long offset)
    {
        if (offset < Offset || offset > end)
            throw Wrong($"offset {offset} is behind, or beyond the end");
        while (Offset < offset)
            _ = Bytes((int)Math.Min(offset - Offset, 1 << 16));
    }

    /// <summary>Bytes that stand elsewhere before the end; what was read goes on where it was.</summary>
    public void Peek(Span<byte> bytes, long offset) => Read(bytes, offset);

    /// <param name="back">Where the fault is, seen from what is read next.</param>
    public MalformedDataException Wrong(string what, int back = 0) => new(what, Offset + back, path);

    /// <summary>Checks that all has been read and has its checksum; the hash of the whole file.</summary>
    public byte[] End()
    {
        if (Left > 0)
            throw Wrong($"{Left} bytes follow the last field");
        Span<byte> checksum = stackalloc byte[PlanOutput.HashLength];
        Read(checksum, end);
        if (!checksum.SequenceEqual(hash.GetCurrentHash()))
            throw Wrong("the plan does not have its checksum");
        hash.AppendData(checksum);
        return hash.GetHashAndReset();
    }

    public void Dispose()
    {
        file.Dispose();
        hash.Dispose();
    }

    /// <summary>Brings so many bytes into the window, or all that are left, and more where there is room.</summary>
    private void Load(int count)
    {
        var kept = window.AsSpan(at..filled);
        var room = count <= window.Length ? window : new byte[count];
        kept.CopyTo(room);
        (window, at, filled) = (room, 0, kept.Length);
        var fresh = window.AsSpan(filled, (int)Math.Min(window.Length - filled, end - loaded));
        Read(fresh, loaded);
        hash.AppendData(fresh);
        filled += fresh.Length;
        loaded += fresh.Length;
    }

    private void Read(Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            int got = RandomAccess.Read(file, bytes, offset);
            if (got == 0)
                throw new IOException($"{path} became shorter while it was read");
            bytes = bytes[got..];
            offset += got;
        }
    }
}
