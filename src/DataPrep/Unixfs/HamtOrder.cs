using System.Numerics;
using DataPrep.Ipld;
using DataPrep.Source;

namespace DataPrep.Unixfs;

/// <summary>
/// The links of a sharded directory in the order of the hashes of their names. Buckets are chosen by the bits of the hash,
/// most significant first, so every shard is a range of them, and the tree needs no nodes in memory.
/// </summary>
internal sealed class HamtOrder(UnixFsProfile profile)
{
    private readonly int bits = BitOperations.Log2((uint)profile.HamtFanout);
    private IDirectoryLinks? links;
    private ulong[] hashes = [];
    private int[] order = [];

    public int Count { get; private set; }

    /// <summary>Hex digits of the largest bucket number, which stand before every name in a shard.</summary>
    public int NameDigits => (bits + 3) / 4;

    /// <summary>Hashes and sorts the links of a directory; of one that was sorted before nothing is left.</summary>
    public void Sort(IDirectoryLinks directory)
    {
        (links, Count) = (directory, directory.Count);
        if (hashes.Length < Count)
            (hashes, order) = (new ulong[Count], new int[Count]);
        for (int i = 0; i < Count; i++)
            (hashes[i], order[i]) = (Murmur3.Hash(links.Name(i)), i);
        Array.Sort(hashes, order, 0, Count);
    }

    /// <summary>Number of the link at a place in this order.</summary>
    public int Link(int index) => order[index];

    public int Bucket(int index, int depth)
    {
        int shift = 64 - (bits * (depth + 1));
        if (shift < 0)
            throw new InvalidDataException($"'{PathText.Quote(links!.Name(order[index]))}' and another name of the same folder have the same hash; the folder cannot be sharded");
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
