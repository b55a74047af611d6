using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DataPrep.Hashing;

/// <summary>
/// SHA-256 compression of eight blocks at once. A vector holds one 32-bit word of each of eight messages: lane i
/// belongs to message i, so the rounds read as in the scalar code.
/// </summary>
internal static unsafe class EightLaneCompression
{
    public const int Lanes = 8;

    /// <summary>Words of the scratch that <see cref="Expand"/> fills: 64 vectors.</summary>
    public const int ScheduleWords = 64 * Lanes;

    /// <summary>Words of the state of eight messages: 8 vectors.</summary>
    public const int StateWords = 8 * Lanes;

    // 64 vectors, all lanes K[t]; kept for the life of the process.
    private static readonly uint* s_roundConstants = Broadcast(Sha256Constants.RoundConstants);

    // 64 vectors, all lanes K[t] + W[t] of the block that pads a 64-byte message: it is always the same block.
    private static readonly uint* s_pairPadding = Broadcast(PairPaddingSchedule());

    private static readonly uint* s_initialState = Broadcast(Sha256Constants.InitialState);

    /// <summary>Sets all lanes to the state a hash starts from.</summary>
    public static void Initialize(uint* state) => new ReadOnlySpan<uint>(s_initialState, StateWords).CopyTo(new Span<uint>(state, StateWords));

    /// <summary>Digests of eight messages of 64 bytes each: one data block and the constant padding block.</summary>
    /// <param name="pairs">512 bytes.</param>
    /// <param name="digests">256 bytes, written after all of <paramref name="pairs"/> was read.</param>
    /// <param name="scratch">Room for <see cref="ScheduleWords"/>, 32-byte aligned for speed only.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void HashPairs(byte* pairs, byte* digests, uint* scratch)
    {
        uint* state = stackalloc uint[StateWords];
        Initialize(state);
        LoadHalf(pairs, 64, scratch);
        LoadHalf(pairs + 32, 64, scratch + (8 * Lanes));
        Expand(scratch);
        Rounds(state, scratch);
        Rounds(state, s_pairPadding);

        // Vectors a to h become eight digests of 32 bytes: words a..d, then e..h, of lane i and lane i + 4 together.
        StoreHalf(state, digests);
        StoreHalf(state + (4 * Lanes), digests + 16);
    }

    /// <summary>Takes one block of each lane into the state.</summary>
    /// <param name="state"><see cref="StateWords"/>.</param>
    /// <param name="blocks">Where each lane's 64-byte block is.</param>
    /// <param name="scratch">As for <see cref="HashPairs"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(uint* state, byte** blocks, uint* scratch)
    {
        for (int word = 0; word < 16; word += 4)
        {
            int at = 4 * word;
            Transpose(
                Rows(blocks[0] + at, blocks[4] + at),
                Rows(blocks[1] + at, blocks[5] + at),
                Rows(blocks[2] + at, blocks[6] + at),
                Rows(blocks[3] + at, blocks[7] + at),
                scratch + (word * Lanes));
        }

        Expand(scratch);
        Rounds(state, scratch);
    }

