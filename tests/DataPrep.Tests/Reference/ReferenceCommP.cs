using System.Numerics;
using System.Security.Cryptography;

namespace DataPrep.Tests.Reference;

/// <summary>
/// Piece commitments as the specification words them: slow, and with nothing shared with the library. A payload is
/// extended with zeros to whole groups of 127 bytes, padded, extended with zero leaves to a power of two, and hashed.
/// </summary>
internal static class ReferenceCommP
{
    /// <summary>One group: element i = (N >> 254 i) and (2^254 - 1), N the 127 bytes as a little-endian integer.</summary>
    public static byte[] Fr32(ReadOnlySpan<byte> group)
    {
        Assert(group.Length == 127);
        var number = new BigInteger(group, isUnsigned: true);
        BigInteger mask = (BigInteger.One << 254) - 1;
        byte[] padded = new byte[128];
        for (int i = 0; i < 4; i++)
            ((number >> (254 * i)) & mask).ToByteArray(isUnsigned: true).CopyTo(padded, 32 * i);
        return padded;
    }

    /// <summary>The leaves of a payload in a tree of that many padded bytes.</summary>
    public static List<byte[]> Leaves(ReadOnlySpan<byte> payload, long paddedSize)
    {
        var leaves = new List<byte[]>();
        for (int at = 0; at < payload.Length; at += 127)
        {
            byte[] group = new byte[127];
            payload[at..Math.Min(at + 127, payload.Length)].CopyTo(group);
            leaves.AddRange(Fr32(group).Chunk(32));
        }

        while (leaves.Count < paddedSize / 32)
            leaves.Add(new byte[32]);
        return leaves;
    }

    public static byte[] Root(List<byte[]> nodes)
    {
        while (nodes.Count > 1)
            nodes = [.. nodes.Chunk(2).Select(pair => Node(pair[0], pair[1]))];
        return nodes[0];
    }

    public static byte[] Root(ReadOnlySpan<byte> payload, long paddedSize) => Root(Leaves(payload, paddedSize));

    public static byte[] Node(byte[] left, byte[] right)
    {
        byte[] node = SHA256.HashData([.. left, .. right]);
        node[31] &= 0b0011_1111;
        return node;
    }

    public static long NaturalSize(long payload)
    {
        long size = 128;
        while (size / 128 * 127 < payload)
            size *= 2;
        return size;
    }

    private static void Assert(bool condition) => Xunit.Assert.True(condition);
}
