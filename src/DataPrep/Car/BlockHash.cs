using System.Security.Cryptography;
using DataPrep.Ipld;

namespace DataPrep.Car;

/// <summary>Outcome of holding a block against its CID.</summary>
internal enum BlockCheck
{
    Match,
    Mismatch,

    /// <summary>The hash function is not implemented here, or the digest is truncated: nothing is known about the block.</summary>
    Unverifiable,
}

/// <summary>Holds blocks against their CIDs; sha2-256 and identity are implemented.</summary>
internal static class BlockHash
{
    public static BlockCheck Verify(in Cid cid, ReadOnlySpan<byte> data)
    {
        if (!cid.IsDefined)
        {
            return BlockCheck.Unverifiable;
        }

        return cid.MultihashCode switch
        {
            Multicodec.Identity => Compare(cid.Digest, data),
            Multicodec.Sha256 => VerifySha256(in cid, data),
            _ => BlockCheck.Unverifiable,
        };
    }

    private static BlockCheck VerifySha256(in Cid cid, ReadOnlySpan<byte> data)
    {
        if (cid.DigestLength < SHA256.HashSizeInBytes)
        {
            // A digest cut short, even to nothing, would agree with blocks at will.
            return BlockCheck.Unverifiable;
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, digest);
        return Compare(cid.Digest, digest);
    }

    private static BlockCheck Compare(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual) =>
        expected.SequenceEqual(actual) ? BlockCheck.Match : BlockCheck.Mismatch;
}
