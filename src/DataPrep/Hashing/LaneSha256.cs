using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace DataPrep.Hashing;

/// <summary>
/// SHA-256 of as many messages at once as a vector has lanes. For CPUs without SHA instructions it is the best there
/// is; where the platform's SHA-256 uses them, one long stream of it may be as fast as all lanes here, so long messages
/// then go to it: a calibration of some 100 microseconds at first use decides.
/// </summary>
internal abstract unsafe class LaneSha256<TVector, TLanes> : Sha256Kernel
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    /// <summary>What a call of the platform's SHA-256 costs beside its bytes, in bytes hashed meanwhile (some 500 ns).</summary>
    public const int PlatformCallCost = 768;

    // Where platform and lanes are equally fast per byte, the call cost is lost among this many bytes.
    private const int PlatformFromLength = 4 * 1024;

    private static readonly Lazy<int> s_longest = new(() => LanesAreFaster() ? int.MaxValue : PlatformFromLength);

    public override int LongMessages => s_longest.Value == int.MaxValue ? TLanes.Count : FewMessages;

    protected override void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests)
    {
        // Fewer leave most lanes idle.
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
            LaneMessages<TVector, TLanes>.Hash(start, messages, digests, s_longest.Value);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests)
    {
        int batch = TLanes.Count * PairLength;
        byte* bytes = stackalloc byte[LaneScratch<TVector, TLanes>.Length];
        var scratch = new LaneScratch<TVector, TLanes>(bytes);
        int whole = pairs.Length / batch;
        fixed (byte* from = pairs, to = digests)
        {
            for (int i = 0; i < whole; i++)
                LaneCompression<TVector, TLanes>.HashPairs(from + (i * batch), to + (i * (batch / 2)), scratch.State, scratch.Schedule);
        }

        // The pairs that are left are worth a batch with idle lanes.
        ReadOnlySpan<byte> rest = pairs[(whole * batch)..];
        if (rest.IsEmpty)
            return;
        byte* last = stackalloc byte[batch];
        rest.CopyTo(new Span<byte>(last, batch));
        LaneCompression<TVector, TLanes>.HashPairs(last, last, scratch.State, scratch.Schedule);
        new ReadOnlySpan<byte>(last, rest.Length / 2).CopyTo(digests[(whole * (batch / 2))..]);
    }

    /// <summary>Whether the lanes beat one stream of the platform's SHA-256 clearly, on this machine.</summary>
    private static bool LanesAreFaster()
    {
        const int LaneLength = 4 * 1024;
        int lanes = TLanes.Count;
        byte[] buffer = new byte[lanes * LaneLength];
        byte[] digests = new byte[lanes * DigestLength];
        var messages = new Message[lanes];
        for (int i = 0; i < lanes; i++)
            messages[i] = new Message(i * LaneLength, LaneLength);

        long inLanes = long.MaxValue, platform = long.MaxValue;
        for (int attempt = 0; attempt < 3; attempt++)
        {
            long start = Stopwatch.GetTimestamp();
            fixed (byte* from = buffer)
                LaneMessages<TVector, TLanes>.Hash(from, messages, digests, int.MaxValue);
            long middle = Stopwatch.GetTimestamp();
            SHA256.HashData(buffer, digests);
            inLanes = Math.Min(inLanes, middle - start);
            platform = Math.Min(platform, Stopwatch.GetTimestamp() - middle);
        }

        return inLanes * 5 < platform * 4;
    }
}
