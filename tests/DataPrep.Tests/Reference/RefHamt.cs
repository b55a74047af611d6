using System.Numerics;
using System.Text;

namespace DataPrep.Tests.Reference;

/// <summary>HAMT-sharded directories, built from the complete, sorted entry list.</summary>
internal static class RefHamt
{
    private const ulong TypeHamtShard = 5;
    private const ulong MurmurX64 = 0x22;

    internal delegate RefBlock WriteBlock(IReadOnlyList<(byte[] Name, RefBlock Block)> links, byte[] data);

    public static RefBlock Root(IReadOnlyList<(byte[] Name, RefBlock Block)> entries, int fanout, byte[] metadata, WriteBlock write)
    {
        if (!BitOperations.IsPow2(fanout) || fanout is < 8 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(fanout));
        return Shard([.. entries.Select(entry => (RefMurmur.H1(entry.Name), entry.Name, entry.Block))], 0, fanout, metadata, write);
    }

    private static RefBlock Shard(
        IReadOnlyList<(ulong Hash, byte[] Name, RefBlock Block)> entries, int level, int fanout, byte[] metadata, WriteBlock write)
    {
        int digits = (fanout - 1).ToString("X").Length;
        var links = new List<(byte[] Name, RefBlock Block)>();
        var bitfield = BigInteger.Zero;
        foreach (var bucket in entries.GroupBy(entry => Bucket(entry.Hash, level, fanout)).OrderBy(group => group.Key))
        {
            bitfield |= BigInteger.One << bucket.Key;
            byte[] prefix = Encoding.ASCII.GetBytes(bucket.Key.ToString("X").PadLeft(digits, '0'));
            var inside = bucket.ToList();
            if (inside.Count == 1)
                links.Add(([.. prefix, .. inside[0].Name], inside[0].Block));
            else
                links.Add((prefix, Shard(inside, level + 1, fanout, [], write)));
        }

        byte[] data =
        [
            .. RefBytes.VarintField(1, TypeHamtShard),
            .. RefBytes.BytesField(2, bitfield.ToByteArray(isUnsigned: true, isBigEndian: true)),
            .. RefBytes.VarintField(5, MurmurX64),
            .. RefBytes.VarintField(6, (ulong)fanout),
            .. metadata,
        ];
        return write(links, data);
    }

    /// <summary>log2(fanout) bits of the hash, most significant first, after those that the levels above took.</summary>
    private static int Bucket(ulong hash, int level, int fanout)
    {
        int bits = BitOperations.Log2((uint)fanout);
        int after = 64 - ((level + 1) * bits);
        if (after < 0)
            throw new InvalidDataException("Two names share all usable bits of their hash.");
        return (int)((hash >> after) & (ulong)(fanout - 1));
    }
}
