using System.Buffers;

namespace DataPrep.Ipld;

/// <summary>
/// A decoded dag-pb node. Names and data are windows onto the block, not copies. Reading keeps the order of links; it takes
/// data before links, but not links on both sides of the data. Specification: ipld/specs, codecs/dag-pb.
/// </summary>
internal sealed class DagPbNode(DagPbLink[] links, ReadOnlyMemory<byte> data, bool hasData)
{
    private const string NodeName = "dag-pb node";
    private const string LinkName = "dag-pb link";

    public DagPbNode(DagPbLink[] links)
        : this(links, default, false)
    {
    }

    public IReadOnlyList<DagPbLink> Links => links;

    public ReadOnlyMemory<byte> Data => data;

    /// <summary>Tells an empty data field from none.</summary>
    public bool HasData => hasData;

    /// <exception cref="MalformedDataException">The block is no dag-pb; the offset counts from its start.</exception>
    public static DagPbNode Decode(ReadOnlyMemory<byte> block)
    {
        ProtobufReader reader = new(block, 0, NodeName);
        List<DagPbLink> links = [];
        ReadOnlyMemory<byte> data = default;
        bool hasData = false, linksEnded = false;
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1:
                    reader.Require(ProtobufReader.WireBytes);
                    if (hasData)
                    {
                        throw reader.Fault("has data twice");
                    }

                    hasData = true;
                    linksEnded = links.Count > 0;
                    data = reader.ReadBytes();
                    break;
                case 2:
                    reader.Require(ProtobufReader.WireBytes);
                    if (linksEnded)
                    {
                        throw reader.Fault("has links before and after its data");
                    }

                    ReadOnlyMemory<byte> link = reader.ReadBytes();
                    links.Add(DecodeLink(link, reader.Offset - link.Length));
                    break;
                default:
                    throw reader.Fault("has an unknown field");
            }
        }

        return new DagPbNode([.. links], data, hasData);
    }

    /// <summary>
    /// Canonical bytes: links, then data. A link's name and Tsize are written where the link has them.
    /// </summary>
    /// <exception cref="InvalidOperationException">The links are not sorted by the bytes of their names.</exception>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> block = new();
        ReadOnlySpan<byte> previous = default;
        foreach (ref readonly DagPbLink link in links.AsSpan())
        {
            if (previous.SequenceCompareTo(link.Name.Span) > 0)
            {
                throw new InvalidOperationException("The links of a dag-pb node are sorted by the bytes of their names.");
            }

            previous = link.Name.Span;
            byte[] body = EncodeLink(in link);
            block.Advance(DagPb.WriteBytes(block.GetSpan(DagPb.DataFieldLength(body.Length)), DagPb.LinkTag, body));
        }

        if (hasData)
        {
            block.Advance(DagPb.WriteBytes(block.GetSpan(DagPb.DataFieldLength(data.Length)), DagPb.DataTag, data.Span));
        }

        return block.WrittenSpan.ToArray();
    }

    private static byte[] EncodeLink(in DagPbLink link)
    {
        int nameLength = link.HasName ? DagPb.DataFieldLength(link.Name.Length) : 0;
        int tsizeLength = link.HasTsize ? 1 + ProtobufVarint.Length(link.Tsize) : 0;
        byte[] cid = link.Hash.ToByteArray();
        byte[] body = new byte[DagPb.DataFieldLength(cid.Length) + nameLength + tsizeLength];
        int position = DagPb.WriteBytes(body, DagPb.HashTag, cid);
        if (link.HasName)
        {
            position += DagPb.WriteBytes(body.AsSpan(position), DagPb.NameTag, link.Name.Span);
        }

        if (link.HasTsize)
        {
            DagPb.WriteVarint(body.AsSpan(position), DagPb.TsizeTag, link.Tsize);
        }

        return body;
    }

    private static DagPbLink DecodeLink(ReadOnlyMemory<byte> message, int offset)
    {
        ProtobufReader reader = new(message, offset, LinkName);
        Cid hash = default;
        ReadOnlyMemory<byte> name = default;
        ulong tsize = 0;
        int last = 0;
        bool hasName = false, hasTsize = false;
        while (reader.MoveNext())
        {
            if (reader.Field <= last)
            {
                throw reader.Fault("has a field twice or out of order");
            }

            last = reader.Field;
            switch (reader.Field)
            {
                case 1:
                    reader.Require(ProtobufReader.WireBytes);
                    hash = DecodeHash(ref reader);
                    break;
                case 2:
                    reader.Require(ProtobufReader.WireBytes);
                    name = reader.ReadBytes();
                    hasName = true;
                    break;
                case 3:
                    reader.Require(ProtobufReader.WireVarint);
                    tsize = reader.ReadVarint();
                    hasTsize = true;
                    break;
                default:
                    throw reader.Fault("has an unknown field");
            }
        }

        return hash.IsDefined
            ? new DagPbLink(hash, name, hasName, tsize, hasTsize)
            : throw new MalformedDataException("dag-pb link has no hash", offset);
    }

    private static Cid DecodeHash(ref ProtobufReader reader)
    {
        ReadOnlyMemory<byte> bytes = reader.ReadBytes();
        return Cid.TryRead(bytes.Span, out Cid cid, out int length) && length == bytes.Length
            ? cid
            : throw reader.Fault("has a hash that is not exactly one CID");
    }
}
