using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using ArmInstructions = System.Runtime.Intrinsics.Arm.Sha256;

namespace DataPrep.Hashing;

/// <summary>
/// SHA-256 by the instructions of ARMv8, two messages interleaved: a chain of SHA256H waits some four cycles for each
/// result, and the second chain runs in that time.
/// </summary>
internal sealed unsafe class ArmSha256 : Sha256Kernel
{
    private const int BlockLength = 64;
    private const int TailLength = 2 * BlockLength;

    // K[t] + W[t] of the block that pads a 64-byte message; kept for the life of the process.
    private static readonly uint* s_pairPadding = Copy(Sha256Padding.PairSchedule());
    private static readonly uint* s_roundConstants = Copy(Sha256Constants.RoundConstants);

    public override string Name => "arm-sha256";

    public override bool IsSupported => ArmInstructions.IsSupported && BitConverter.IsLittleEndian;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests)
    {
        byte* tails = stackalloc byte[2 * TailLength];
        fixed (byte* start = buffer, to = digests)
        {
            Stream x = default, y = default;
            int next = 0;
            while (true)
            {
                // A stream that has ended gives its digest and takes the next message.
                if (!x.Running && next < messages.Length)
                    x.Begin(start, messages[next], to + (next++ * DigestLength), tails);
                if (!y.Running && next < messages.Length)
                    y.Begin(start, messages[next], to + (next++ * DigestLength), tails + TailLength);
                if (x.Running && y.Running)
                {
                    int blocks = Math.Min(x.BlocksLeft, y.BlocksLeft);
                    Compress(ref x.Abcd, ref x.Efgh, ref y.Abcd, ref y.Efgh, x.Block, y.Block, blocks);
                    x.Advance(blocks);
                    y.Advance(blocks);
                }
                else if (x.Running)
                {
                    Alone(ref x);
                }
                else if (y.Running)
                {
                    Alone(ref y);
                }
                else
                {
                    return;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests)
    {
        fixed (byte* from = pairs, to = digests)
        {
            int count = pairs.Length / PairLength;
            for (int i = 0; i < count; i += 2)
            {
                // An odd last pair is hashed twice; both have been read before a digest is written.
                byte* px = from + (i * PairLength);
                byte* py = i + 1 < count ? px + PairLength : px;
                Vector128<uint> xAbcd = InitialAbcd, xEfgh = InitialEfgh, yAbcd = InitialAbcd, yEfgh = InitialEfgh;
                Compress(ref xAbcd, ref xEfgh, ref yAbcd, ref yEfgh, px, py, 1);
                PadPair(ref xAbcd, ref xEfgh, ref yAbcd, ref yEfgh);
                WriteDigest(xAbcd, xEfgh, to + (i * DigestLength));
                if (i + 1 < count)
                    WriteDigest(yAbcd, yEfgh, to + ((i + 1) * DigestLength));
            }
        }
    }

    private static Vector128<uint> InitialAbcd => Vector128.Create(Sha256Constants.InitialState);

    private static Vector128<uint> InitialEfgh => Vector128.Create(Sha256Constants.InitialState[4..]);

    private static void Alone(ref Stream stream)
    {
        Vector128<uint> abcd = stream.Abcd, efgh = stream.Efgh;
        int blocks = stream.BlocksLeft;
        Compress(ref stream.Abcd, ref stream.Efgh, ref abcd, ref efgh, stream.Block, stream.Block, blocks);
        stream.Advance(blocks);
    }

    /// <summary>Takes as many blocks of each of two streams into their states.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(
        ref Vector128<uint> xAbcd, ref Vector128<uint> xEfgh, ref Vector128<uint> yAbcd, ref Vector128<uint> yEfgh, byte* x, byte* y, int blocks)
    {
        Vector128<uint> xa = xAbcd, xe = xEfgh, ya = yAbcd, ye = yEfgh;
        for (; blocks > 0; blocks--, x += BlockLength, y += BlockLength)
        {
            Vector128<uint> xaBefore = xa, xeBefore = xe, yaBefore = ya, yeBefore = ye;
            Vector128<uint> x0 = Words(x), x1 = Words(x + 16), x2 = Words(x + 32), x3 = Words(x + 48);
            Vector128<uint> y0 = Words(y), y1 = Words(y + 16), y2 = Words(y + 32), y3 = Words(y + 48);
            uint* k = s_roundConstants;
            for (uint* end = k + 48; k < end; k += 16)
            {
                ScheduledRounds(ref xa, ref xe, ref x0, x1, x2, x3, k);
                ScheduledRounds(ref ya, ref ye, ref y0, y1, y2, y3, k);
                ScheduledRounds(ref xa, ref xe, ref x1, x2, x3, x0, k + 4);
                ScheduledRounds(ref ya, ref ye, ref y1, y2, y3, y0, k + 4);
                ScheduledRounds(ref xa, ref xe, ref x2, x3, x0, x1, k + 8);
                ScheduledRounds(ref ya, ref ye, ref y2, y3, y0, y1, k + 8);
                ScheduledRounds(ref xa, ref xe, ref x3, x0, x1, x2, k + 12);
                ScheduledRounds(ref ya, ref ye, ref y3, y0, y1, y2, k + 12);
            }

            Rounds(ref xa, ref xe, x0 + Vector128.Load(k));
            Rounds(ref ya, ref ye, y0 + Vector128.Load(k));
            Rounds(ref xa, ref xe, x1 + Vector128.Load(k + 4));
            Rounds(ref ya, ref ye, y1 + Vector128.Load(k + 4));
            Rounds(ref xa, ref xe, x2 + Vector128.Load(k + 8));
            Rounds(ref ya, ref ye, y2 + Vector128.Load(k + 8));
            Rounds(ref xa, ref xe, x3 + Vector128.Load(k + 12));
            Rounds(ref ya, ref ye, y3 + Vector128.Load(k + 12));
            xa += xaBefore;
            xe += xeBefore;
            ya += yaBefore;
            ye += yeBefore;
        }

        xAbcd = xa;
        xEfgh = xe;
        yAbcd = ya;
        yEfgh = ye;
    }

    /// <summary>The constant second block of a pair: its schedule is known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PadPair(ref Vector128<uint> xAbcd, ref Vector128<uint> xEfgh, ref Vector128<uint> yAbcd, ref Vector128<uint> yEfgh)
    {
        Vector128<uint> xa = xAbcd, xe = xEfgh, ya = yAbcd, ye = yEfgh;
        uint* kw = s_pairPadding;
        for (uint* end = kw + 64; kw < end; kw += 4)
        {
            Vector128<uint> sum = Vector128.Load(kw);
            Rounds(ref xa, ref xe, sum);
            Rounds(ref ya, ref ye, sum);
        }

        xAbcd += xa;
        xEfgh += xe;
        yAbcd += ya;
        yEfgh += ye;
    }

    /// <summary>Four rounds over w0, which becomes the four words that come 16 later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ScheduledRounds(
        ref Vector128<uint> abcd, ref Vector128<uint> efgh, ref Vector128<uint> w0, Vector128<uint> w4, Vector128<uint> w8, Vector128<uint> w12, uint* k)
    {
        Vector128<uint> sum = w0 + Vector128.Load(k);
        w0 = ArmInstructions.ScheduleUpdate1(ArmInstructions.ScheduleUpdate0(w0, w4), w8, w12);
        Rounds(ref abcd, ref efgh, sum);
    }

    /// <summary>Four rounds over K + W.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rounds(ref Vector128<uint> abcd, ref Vector128<uint> efgh, Vector128<uint> sum)
    {
        Vector128<uint> before = abcd;
        abcd = ArmInstructions.HashUpdate1(abcd, efgh, sum);
        efgh = ArmInstructions.HashUpdate2(efgh, before, sum);
    }

    /// <summary>Four big-endian words of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Words(byte* from) => AdvSimd.ReverseElement8(Vector128.Load((uint*)from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteDigest(Vector128<uint> abcd, Vector128<uint> efgh, byte* digest)
    {
        AdvSimd.ReverseElement8(abcd).Store((uint*)digest);
        AdvSimd.ReverseElement8(efgh).Store((uint*)(digest + 16));
    }

    private static uint* Copy(ReadOnlySpan<uint> words)
    {
        uint* copy = (uint*)NativeMemory.AlignedAlloc((nuint)(words.Length * sizeof(uint)), 64);
        words.CopyTo(new Span<uint>(copy, words.Length));
        return copy;
    }

    /// <summary>A message under way: its whole blocks first, then its one or two padded ones.</summary>
    private struct Stream
    {
        public Vector128<uint> Abcd;
        public Vector128<uint> Efgh;
        public byte* Block;
        public int BlocksLeft;
        private byte* digest;
        private byte* tail;
        private Message message;

        public readonly bool Running => digest != null;

        public void Begin(byte* buffer, Message message, byte* digest, byte* tail)
        {
            Abcd = InitialAbcd;
            Efgh = InitialEfgh;
            this.message = message;
            this.digest = digest;
            this.tail = tail;
            Block = buffer + message.Offset;
            BlocksLeft = message.Length / BlockLength;
            if (BlocksLeft == 0)
                BeginTail();
        }

        public void Advance(int blocks)
        {
            Block += blocks * BlockLength;
            BlocksLeft -= blocks;
            if (BlocksLeft > 0)
                return;
            if (tail != null)
            {
                BeginTail();
                return;
            }

            WriteDigest(Abcd, Efgh, digest);
            digest = null;
        }

        /// <summary>Block is at the message's last bytes, fewer than a block.</summary>
        private void BeginTail()
        {
            int length = Sha256Padding.Write(
                new ReadOnlySpan<byte>(Block, message.Length % BlockLength), message.Length, new Span<byte>(tail, TailLength));
            Block = tail;
            BlocksLeft = length / BlockLength;
            tail = null;
        }
    }
}
