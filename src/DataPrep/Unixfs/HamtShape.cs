using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>The blocks of a sharded directory.</summary>
internal sealed class HamtShape(UnixFsProfile profile, IDirectoryLinks links, NodeMetadata metadata)
{
    private readonly HamtOrder order = new(profile);
    private byte[] block = [];

    public void Emit(IBlockSink sink, Span<byte> digest)
    {
        order.Sort(links);
        _ = Emit(0, order.Count, 0, sink, digest);
    }

    /// <summary>Appends the sub-shards in bucket order, then the shard; returns its cumulative size.</summary>
    private long Emit(int begin, int end, int depth, IBlockSink sink, Span<byte> digest)
    {
        var subShards = new List<(byte[] Digest, long DagSize)>();
        int highest = 0;
        for (int i = begin, next; i < end; i = next)
        {
            next = order.EndOfBucket(i, end, depth);
            highest = order.Bucket(i, depth);
            if (next == i + 1)
                continue;
            byte[] sub = new byte[32];
            subShards.Add((sub, Emit(i, next, depth + 1, sink, sub)));
        }

        int message = order.MessageLength(highest, depth == 0 ? metadata : default);
        Span<byte> bitfield = stackalloc byte[(highest / 8) + 1];
        bitfield.Clear();
        Span<byte> name = stackalloc byte[order.NameDigits + 512];
        Span<byte> cid = stackalloc byte[36];
        int at = 0, subShard = 0;
        long below = 0;
        for (int i = begin, next; i < end; i = next)
        {
            next = order.EndOfBucket(i, end, depth);
            int bucket = order.Bucket(i, depth);
            bitfield[^((bucket / 8) + 1)] |= (byte)(1 << (bucket % 8)); // a big-endian number, leading zero bytes stripped
            _ = bucket.TryFormat(name[..order.NameDigits], out _, order.NameDigits switch { 1 => "X1", 2 => "X2", _ => "X3" }, null);
            int nameLength = order.NameDigits, cidLength;
            long size;
            if (next == i + 1)
            {
                int entry = order.Link(i);
                var own = links.Name(entry);
                own.CopyTo(name[order.NameDigits..]);
                nameLength += own.Length;
                cidLength = links.WriteCid(entry, cid);
                size = links.DagSize(entry);
            }
            else
            {
                (byte[] subDigest, size) = subShards[subShard++];
                cidLength = profile.WriteCid(cid, raw: false, subDigest);
            }

            below += size;
            Reserve(at, DagPb.LinkLength(cidLength, nameLength, (ulong)size));
            at += DagPb.WriteLink(block.AsSpan(at), cid[..cidLength], name[..nameLength], (ulong)size);
        }

        Reserve(at, DagPb.DataFieldLength(message));
        at += WriteData(block.AsSpan(at), message, bitfield, depth);
        sink.Append(block.AsSpan(0, at), digest);
        return at + below;
    }

    private int WriteData(Span<byte> data, int message, ReadOnlySpan<byte> bitfield, int depth)
    {
        int at = DagPb.WriteDataHeader(data, message);
        data[at++] = 0x08;
        data[at++] = (byte)UnixFsType.HamtShard;
        data[at++] = 0x12;
        at += ProtobufVarint.Write(data[at..], (ulong)bitfield.Length);
        bitfield.CopyTo(data[at..]);
        at += bitfield.Length;
        data[at++] = 0x28;
        data[at++] = 0x22; // murmur3-x64-64
        data[at++] = 0x30;
        at += ProtobufVarint.Write(data[at..], (ulong)profile.HamtFanout);
        return depth == 0 ? at + metadata.Write(data[at..]) : at;
    }

    private void Reserve(int used, int more)
    {
        if (block.Length - used < more)
            Array.Resize(ref block, Math.Max(block.Length * 2, used + more + 4096));
    }
}
