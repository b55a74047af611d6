using System.Numerics;
using DataPrep.Ipld;
using DataPrep.Source;

namespace DataPrep.Unixfs;

/// <summary>
/// A sharded directory. Buckets are chosen by the bits of a name's hash, most significant first, so with the entries
/// sorted by hash every shard is a range of them, and the tree needs no nodes in memory.
/// </summary>
internal sealed class HamtShape
{
    private readonly UnixFsProfile profile;
    private readonly IDirectoryLinks links;
    private readonly NodeMetadata metadata;
    private readonly ulong[] hashes;
    private readonly int[] order;
    private readonly int bits;
    private readonly int nameDigits;
    private long sectionBytes;
    private Action<int>? onBlock;
    private byte[] block = [];

    public HamtShape(UnixFsProfile profile, IDirectoryLinks links, NodeMetadata metadata)
    {
        (this.profile, this.links, this.metadata) = (profile, links, metadata);
        bits = BitOperations.Log2((uint)profile.HamtFanout);
        nameDigits = (bits + 3) / 4; // hex digits of the largest bucket number
        hashes = new ulong[links.Count];
        order = new int[links.Count];
        for (int i = 0; i < order.Length; i++)
            (hashes[i], order[i]) = (Murmur3.Hash(links.Name(i)), i);
        Array.Sort(hashes, order);
    }

    public NodeSize Measure(Action<int>? onBlock = null)
    {
        sectionBytes = 0;
        this.onBlock = onBlock;
        long dagSize = Measure(0, order.Length, 0);
        return new NodeSize(sectionBytes, dagSize);
    }

    public void Emit(IBlockSink sink, Span<byte> digest) => _ = Emit(0, order.Length, 0, sink, digest);

    private int Bucket(int index, int depth)
    {
        int shift = 64 - (bits * (depth + 1));
        if (shift < 0)
            throw new InvalidDataException($"'{PathText.Quote(links.Name(order[index]))}' and another name of the same folder have the same hash; the folder cannot be sharded");
        return (int)(hashes[index] >> shift) & (profile.HamtFanout - 1);
    }

    private int EndOfBucket(int index, int end, int depth)
    {
        int bucket = Bucket(index, depth);
        int next = index + 1;
        while (next < end && Bucket(next, depth) == bucket)
            next++;
        return next;
    }

    private long Measure(int begin, int end, int depth)
    {
        long length = 0, below = 0;
        int highest = 0;
        for (int i = begin, next; i < end; i = next)
        {
            next = EndOfBucket(i, end, depth);
            highest = Bucket(i, depth);
            int entry = order[i];
            bool isValue = next == i + 1;
            long size = isValue ? links.DagSize(entry) : Measure(i, next, depth + 1);
            length += isValue
                ? DagPb.LinkLength(links.CidLength(entry), nameDigits + links.Name(entry).Length, (ulong)size)
                : DagPb.LinkLength(profile.NodeCidLength, nameDigits, (ulong)size);
            below += size;
        }

        length += DagPb.DataFieldLength(MessageLength(highest, depth));
        sectionBytes += BalancedFile.SectionLength(profile, checked((int)length));
        onBlock?.Invoke((int)length);
        return length + below;
    }

    // 08 05 | 12 len bitfield | 28 22 | 30 fanout | metadata on the root alone
    private int MessageLength(int highest, int depth)
    {
        int field = (highest / 8) + 1;
        return 2 + 1 + ProtobufVarint.Length((ulong)field) + field + 2 + 1 + ProtobufVarint.Length((ulong)profile.HamtFanout) + (depth == 0 ? metadata.Length : 0);
    }

    /// <summary>Appends the sub-shards in bucket order, then the shard; returns its cumulative size.</summary>
    private long Emit(int begin, int end, int depth, IBlockSink sink, Span<byte> digest)
    {
        var subShards = new List<(byte[] Digest, long DagSize)>();
        int highest = 0;
        for (int i = begin, next; i < end; i = next)
        {
            next = EndOfBucket(i, end, depth);
            highest = Bucket(i, depth);
            if (next == i + 1)
                continue;
            byte[] sub = new byte[32];
            subShards.Add((sub, Emit(i, next, depth + 1, sink, sub)));
        }

        int message = MessageLength(highest, depth);
        Span<byte> bitfield = stackalloc byte[(highest / 8) + 1];
        bitfield.Clear();
        Span<byte> name = stackalloc byte[nameDigits + 512];
        Span<byte> cid = stackalloc byte[36];
        int at = 0, subShard = 0;
        long below = 0;
        for (int i = begin, next; i < end; i = next)
        {
            next = EndOfBucket(i, end, depth);
            int bucket = Bucket(i, depth);
            bitfield[^((bucket / 8) + 1)] |= (byte)(1 << (bucket % 8)); // a big-endian number, leading zero bytes stripped
            _ = bucket.TryFormat(name[..nameDigits], out _, nameDigits switch { 1 => "X1", 2 => "X2", _ => "X3" }, null);
            int nameLength = nameDigits, cidLength;
            long size;
            if (next == i + 1)
            {
                int entry = order[i];
                var own = links.Name(entry);
                own.CopyTo(name[nameDigits..]);
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
