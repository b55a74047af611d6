namespace DataPrep.Ipld;

/// <summary>
/// Canonical dag-pb bytes by hand, into spans, without objects for nodes or links.
/// <code>
/// node   link* data?                              links come first although their field number is the higher one
/// link   12 len ( 0a len cid ‖ 12 len name ‖ 18 tsize )
/// data   0a len bytes
/// </code>
/// Name is written also when empty (<c>12 00</c>), and so is Tsize: that is what every published CID of a file with more
/// than one block rests on. Specification: ipld/specs, codecs/dag-pb.
/// </summary>
internal static class DagPb
{
    internal const byte LinkTag = 0x12;
    internal const byte DataTag = 0x0a;
    internal const byte HashTag = 0x0a;
    internal const byte NameTag = 0x12;
    internal const byte TsizeTag = 0x18;

    /// <summary>Bytes of a whole link field, with its tag and length.</summary>
    public static int LinkLength(int cidLength, int nameLength, ulong tsize)
    {
        int body = LinkBodyLength(cidLength, nameLength, tsize);
        return 1 + ProtobufVarint.Length((ulong)body) + body;
    }

    /// <summary>Writes a whole link field and returns its length; the destination holds <see cref="LinkLength"/> bytes or more.</summary>
    public static int WriteLink(Span<byte> destination, ReadOnlySpan<byte> cid, ReadOnlySpan<byte> name, ulong tsize)
    {
        destination[0] = LinkTag;
        int position = 1;
        position += ProtobufVarint.Write(destination[position..], (ulong)LinkBodyLength(cid.Length, name.Length, tsize));
        position += WriteBytes(destination[position..], HashTag, cid);
        position += WriteBytes(destination[position..], NameTag, name);
        return position + WriteVarint(destination[position..], TsizeTag, tsize);
    }

    /// <summary>Bytes of a whole data field, with its tag and length.</summary>
    public static int DataFieldLength(int dataLength) => 1 + ProtobufVarint.Length((ulong)dataLength) + dataLength;

    /// <summary>Writes tag and length of the data field, which the data itself has to follow; returns their length.</summary>
    public static int WriteDataHeader(Span<byte> destination, int dataLength)
    {
        destination[0] = DataTag;
        return 1 + ProtobufVarint.Write(destination[1..], (ulong)dataLength);
    }

    internal static int WriteBytes(Span<byte> destination, byte tag, ReadOnlySpan<byte> bytes)
    {
        destination[0] = tag;
        int position = 1 + ProtobufVarint.Write(destination[1..], (ulong)bytes.Length);
        bytes.CopyTo(destination[position..]);
        return position + bytes.Length;
    }

    internal static int WriteVarint(Span<byte> destination, byte tag, ulong value)
    {
        destination[0] = tag;
        return 1 + ProtobufVarint.Write(destination[1..], value);
    }

    private static int LinkBodyLength(int cidLength, int nameLength, ulong tsize) =>
        DataFieldLength(cidLength) + DataFieldLength(nameLength) + 1 + ProtobufVarint.Length(tsize);
}
