using System.Buffers.Binary;
using DataPrep.Ipld;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Packing;

/// <summary>Goes through the records of a journal up to the first that is not whole. Memory is bounded by the longest one.</summary>
internal sealed class JournalReader
{
    private readonly string path;
    private readonly SafeFileHandle file;

    // [begin, filled) begins with the checksum before the next record, which stands in the file up to End.
    private byte[] window = new byte[1 << 20];
    private int begin;
    private int filled;

    public JournalReader(string path, SafeFileHandle file)
    {
        (this.path, this.file) = (path, file);
        Length = RandomAccess.GetLength(file);
    }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Where in the file the last whole record ends.</summary>
    public long End { get; private set; }

    /// <summary>The checksum of the last whole record, or the header's.</summary>
    public ReadOnlySpan<byte> Checksum => window.AsSpan(begin, JournalFormat.ChecksumLength);

    /// <summary>Reads the header.</summary>
    /// <exception cref="MalformedDataException">It is none, or damaged.</exception>
    /// <exception cref="IOException">The journal is of another plan.</exception>
    public void RequirePlan(ReadOnlySpan<byte> planHash)
    {
        const int Checked = JournalFormat.HeaderLength - JournalFormat.ChecksumLength;
        if (!Fill(JournalFormat.HeaderLength))
            throw new MalformedDataException("the file ends within the header of a journal", Length, path);
        ReadOnlySpan<byte> header = window.AsSpan(0, JournalFormat.HeaderLength);
        if (!header.StartsWith(JournalFormat.Magic))
            throw new MalformedDataException("the file is no journal", 0, path);
        int version = BinaryPrimitives.ReadUInt16LittleEndian(header[JournalFormat.VersionAt..]);
        if (version != JournalFormat.Version)
            throw new MalformedDataException($"the journal has version {version}, which is unknown", JournalFormat.VersionAt, path);
        Span<byte> checksum = stackalloc byte[JournalFormat.ChecksumLength];
        JournalFormat.Checksum(header[..Checked], checksum);
        if (!checksum.SequenceEqual(header[Checked..]))
            throw new MalformedDataException("the journal's header does not have its checksum", Checked, path);
        var hash = header.Slice(JournalFormat.PlanHashAt, JournalFormat.PlanHashLength);
        if (!hash.SequenceEqual(planHash))
            throw new IOException($"{path} is the journal of another plan, {Convert.ToHexStringLower(hash)}");
        begin = Checked;
        End = JournalFormat.HeaderLength;
    }

    /// <summary>The next record, or false where no whole one follows. The payload is there until the next call.</summary>
    /// <param name="offset">Where in the file the payload begins.</param>
    public bool Next(out JournalKind kind, out ReadOnlySpan<byte> payload, out long offset)
    {
        kind = default;
        payload = default;
        offset = End + JournalFormat.PayloadAt;
        if (!Fill(JournalFormat.ChecksumLength + JournalFormat.FrameLength))
            return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(window.AsSpan(begin + JournalFormat.ChecksumLength));
        if (length > Journal.LargestPayload || !Fill(JournalFormat.ChecksumLength + JournalFormat.FrameLength + (int)length))
            return false;

        int next = begin + JournalFormat.FrameLength + (int)length; // the record's own checksum
        Span<byte> checksum = stackalloc byte[JournalFormat.ChecksumLength];
        JournalFormat.Checksum(window.AsSpan(begin..next), checksum);
        if (!checksum.SequenceEqual(window.AsSpan(next, JournalFormat.ChecksumLength)))
            return false;
        var record = window.AsSpan((begin + JournalFormat.ChecksumLength)..next);
        kind = (JournalKind)record[JournalFormat.KindAt];
        payload = record[JournalFormat.PayloadAt..];
        begin = next;
        End += JournalFormat.FrameLength + length;
        return true;
    }

    /// <summary>Brings so many bytes into the window, from its beginning on; false where the file has fewer.</summary>
    private bool Fill(int count)
    {
        if (filled - begin >= count)
            return true;
        long offset = End == 0 ? 0 : End - JournalFormat.ChecksumLength;
        if (Length - offset < count)
            return false;
        var kept = window.AsSpan(begin..filled);
        var room = count <= window.Length ? window : new byte[count];
        kept.CopyTo(room);
        (window, begin, filled) = (room, 0, kept.Length);
        while (filled < count)
        {
            int got = RandomAccess.Read(file, window.AsSpan(filled), offset + filled);
            if (got == 0)
                throw new IOException($"{path} became shorter while it was read");
            filled += got;
        }

        return true;
    }
}