    /// <summary>Transposes words 0..7 of eight messages that lie <paramref name="stride"/> bytes apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadHalf(byte* blocks, int stride, uint* words)
    {
        for (int half = 0; half < 2; half++)
        {
            byte* p = blocks + (16 * half);
            Transpose(
                Rows(p, p + (4 * stride)),
                Rows(p + stride, p + (5 * stride)),
                Rows(p + (2 * stride), p + (6 * stride)),
                Rows(p + (3 * stride), p + (7 * stride)),
                words + (4 * half * Lanes));
        }
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
    private static void Transpose(Vector256<uint> r0, Vector256<uint> r1, Vector256<uint> r2, Vector256<uint> r3, uint* words)
    {
        Vector256<ulong> w01Of01 = Avx2.UnpackLow(r0, r1).AsUInt64();  // 0w0 1w0 0w1 1w1 | 4w0 5w0 4w1 5w1
        Vector256<ulong> w01Of23 = Avx2.UnpackLow(r2, r3).AsUInt64();  // 2w0 3w0 2w1 3w1 | 6w0 7w0 6w1 7w1
        Vector256<ulong> w23Of01 = Avx2.UnpackHigh(r0, r1).AsUInt64(); // 0w2 1w2 0w3 1w3 | ...
        Vector256<ulong> w23Of23 = Avx2.UnpackHigh(r2, r3).AsUInt64(); // 2w2 3w2 2w3 3w3 | ...
        Avx2.UnpackLow(w01Of01, w01Of23).AsUInt32().Store(words);
        Avx2.UnpackHigh(w01Of01, w01Of23).AsUInt32().Store(words + Lanes);
        Avx2.UnpackLow(w23Of01, w23Of23).AsUInt32().Store(words + (2 * Lanes));
        Avx2.UnpackHigh(w23Of01, w23Of23).AsUInt32().Store(words + (3 * Lanes));
    }

    /// <summary>The way back: four state vectors, lane = message, to 16 bytes of each of eight digests.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreHalf(uint* state, byte* digests)
    {
        Vector256<uint> a = Vector256.Load(state), b = Vector256.Load(state + Lanes);
        Vector256<uint> c = Vector256.Load(state + (2 * Lanes)), d = Vector256.Load(state + (3 * Lanes));
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

    /// <summary>The message schedule: 16 vectors of block words become 64 vectors of K[t] + W[t].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Expand(uint* w)
    {
        for (uint* p = w; p < w + (48 * Lanes); p += Lanes)
        {
            // p is W[t - 16]
            Vector256<uint> w15 = Vector256.Load(p + Lanes);
            Vector256<uint> w2 = Vector256.Load(p + (14 * Lanes));
            Vector256<uint> s0 = Rotate(w15, 7) ^ Rotate(w15, 18) ^ (w15 >>> 3);
            Vector256<uint> s1 = Rotate(w2, 17) ^ Rotate(w2, 19) ^ (w2 >>> 10);
            (Vector256.Load(p) + s0 + Vector256.Load(p + (9 * Lanes)) + s1).Store(p + (16 * Lanes));
        }

        uint* k = s_roundConstants;
        for (int at = 0; at < 64 * Lanes; at += Lanes)
            (Vector256.Load(w + at) + Vector256.Load(k + at)).Store(w + at);
    }

    /// <summary>64 rounds over K[t] + W[t], and the addition to the state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rounds(uint* state, uint* kw)
    {
        Vector256<uint> a = Vector256.Load(state), b = Vector256.Load(state + Lanes);
        Vector256<uint> c = Vector256.Load(state + (2 * Lanes)), d = Vector256.Load(state + (3 * Lanes));
        Vector256<uint> e = Vector256.Load(state + (4 * Lanes)), f = Vector256.Load(state + (5 * Lanes));
        Vector256<uint> g = Vector256.Load(state + (6 * Lanes)), h = Vector256.Load(state + (7 * Lanes));
        Vector256<uint> bc = b ^ c;
        for (uint* p = kw, end = kw + ScheduleWords; p < end; p += 8 * Lanes)
        {
            // The names move by one each round instead of the values; after eight rounds they are home again.
            Round(a, b, ref bc, ref d, e, f, g, ref h, p);
            Round(h, a, ref bc, ref c, d, e, f, ref g, p + Lanes);
            Round(g, h, ref bc, ref b, c, d, e, ref f, p + (2 * Lanes));
            Round(f, g, ref bc, ref a, b, c, d, ref e, p + (3 * Lanes));
            Round(e, f, ref bc, ref h, a, b, c, ref d, p + (4 * Lanes));
            Round(d, e, ref bc, ref g, h, a, b, ref c, p + (5 * Lanes));
            Round(c, d, ref bc, ref f, g, h, a, ref b, p + (6 * Lanes));
            Round(b, c, ref bc, ref e, f, g, h, ref a, p + (7 * Lanes));
        }

        (a + Vector256.Load(state)).Store(state);
        (b + Vector256.Load(state + Lanes)).Store(state + Lanes);
        (c + Vector256.Load(state + (2 * Lanes))).Store(state + (2 * Lanes));
        (d + Vector256.Load(state + (3 * Lanes))).Store(state + (3 * Lanes));
        (e + Vector256.Load(state + (4 * Lanes))).Store(state + (4 * Lanes));
        (f + Vector256.Load(state + (5 * Lanes))).Store(state + (5 * Lanes));
        (g + Vector256.Load(state + (6 * Lanes))).Store(state + (6 * Lanes));
        (h + Vector256.Load(state + (7 * Lanes))).Store(state + (7 * Lanes));
    }

    /// <summary>
    /// One round. <paramref name="bc"/> carries b ^ c from the round before, where it was a ^ b:
    /// majority(a, b, c) = b ^ ((a ^ b) &amp; (b ^ c)) then costs two operations and the next round's share.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector256<uint> a,
        Vector256<uint> b,
        ref Vector256<uint> bc,
        ref Vector256<uint> d,
        Vector256<uint> e,
        Vector256<uint> f,
        Vector256<uint> g,
        ref Vector256<uint> h,
        uint* kw)
    {
        Vector256<uint> t1 = h + Vector256.Load(kw) + (g ^ (e & (f ^ g))) + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25));
        Vector256<uint> ab = a ^ b;
        d += t1;
        h = t1 + (b ^ (ab & bc)) + (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22));
        bc = ab;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> x, [ConstantExpected] int count) => (x >>> count) ^ (x << (32 - count));

    private static uint* Broadcast(ReadOnlySpan<uint> words)
    {
        uint* vectors = (uint*)NativeMemory.AlignedAlloc((nuint)(words.Length * Lanes * sizeof(uint)), 64);
        for (int i = 0; i < words.Length; i++)
            new Span<uint>(vectors + (i * Lanes), Lanes).Fill(words[i]);
        return vectors;
    }

    private static uint[] PairPaddingSchedule()
    {
        uint[] w = new uint[64];
        w[0] = 0x80000000;
        w[15] = 8 * Sha256Kernel.PairLength;
        for (int t = 16; t < 64; t++)
        {
            uint s0 = uint.RotateRight(w[t - 15], 7) ^ uint.RotateRight(w[t - 15], 18) ^ (w[t - 15] >> 3);
            uint s1 = uint.RotateRight(w[t - 2], 17) ^ uint.RotateRight(w[t - 2], 19) ^ (w[t - 2] >> 10);
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }

        for (int t = 0; t < 64; t++)
            w[t] += Sha256Constants.RoundConstants[t];
        return w;
    }
}
