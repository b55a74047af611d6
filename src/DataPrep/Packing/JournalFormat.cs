using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DataPrep.Packing;

/// <summary>
/// Where things stand in a journal. The checksum of a record is over the checksum before it, which stands right before
/// the record, and the record: so the file's end is sound only if all before it is, in this order.
/// </summary>
internal static class JournalFormat
{
    // magic 8 | version 2 | hash of the plan 32 | checksum 16
    public const int VersionAt = 8, PlanHashAt = 10, HeaderLength = 58;

    // payload length 4 | kind 1 | payload | checksum 16
    public const int KindAt = 4, PayloadAt = 5;

    public const int Version = 2;
    public const int PlanHashLength = 32;
    public const int ChecksumLength = 16;

    /// <summary>What a record takes beside its payload.</summary>
    public const int FrameLength = PayloadAt + ChecksumLength;

    public static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'J', (byte)'R', (byte)'N', (byte)'L', (byte)'\n'];

    /// <exception cref="ArgumentException">The hash does not have 32 bytes.</exception>
    public static void WriteHeader(Span<byte> header, ReadOnlySpan<byte> planHash)
    {
        if (planHash.Length != PlanHashLength)
            throw new ArgumentException("The hash of a plan has 32 bytes.", nameof(planHash));
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[VersionAt..], Version);
        planHash.CopyTo(header[PlanHashAt..]);
        Checksum(header[..^ChecksumLength], header[^ChecksumLength..]);
    }

    /// <summary>The first 16 bytes of the SHA-256 of some bytes.</summary>
    public static void Checksum(ReadOnlySpan<byte> bytes, Span<byte> checksum)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        _ = SHA256.HashData(bytes, digest);
        digest[..ChecksumLength].CopyTo(checksum);
    }
}
