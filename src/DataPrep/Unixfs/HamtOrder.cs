using System.Numerics;
using DataPrep.Ipld;
using DataPrep.Source;

namespace DataPrep.Unixfs;

/// <summary>
/// The links of a sharded directory in the order of the hashes of their names. Buckets are chosen by the bits of the hash,
/// most significant first, so every shard is a range of them, and the tree needs no nodes in memory.
/// </summary>
internal sealed class HamtOrder
{
    private readonly UnixFsProfile profile;
    private readonly IDirectoryLinks links;
    private readonly ulong[] hashes;
    private readonly int[] order;
    private readonly int bits;

    public HamtOrder(UnixFsProfile profile, IDirectoryLinks links)
    {
        (this.profile, this.links) = (profile, links);
        bits = BitOperations.Log2((uint)profile.HamtFanout);
        NameDigits = (bits + 3) / 4;
        hashes = new ulong[links.Count];
        order = new int[links.Count];
        for (int i = 0; i < order.Length; i++)
            (hashes[i], order[i]) = (Murmur3.Hash(links.Name(i)), i);
        Array.Sort(hashes, order);
    }

    public int Count => order.Length;

    /// <summary>Hex digits of the largest bucket number, which stand before every name in a shard.</summary>
    public int NameDigits { get; }

    /// <summary>Number of the link at a place in this order.</summary>
    public int Link(int index) => order[index];

    public int Bucket(int index, int depth)
    {
        int shift = 64 - (bits * (depth + 1));
        if (shift < 0)
            throw new InvalidDataException($"'{PathText.Quote(links.Name(order[index]))}' and another name of the same folder have the same hash; the folder cannot be sharded");
        return (int)(hashes[index] >> shift) & (profile.HamtFanout - 1);
    }

    /// <summary>The place after the last one that is in the same bucket of the same shard.</summary>
    /// <param name="end">Where the shard ends.</param>
    public int EndOfBucket(int index, int end, int depth)
    {
        int bucket = Bucket(index, depth);
        int next = index + 1;
        while (next < end && Bucket(next, depth) == bucket)
            next++;
        return next;
    }

    /// <summary>Length of the UnixFS message of a shard.</summary>
    /// <param name="highest">The highest bucket that is taken.</param>
    /// <param name="metadata">Of the root; empty for other shards.</param>
    public int MessageLength(int highest, NodeMetadata metadata)
    {
        // 08 05 | 12 len bitfield | 28 22 | 30 fanout | metadata on the root alone
        int field = (highest / 8) + 1;
        return 2 + 1 + ProtobufVarint.Length((ulong)field) + field + 2 + 1 + ProtobufVarint.Length((ulong)profile.HamtFanout) + metadata.Length;
    }
}
