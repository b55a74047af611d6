using System.Numerics;

namespace DataPrep.Tests.Reference;

/// <summary>murmur3-x64-128 with seed 0, first half only: the hash behind HAMT directories.</summary>
internal static class RefMurmur
{
    private const ulong C1 = 0x87c37b91114253d5;
    private const ulong C2 = 0x4cf5ad432745937f;

    public static ulong H1(byte[] key)
    {
        ulong h1 = 0, h2 = 0;
        int position = 0;
        for (; key.Length - position >= 16; position += 16)
        {
            h1 ^= Mix1(Little(key, position, 8));
            h1 = BitOperations.RotateLeft(h1, 27) + h2;
            h1 = (h1 * 5) + 0x52dce729;
            h2 ^= Mix2(Little(key, position + 8, 8));
            h2 = BitOperations.RotateLeft(h2, 31) + h1;
            h2 = (h2 * 5) + 0x38495ab5;
        }

        int left = key.Length - position;
        if (left > 8)
            h2 ^= Mix2(Little(key, position + 8, left - 8));
        if (left > 0)
            h1 ^= Mix1(Little(key, position, Math.Min(left, 8)));

        h1 ^= (ulong)key.Length;
        h2 ^= (ulong)key.Length;
        h1 += h2;
        h2 += h1;
        h1 = Finish(h1);
        h2 = Finish(h2);
        return h1 + h2;
    }

    private static ulong Mix1(ulong k) => BitOperations.RotateLeft(k * C1, 31) * C2;

    private static ulong Mix2(ulong k) => BitOperations.RotateLeft(k * C2, 33) * C1;

    private static ulong Finish(ulong k)
    {
        k ^= k >> 33;
        k *= 0xff51afd7ed558ccd;
        k ^= k >> 33;
        k *= 0xc4ceb9fe1a85ec53;
        return k ^ (k >> 33);
    }

    private static ulong Little(byte[] key, int start, int count)
    {
        ulong value = 0;
        for (int i = count - 1; i >= 0; i--)
        {
            value = (value << 8) | key[start + i];
        }

        return value;
    }
}
