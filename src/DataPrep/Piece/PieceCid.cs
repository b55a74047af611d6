using DataPrep.Ipld;

namespace DataPrep.Piece;

/// <summary>Piece CIDs, version 1 and version 2 (FRC-0069).</summary>
/// <remarks>
/// <code>
/// v1: fil-commitment-unsealed, sha2-256-trunc254-padded, digest = root (32 bytes)
/// v2: raw, fr32-sha2-256-trunc254-padbintree,            digest = uvarint(padding) | height (1 byte) | root (32 bytes)
/// </code>
/// padding = (32 &lt;&lt; height) / 128 * 127 - payload. A tree has the natural height of its payload, so the padding is
/// less than half of what the tree holds, but for payloads under 127 bytes: they are extended to 127.
/// </remarks>
public static class PieceCid
{
    private const int RootLength = Piece.PieceSize.NodeLength;

    /// <summary>The version 1 CID of a root of 32 bytes. It does not carry the piece's size.</summary>
    /// <exception cref="ArgumentException">The root has another length.</exception>
    public static Cid V1(ReadOnlySpan<byte> root)
    {
        ThrowIfNotRoot(root);
        return Cid.V1(Multicodec.FilCommitmentUnsealed, Multicodec.Sha256Trunc254Padded, root);
    }

    /// <summary>The version 2 CID of a root.</summary>
    /// <param name="root">32 bytes.</param>
    /// <param name="payloadSize">Bytes of payload.</param>
    /// <param name="height">The natural height of that payload: 2 for up to 127 bytes.</param>
    /// <exception cref="ArgumentException">The root has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The height is not the payload's natural one: such a CID is not valid.</exception>
    public static Cid V2(ReadOnlySpan<byte> root, long payloadSize, int height)
    {
        ThrowIfNotRoot(root);
        int natural = PieceSize.Height(PieceSize.Padded(payloadSize));
        if (height != natural)
        {
            throw new ArgumentOutOfRangeException(
                nameof(height), height, $"A payload of {payloadSize} bytes has a tree of height {natural}; for a larger piece its zeros count as payload.");
        }

        long padding = PieceSize.Unpadded(PieceSize.OfHeight(height)) - payloadSize;
        Span<byte> digest = stackalloc byte[Varint.MaxLength + 1 + RootLength];
        int length = Varint.Write(digest, (ulong)padding);
        digest[length++] = (byte)height;
        root.CopyTo(digest[length..]);
        return Cid.V1(Multicodec.Raw, Multicodec.Fr32Sha256Trunc254PadBinTree, digest[..(length + RootLength)]);
    }

    /// <summary>The version 1 CID of the same piece; a version 1 CID is returned as it is.</summary>
    /// <exception cref="MalformedDataException">The CID is no valid piece CID.</exception>
    public static Cid ToV1(Cid v2) => V1(Decode(v2).Root);

    /// <summary>The version 2 CID of the same piece, which has the natural size of its payload.</summary>
    /// <exception cref="ArgumentException">A version 2 CID was given, for another payload size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The payload size is negative or too large.</exception>
    /// <exception cref="MalformedDataException">The CID is no valid piece CID.</exception>
    public static Cid ToV2(Cid v1, long payloadSize)
    {
        PieceCidInfo info = Decode(v1);
        if (info.PayloadSize is { } known && known != payloadSize)
            throw new ArgumentException($"The piece CID states a payload of {known} bytes.", nameof(payloadSize));
        return V2(info.Root, payloadSize, PieceSize.Height(PieceSize.Padded(payloadSize)));
    }

    /// <summary>Takes a piece CID of either version apart.</summary>
    /// <exception cref="MalformedDataException">The CID is of another kind, or breaks the rules of its version.</exception>
    public static PieceCidInfo Decode(Cid cid)
    {
        if (cid is { Version: 1, Codec: Multicodec.FilCommitmentUnsealed, MultihashCode: Multicodec.Sha256Trunc254Padded })
        {
            if (cid.DigestLength != RootLength)
                throw new MalformedDataException($"A piece CID of version 1 has a digest of 32 bytes, not {cid.DigestLength}");
            ThrowIfNotElement(cid.Digest);
            return new PieceCidInfo(1, cid.Digest, null, null, null);
        }

        if (cid is { Version: 1, Codec: Multicodec.Raw, MultihashCode: Multicodec.Fr32Sha256Trunc254PadBinTree })
            return DecodeV2(cid.Digest);
        throw new MalformedDataException("The CID is no piece CID");
    }

    private static PieceCidInfo DecodeV2(ReadOnlySpan<byte> digest)
    {
        VarintStatus status = Varint.TryRead(digest, out ulong value, out int length);
        if (status != VarintStatus.Ok)
            throw new MalformedDataException($"The padding in a piece CID is no varint ({status})");
        if (digest.Length != length + 1 + RootLength)
            throw new MalformedDataException($"The digest of this piece CID has {length + 1 + RootLength} bytes, not {digest.Length}");

        int height = digest[length];
        if (height is < PieceSize.MinHeight or > PieceSize.MaxHeight)
            throw new MalformedDataException($"A piece of height {height} is none");
        long capacity = PieceSize.Unpadded(PieceSize.OfHeight(height));
        if (value > (ulong)capacity)
            throw new MalformedDataException($"A padding of {value} bytes is more than a piece of height {height} holds");

        // With a height of its own for each payload size, no piece has two names.
        long padding = (long)value, payload = capacity - padding;
        if (PieceSize.Padded(payload) != PieceSize.OfHeight(height))
            throw new MalformedDataException($"A padding of {padding} bytes is half of a piece of height {height} or more");
        ThrowIfNotElement(digest[(length + 1)..]);
        return new PieceCidInfo(2, digest[(length + 1)..], payload, padding, height);
    }

    private static void ThrowIfNotRoot(ReadOnlySpan<byte> root)
    {
        if (root.Length != RootLength)
            throw new ArgumentException("A root of 32 bytes is needed.", nameof(root));
    }

    private static void ThrowIfNotElement(ReadOnlySpan<byte> root)
    {
        if ((root[^1] & ~PieceTree.LastByteMask) != 0)
            throw new MalformedDataException("The root in a piece CID is no field element: its two top bits are not zero");
    }
}
