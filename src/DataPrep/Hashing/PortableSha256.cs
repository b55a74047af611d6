using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace DataPrep.Hashing;

/// <summary>SHA-256 as FIPS 180-4 writes it, one message at a time: the path that the others are held against.</summary>
internal sealed class PortableSha256 : Sha256Kernel
{
    private const int BlockLength = 64;

    public override string Name => "portable";

    public override bool IsSupported => true;

    protected override void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests)
    {
        for (int i = 0; i < messages.Length; i++)
            Hash(buffer.Slice(messages[i].Offset, messages[i].Length), digests.Slice(i * DigestLength, DigestLength));
    }

    protected override void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests)
    {
        // In place, digest i ends at 32 (i + 1), which is never past the end of pair i; a digest is written after its pair was read.
        for (int i = 0; i < pairs.Length / PairLength; i++)
            Hash(pairs.Slice(i * PairLength, PairLength), digests.Slice(i * DigestLength, DigestLength));
    }

    private static void Hash(ReadOnlySpan<byte> message, Span<byte> digest)
    {
        Span<uint> state = stackalloc uint[8];
        Sha256Constants.InitialState.CopyTo(state);
        int body = message.Length & ~(BlockLength - 1);
        for (int at = 0; at < body; at += BlockLength)
            Compress(state, message.Slice(at, BlockLength));

        Span<byte> tail = stackalloc byte[2 * BlockLength];
        int tailLength = Sha256Padding.Write(message[body..], message.Length, tail);
        for (int at = 0; at < tailLength; at += BlockLength)
            Compress(state, tail.Slice(at, BlockLength));

        for (int i = 0; i < 8; i++)
            BinaryPrimitives.WriteUInt32BigEndian(digest[(4 * i)..], state[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(Span<uint> state, ReadOnlySpan<byte> block)
    {
        Span<uint> w = stackalloc uint[64];
        for (int t = 0; t < 16; t++)
            w[t] = BinaryPrimitives.ReadUInt32BigEndian(block[(4 * t)..]);
        for (int t = 16; t < 64; t++)
        {
            uint s0 = BitOperations.RotateRight(w[t - 15], 7) ^ BitOperations.RotateRight(w[t - 15], 18) ^ (w[t - 15] >> 3);
            uint s1 = BitOperations.RotateRight(w[t - 2], 17) ^ BitOperations.RotateRight(w[t - 2], 19) ^ (w[t - 2] >> 10);
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }

        uint a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        for (int t = 0; t < 64; t++)
        {
            uint sum1 = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint choice = (e & f) ^ (~e & g);
            uint t1 = h + sum1 + choice + Sha256Constants.RoundConstants[t] + w[t];
            uint sum0 = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint majority = (a & b) ^ (a & c) ^ (b & c);
            (h, g, f, e, d, c, b, a) = (g, f, e, d + t1, c, b, a, t1 + sum0 + majority);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}
