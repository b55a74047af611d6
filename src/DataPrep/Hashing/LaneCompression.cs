using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DataPrep.Hashing;

/// <summary>SHA-256 compression of as many blocks at once as a vector has lanes.</summary>
/// <remarks>Compiled with full optimization at once: a short run would be over before the runtime saw that it is worth it.</remarks>
internal static unsafe class LaneCompression<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    // All lanes K[t]; kept for the life of the process, as is the next.
    private static readonly uint* s_roundConstants = Broadcast(Sha256Constants.RoundConstants);

    // All lanes K[t] + W[t] of the block that pads a 64-byte message: it is always the same block.
    private static readonly uint* s_pairPadding = Broadcast(Sha256Padding.PairSchedule());

    private static readonly uint* s_initialState = Broadcast(Sha256Constants.InitialState);

    /// <summary>Words of the state of all lanes.</summary>
    public static int StateWords => 8 * TLanes.Count;

    /// <summary>Words of the scratch that a block needs: W[0..63] of all lanes.</summary>
    public static int ScheduleWords => 64 * TLanes.Count;

    /// <summary>Sets all lanes to the state a hash starts from.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Initialize(uint* state)
    {
        for (int at = 0; at < StateWords; at += TLanes.Count)
            TLanes.Store(TLanes.Load(s_initialState + at), state + at);
    }

    /// <summary>Digests of messages of 64 bytes each, as many as there are lanes: one data block and the constant padding block.</summary>
    /// <param name="pairs">64 bytes for each lane.</param>
    /// <param name="digests">32 bytes for each lane, written after all of <paramref name="pairs"/> was read.</param>
    /// <param name="state">Scratch of <see cref="StateWords"/>, aligned to a vector for speed only.</param>
    /// <param name="schedule">Scratch of <see cref="ScheduleWords"/>, likewise.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void HashPairs(byte* pairs, byte* digests, uint* state, uint* schedule)
    {
        Initialize(state);
        for (int lane = 0; lane < TLanes.Count; lane += LaneTransposition.Width)
            LaneTransposition.Load(pairs + (lane * Sha256Kernel.PairLength), schedule + lane, TLanes.Count);
        ScheduledRounds(state, schedule, s_roundConstants);
        Rounds(state, s_pairPadding);
        for (int lane = 0; lane < TLanes.Count; lane += LaneTransposition.Width)
            LaneTransposition.Store(state + lane, TLanes.Count, digests + (lane * Sha256Kernel.DigestLength));
    }

    /// <summary>Takes one block of each lane into the state.</summary>
    /// <param name="blocks">Where each lane's 64-byte block is.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(uint* state, byte** blocks, uint* schedule)
    {
        for (int lane = 0; lane < TLanes.Count; lane += LaneTransposition.Width)
            LaneTransposition.Load(blocks + lane, schedule + lane, TLanes.Count);
        ScheduledRounds(state, schedule, s_roundConstants);
    }

    /// <summary>64 rounds over the 16 words of a block, and the addition to the state.</summary>
    /// <param name="w">W[0..15] on entry; round t works out W[t + 16] on the way, which keeps all units busy.</param>
    /// <param name="k">K[0..63].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScheduledRounds(uint* state, uint* w, uint* k)
    {
        int n = TLanes.Count;
        TVector a = TLanes.Load(state), b = TLanes.Load(state + n), c = TLanes.Load(state + (2 * n)), d = TLanes.Load(state + (3 * n));
        TVector e = TLanes.Load(state + (4 * n)), f = TLanes.Load(state + (5 * n)), g = TLanes.Load(state + (6 * n)), h = TLanes.Load(state + (7 * n));
        TVector bc = TLanes.Xor(b, c);
        for (uint* end = w + (48 * n); w < end; w += 8 * n, k += 8 * n)
        {
            // The names move by one each round instead of the values; after eight rounds they are home again.
            Round(a, b, c, ref bc, ref d, e, f, g, ref h, Schedule(w, k));
            Round(h, a, b, ref bc, ref c, d, e, f, ref g, Schedule(w + n, k + n));
            Round(g, h, a, ref bc, ref b, c, d, e, ref f, Schedule(w + (2 * n), k + (2 * n)));
            Round(f, g, h, ref bc, ref a, b, c, d, ref e, Schedule(w + (3 * n), k + (3 * n)));
            Round(e, f, g, ref bc, ref h, a, b, c, ref d, Schedule(w + (4 * n), k + (4 * n)));
            Round(d, e, f, ref bc, ref g, h, a, b, ref c, Schedule(w + (5 * n), k + (5 * n)));
            Round(c, d, e, ref bc, ref f, g, h, a, ref b, Schedule(w + (6 * n), k + (6 * n)));
            Round(b, c, d, ref bc, ref e, f, g, h, ref a, Schedule(w + (7 * n), k + (7 * n)));
        }

        for (uint* end = w + (16 * n); w < end; w += 8 * n, k += 8 * n)
        {
            Round(a, b, c, ref bc, ref d, e, f, g, ref h, Sum(w, k));
            Round(h, a, b, ref bc, ref c, d, e, f, ref g, Sum(w + n, k + n));
            Round(g, h, a, ref bc, ref b, c, d, e, ref f, Sum(w + (2 * n), k + (2 * n)));
            Round(f, g, h, ref bc, ref a, b, c, d, ref e, Sum(w + (3 * n), k + (3 * n)));
            Round(e, f, g, ref bc, ref h, a, b, c, ref d, Sum(w + (4 * n), k + (4 * n)));
            Round(d, e, f, ref bc, ref g, h, a, b, ref c, Sum(w + (5 * n), k + (5 * n)));
            Round(c, d, e, ref bc, ref f, g, h, a, ref b, Sum(w + (6 * n), k + (6 * n)));
            Round(b, c, d, ref bc, ref e, f, g, h, ref a, Sum(w + (7 * n), k + (7 * n)));
        }

        AddTo(state, a, b, c, d);
        AddTo(state + (4 * n), e, f, g, h);
    }

    /// <summary>64 rounds over K[t] + W[t], and the addition to the state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rounds(uint* state, uint* kw)
    {
        int n = TLanes.Count;
        TVector a = TLanes.Load(state), b = TLanes.Load(state + n), c = TLanes.Load(state + (2 * n)), d = TLanes.Load(state + (3 * n));
        TVector e = TLanes.Load(state + (4 * n)), f = TLanes.Load(state + (5 * n)), g = TLanes.Load(state + (6 * n)), h = TLanes.Load(state + (7 * n));
        TVector bc = TLanes.Xor(b, c);
        for (uint* end = kw + (64 * n); kw < end; kw += 8 * n)
        {
            Round(a, b, c, ref bc, ref d, e, f, g, ref h, TLanes.Load(kw));
            Round(h, a, b, ref bc, ref c, d, e, f, ref g, TLanes.Load(kw + n));
            Round(g, h, a, ref bc, ref b, c, d, e, ref f, TLanes.Load(kw + (2 * n)));
            Round(f, g, h, ref bc, ref a, b, c, d, ref e, TLanes.Load(kw + (3 * n)));
            Round(e, f, g, ref bc, ref h, a, b, c, ref d, TLanes.Load(kw + (4 * n)));
            Round(d, e, f, ref bc, ref g, h, a, b, ref c, TLanes.Load(kw + (5 * n)));
            Round(c, d, e, ref bc, ref f, g, h, a, ref b, TLanes.Load(kw + (6 * n)));
            Round(b, c, d, ref bc, ref e, f, g, h, ref a, TLanes.Load(kw + (7 * n)));
        }

        AddTo(state, a, b, c, d);
        AddTo(state + (4 * n), e, f, g, h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        TVector a, TVector b, TVector c, ref TVector bc, ref TVector d, TVector e, TVector f, TVector g, ref TVector h, TVector kw)
    {
        TVector t1 = TLanes.Add(TLanes.Add(TLanes.Add(h, kw), TLanes.Choose(e, f, g)), TLanes.BigSigma1(e));
        d = TLanes.Add(d, t1);
        h = TLanes.Add(TLanes.Add(t1, TLanes.Majority(a, b, c, ref bc)), TLanes.BigSigma0(a));
    }

    /// <summary>Stores W[t + 16] for <paramref name="w"/> at W[t], and gives K[t] + W[t].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Schedule(uint* w, uint* k)
    {
        int n = TLanes.Count;
        TVector now = TLanes.Load(w);
        TVector sum = TLanes.Add(now, TLanes.SmallSigma0(TLanes.Load(w + n)));
        sum = TLanes.Add(sum, TLanes.Load(w + (9 * n)));
        TLanes.Store(TLanes.Add(sum, TLanes.SmallSigma1(TLanes.Load(w + (14 * n)))), w + (16 * n));
        return TLanes.Add(now, TLanes.Load(k));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sum(uint* x, uint* y) => TLanes.Add(TLanes.Load(x), TLanes.Load(y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(uint* state, TVector v0, TVector v1, TVector v2, TVector v3)
    {
        int n = TLanes.Count;
        TLanes.Store(TLanes.Add(v0, TLanes.Load(state)), state);
        TLanes.Store(TLanes.Add(v1, TLanes.Load(state + n)), state + n);
        TLanes.Store(TLanes.Add(v2, TLanes.Load(state + (2 * n))), state + (2 * n));
        TLanes.Store(TLanes.Add(v3, TLanes.Load(state + (3 * n))), state + (3 * n));
    }

    private static uint* Broadcast(ReadOnlySpan<uint> words)
    {
        uint* vectors = (uint*)NativeMemory.AlignedAlloc((nuint)(words.Length * TLanes.Count * sizeof(uint)), 64);
        for (int i = 0; i < words.Length; i++)
            new Span<uint>(vectors + (i * TLanes.Count), TLanes.Count).Fill(words[i]);
        return vectors;
    }
}
