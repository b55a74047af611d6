using System.Security.Cryptography;

namespace DataPrep.Hashing;

/// <summary>
/// The platform's own SHA-256 (OpenSSL, CNG, CryptoKit): as fast as the CPU's SHA instructions on long messages, but a
/// call costs some 500 ns, so it is no hasher for trees.
/// </summary>
internal sealed class DotNetSha256 : Sha256Kernel
{
    public override string Name => "dotnet";

    public override bool IsSupported => true;

    protected override void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests)
    {
        for (int i = 0; i < messages.Length; i++)
        {
            SHA256.HashData(
                buffer.Slice(messages[i].Offset, messages[i].Length),
                digests.Slice(i * DigestLength, DigestLength));
        }
    }

    protected override void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests)
    {
        // The platform says nothing about a destination that overlaps its source, as digest 0 overlaps pair 0.
        Span<byte> digest = stackalloc byte[DigestLength];
        for (int i = 0; i < pairs.Length / PairLength; i++)
        {
            SHA256.HashData(pairs.Slice(i * PairLength, PairLength), digest);
            digest.CopyTo(digests[(i * DigestLength)..]);
        }
    }
}
