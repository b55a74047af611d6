using System.Buffers.Binary;
using System.Numerics;

namespace DataPrep.Hashing;

/// <summary>The end of a message: its last bytes, 0x80, zeros, and its length in bits (FIPS 180-4, section 5.1.1).</summary>
internal static class Sha256Padding
{
    /// <summary>Writes the one or two last blocks of a message.</summary>
    /// <param name="remainder">The message's bytes after its last whole block, 0 to 63 of them.</param>
    /// <param name="messageLength">Bytes of the whole message.</param>
    /// <param name="blocks">At least 128 bytes; what follows the written blocks is left alone.</param>
    /// <returns>64 or 128, the bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> remainder, long messageLength, Span<byte> blocks)
    {
        int length = remainder.Length < 56 ? 64 : 128;
        remainder.CopyTo(blocks);
        blocks[remainder.Length] = 0x80;
        blocks[(remainder.Length + 1)..(length - 8)].Clear();
        BinaryPrimitives.WriteInt64BigEndian(blocks[(length - 8)..], messageLength * 8);
        return length;
    }

    /// <summary>
    /// K[t] + W[t], t = 0..63, of the block that follows 64 bytes of message: 0x80, zeros and the length 512. It is the
    /// same for every pair of tree nodes.
    /// </summary>
    public static uint[] PairSchedule()
    {
        uint[] w = new uint[64];
        w[0] = 0x80000000;
        w[15] = 8 * Sha256Kernel.PairLength;
        for (int t = 16; t < 64; t++)
        {
            uint s0 = BitOperations.RotateRight(w[t - 15], 7) ^ BitOperations.RotateRight(w[t - 15], 18) ^ (w[t - 15] >> 3);
            uint s1 = BitOperations.RotateRight(w[t - 2], 17) ^ BitOperations.RotateRight(w[t - 2], 19) ^ (w[t - 2] >> 10);
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }

        for (int t = 0; t < 64; t++)
            w[t] += Sha256Constants.RoundConstants[t];
        return w;
    }
}
