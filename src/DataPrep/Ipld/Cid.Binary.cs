namespace DataPrep.Ipld;

/// <content>
/// The binary form.
/// <code>
/// v0   12 20 ‖ digest(32)
/// v1   01 ‖ uv(codec) ‖ uv(multihash code) ‖ uv(digest length) ‖ digest
/// </code>
/// </content>
public readonly partial struct Cid
{
    /// <summary>Reads the CID that <paramref name="bytes"/> start with.</summary>
    /// <param name="bytes">A binary CID and whatever follows it.</param>
    /// <param name="length">Bytes the CID takes.</param>
    /// <exception cref="MalformedDataException">No CID starts here.</exception>
    public static Cid Read(ReadOnlySpan<byte> bytes, out int length) =>
        ReadCore(bytes, out Cid cid, out length) is { } fault ? throw new MalformedDataException(fault) : cid;

    /// <summary>Reads the CID that <paramref name="bytes"/> start with, if one does.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Cid cid, out int length) => ReadCore(bytes, out cid, out length) is null;

    /// <summary>Writes the binary form and returns its length.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than <see cref="ByteLength"/>.</exception>
    /// <exception cref="InvalidOperationException">The value is not defined.</exception>
    public int WriteTo(Span<byte> destination)
    {
        if (!IsDefined)
        {
            throw new InvalidOperationException("An undefined CID has no bytes.");
        }

        int length = ByteLength;
        if (destination.Length < length)
        {
            throw new ArgumentException("The destination is too short for the CID.", nameof(destination));
        }

        int position = 0;
        if (_kind == Kind.V1)
        {
            destination[position++] = 1;
            position += Varint.Write(destination[position..], _codec);
        }

        position += Varint.Write(destination[position..], _multihashCode);
        position += Varint.Write(destination[position..], _digestLength);
        Digest.CopyTo(destination[position..]);
        return length;
    }

    /// <summary>The binary form.</summary>
    /// <exception cref="InvalidOperationException">The value is not defined.</exception>
    public byte[] ToByteArray()
    {
        byte[] bytes = new byte[ByteLength];
        WriteTo(bytes);
        return bytes;
    }

    /// <summary>Null, or what is wrong.</summary>
    private static string? ReadCore(ReadOnlySpan<byte> bytes, out Cid cid, out int length)
    {
        cid = default;
        length = 0;
        if (bytes is [0x12, Sha256Length, ..])
        {
            if (bytes.Length < V0Length)
            {
                return "CID ends early";
            }

            cid = new(Kind.V0, Multicodec.DagPb, Multicodec.Sha256, bytes[2..V0Length]);
            length = V0Length;
            return null;
        }

        int position = 0;
        if (ReadField(bytes, ref position, out ulong version) is { } versionFault)
        {
            return versionFault;
        }

        if (version != 1)
        {
            return version is 2 or 3 ? "CID has a reserved version" : "CID has an unknown version";
        }

        ulong multihashCode = 0, digestLength = 0;
        string? fault = ReadField(bytes, ref position, out ulong codec)
            ?? ReadField(bytes, ref position, out multihashCode)
            ?? ReadField(bytes, ref position, out digestLength);
        if (fault is not null)
        {
            return fault;
        }

        if (digestLength > MaxDigestLength)
        {
            return "CID has a digest of more than 128 bytes";
        }

        if ((ulong)(bytes.Length - position) < digestLength)
        {
            return "CID ends early";
        }

        cid = new(Kind.V1, codec, multihashCode, bytes.Slice(position, (int)digestLength));
        length = position + (int)digestLength;
        return null;
    }

    private static string? ReadField(ReadOnlySpan<byte> bytes, ref int position, out ulong value)
    {
        VarintStatus status = Varint.TryRead(bytes[position..], out value, out int length);
        position += length;
        return status switch
        {
            VarintStatus.Ok => null,
            VarintStatus.Incomplete => "CID ends early",
            VarintStatus.NotMinimal => "CID has a varint that is longer than needed",
            _ => "CID has a varint that is too large",
        };
    }
}
