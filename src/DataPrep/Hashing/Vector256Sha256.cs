using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace DataPrep.Hashing;

/// <summary>
/// SHA-256 of eight messages at once in 256-bit vectors of managed code. For CPUs without SHA instructions it is the
/// best there is; where the platform's SHA-256 uses them, one long stream of it is as fast as eight lanes here, so long
/// messages go to it: a calibration of some 100 microseconds at first use decides.
/// </summary>
internal sealed unsafe class Vector256Sha256 : Sha256Kernel
{
    /// <summary>What a call of the platform's SHA-256 costs beside its bytes, in bytes hashed meanwhile (some 500 ns).</summary>
    public const int PlatformCallCost = 768;

    private const int Lanes = EightLaneCompression.Lanes;

    // Fewer messages than this leave most lanes idle.
    private const int FewMessages = 3;

    // Where platform and lanes are equally fast per byte, the call cost is lost among this many bytes.
    private const int PlatformFromLength = 4 * 1024;

    private static readonly Lazy<int> s_longest = new(() => LanesAreFaster() ? int.MaxValue : PlatformFromLength);

    public override string Name => "vector256";

    public override bool IsSupported => Avx2.IsSupported;

    protected override void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests)
    {
        if (messages.Length < FewMessages)
        {
            for (int i = 0; i < messages.Length; i++)
            {
                SHA256.HashData(
                    buffer.Slice(messages[i].Offset, messages[i].Length), digests.Slice(i * DigestLength, DigestLength));
            }

            return;
        }

        fixed (byte* start = buffer)
            EightLaneMessages.Hash(start, messages, digests, s_longest.Value);
    }

    [SkipLocalsInit]
    protected override void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests)
    {
        const int Batch = Lanes * PairLength;
        uint* scratch = stackalloc uint[EightLaneCompression.ScheduleWords];
        int whole = pairs.Length / Batch;
        fixed (byte* from = pairs, to = digests)
        {
            for (int batch = 0; batch < whole; batch++)
                EightLaneCompression.HashPairs(from + (batch * Batch), to + (batch * (Batch / 2)), scratch);
        }

        // Up to seven pairs are left: they are worth a batch with idle lanes.
        ReadOnlySpan<byte> rest = pairs[(whole * Batch)..];
        if (rest.IsEmpty)
            return;
        byte* last = stackalloc byte[Batch];
        rest.CopyTo(new Span<byte>(last, Batch));
        EightLaneCompression.HashPairs(last, last, scratch);
        new ReadOnlySpan<byte>(last, rest.Length / 2).CopyTo(digests[(whole * (Batch / 2))..]);
    }

    /// <summary>Whether eight lanes beat one stream of the platform's SHA-256 clearly, on this machine.</summary>
    private static bool LanesAreFaster()
    {
        const int LaneLength = 4 * 1024;
        byte[] buffer = new byte[Lanes * LaneLength];
        byte[] digests = new byte[Lanes * DigestLength];
        var messages = new Message[Lanes];
        for (int i = 0; i < Lanes; i++)
            messages[i] = new Message(i * LaneLength, LaneLength);

        long lanes = long.MaxValue, platform = long.MaxValue;
        for (int attempt = 0; attempt < 3; attempt++)
        {
            long start = Stopwatch.GetTimestamp();
            fixed (byte* from = buffer)
                EightLaneMessages.Hash(from, messages, digests, int.MaxValue);
            long middle = Stopwatch.GetTimestamp();
            SHA256.HashData(buffer, digests);
            lanes = Math.Min(lanes, middle - start);
            platform = Math.Min(platform, Stopwatch.GetTimestamp() - middle);
        }

        return lanes * 5 < platform * 4;
    }
}
