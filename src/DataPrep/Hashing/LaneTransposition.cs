using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DataPrep.Hashing;

/// <summary>
/// Between big-endian bytes of eight messages and vectors of words, lane = message. Wider vectors are made eight lanes
/// at a time: this is some two percent of the work of hashing.
/// </summary>
internal static unsafe class LaneTransposition
{
    /// <summary>Messages of a call.</summary>
    public const int Width = 8;

    /// <summary>The 16 words of a block of each of eight messages.</summary>
    /// <param name="blocks">Where each of the eight blocks of 64 bytes is.</param>
    /// <param name="words">Takes eight lanes of word 0.</param>
    /// <param name="stride">Words from there to the lanes of word 1, and so on.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Load(byte** blocks, uint* words, int stride)
    {
        if (!Avx2.IsSupported)
        {
            for (int i = 0; i < 16 * Width; i++)
                words[(i / Width * stride) + (i % Width)] = BinaryPrimitives.ReadUInt32BigEndian(new(blocks[i % Width] + (i / Width * 4), 4));
            return;
        }

        for (int at = 0; at < 64; at += 16, words += 4 * stride)
        {
            LoadFour(
                Rows(blocks[0] + at, blocks[4] + at),
                Rows(blocks[1] + at, blocks[5] + at),
                Rows(blocks[2] + at, blocks[6] + at),
                Rows(blocks[3] + at, blocks[7] + at),
                words,
                stride);
        }
    }

    /// <summary>As the other, of blocks that follow each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Load(byte* blocks, uint* words, int stride)
    {
        if (!Avx2.IsSupported)
        {
            for (int i = 0; i < 16 * Width; i++)
                words[(i / Width * stride) + (i % Width)] = BinaryPrimitives.ReadUInt32BigEndian(new(blocks + (i % Width * 64) + (i / Width * 4), 4));
            return;
        }

        for (byte* end = blocks + 64; blocks < end; blocks += 16, words += 4 * stride)
        {
            LoadFour(
                Rows(blocks, blocks + 256),
                Rows(blocks + 64, blocks + 320),
                Rows(blocks + 128, blocks + 384),
                Rows(blocks + 192, blocks + 448),
                words,
                stride);
        }
    }

    /// <summary>The way back: eight digests of 32 bytes.</summary>
    /// <param name="state">Eight lanes of the state's word 0.</param>
    /// <param name="stride">Words from there to the lanes of word 1, and so on.</param>
    /// <param name="digests">Takes 256 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Store(uint* state, int stride, byte* digests)
    {
        if (!Avx2.IsSupported)
        {
            for (int i = 0; i < 8 * Width; i++)
                BinaryPrimitives.WriteUInt32BigEndian(new(digests + (i % Width * 32) + (i / Width * 4), 4), state[(i / Width * stride) + (i % Width)]);
            return;
        }

        StoreFour(state, stride, digests);
        StoreFour(state + (4 * stride), stride, digests + 16);
    }

    /// <summary>Low half: four words of message i; high half: the same four of message i + 4; as native integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rows(byte* low, byte* high) =>
        SwapBytes(Vector256.Create(Vector128.Load(low), Vector128.Load(high)).AsUInt32());

    /// <summary>
    /// Four vectors of rows {i w0 w1 w2 w3 | i+4 w0 w1 w2 w3}, i = 0..3, become four vectors of words, lane = message:
    /// w0 {0 1 2 3 | 4 5 6 7}, then w1, w2, w3.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadFour(Vector256<uint> r0, Vector256<uint> r1, Vector256<uint> r2, Vector256<uint> r3, uint* words, int stride)
    {
        Vector256<ulong> w01Of01 = Avx2.UnpackLow(r0, r1).AsUInt64();  // 0w0 1w0 0w1 1w1 | 4w0 5w0 4w1 5w1
        Vector256<ulong> w01Of23 = Avx2.UnpackLow(r2, r3).AsUInt64();  // 2w0 3w0 2w1 3w1 | 6w0 7w0 6w1 7w1
        Vector256<ulong> w23Of01 = Avx2.UnpackHigh(r0, r1).AsUInt64(); // 0w2 1w2 0w3 1w3 | ...
        Vector256<ulong> w23Of23 = Avx2.UnpackHigh(r2, r3).AsUInt64(); // 2w2 3w2 2w3 3w3 | ...
        Avx2.UnpackLow(w01Of01, w01Of23).AsUInt32().Store(words);
        Avx2.UnpackHigh(w01Of01, w01Of23).AsUInt32().Store(words + stride);
        Avx2.UnpackLow(w23Of01, w23Of23).AsUInt32().Store(words + (2 * stride));
        Avx2.UnpackHigh(w23Of01, w23Of23).AsUInt32().Store(words + (3 * stride));
    }

    /// <summary>Four vectors of the state to 16 bytes of each of eight digests.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour(uint* state, int stride, byte* digests)
    {
        Vector256<uint> a = Vector256.Load(state), b = Vector256.Load(state + stride);
        Vector256<uint> c = Vector256.Load(state + (2 * stride)), d = Vector256.Load(state + (3 * stride));
        Vector256<ulong> ab01 = Avx2.UnpackLow(a, b).AsUInt64();  // 0a 0b 1a 1b | 4a 4b 5a 5b
        Vector256<ulong> cd01 = Avx2.UnpackLow(c, d).AsUInt64();  // 0c 0d 1c 1d | 4c 4d 5c 5d
        Vector256<ulong> ab23 = Avx2.UnpackHigh(a, b).AsUInt64(); // 2a 2b 3a 3b | 6a 6b 7a 7b
        Vector256<ulong> cd23 = Avx2.UnpackHigh(c, d).AsUInt64(); // 2c 2d 3c 3d | 6c 6d 7c 7d
        StoreRows(Avx2.UnpackLow(ab01, cd01), digests);           // 0a 0b 0c 0d | 4a 4b 4c 4d
        StoreRows(Avx2.UnpackHigh(ab01, cd01), digests + 32);
        StoreRows(Avx2.UnpackLow(ab23, cd23), digests + 64);
        StoreRows(Avx2.UnpackHigh(ab23, cd23), digests + 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRows(Vector256<ulong> rows, byte* digest)
    {
        Vector256<byte> bytes = SwapBytes(rows.AsUInt32()).AsByte();
        bytes.GetLower().Store(digest);
        bytes.GetUpper().Store(digest + (4 * Sha256Kernel.DigestLength));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> SwapBytes(Vector256<uint> words) => Avx2.Shuffle(
        words.AsByte(),
        Vector256.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)).AsUInt32();
}
