using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace DataPrep.Ipld;

/// <summary>
/// Content identifier, version 0 or 1. A value type of 80 bytes that allocates nothing for digests of up to 48 bytes.
/// Equality is on the binary form, so version 0 and version 1 of the same block differ. The default value is no CID
/// (<see cref="IsDefined"/> is false). Specification: multiformats/cid.
/// </summary>
public readonly partial struct Cid : IEquatable<Cid>
{
    /// <summary>Longest digest accepted, in bytes, for identity and for every other multihash.</summary>
    public const int MaxDigestLength = 128;

    /// <summary>Largest <see cref="ByteLength"/> possible: three varints of the longest kind, two bytes of length and the digest.</summary>
    public const int MaxByteLength = 1 + Varint.MaxLength + Varint.MaxLength + 2 + MaxDigestLength;

    private const int InlineLength = 48;
    private const int V0Length = 34;
    private const int Sha256Length = 32;

    private readonly ulong _codec;
    private readonly ulong _multihashCode;
    private readonly byte[]? _longDigest;
    private readonly InlineDigest _inlineDigest;
    private readonly Kind _kind;
    private readonly byte _digestLength;

    private Cid(Kind kind, ulong codec, ulong multihashCode, ReadOnlySpan<byte> digest)
    {
        _kind = kind;
        _codec = codec;
        _multihashCode = multihashCode;
        _digestLength = (byte)digest.Length;
        if (digest.Length <= InlineLength)
        {
            digest.CopyTo(_inlineDigest);
        }
        else
        {
            _longDigest = digest.ToArray();
        }
    }

    private enum Kind : byte
    {
        Undefined,
        V0,
        V1,
    }

    /// <summary>False for the default value only.</summary>
    public bool IsDefined => _kind != Kind.Undefined;

    /// <summary>0 or 1.</summary>
    public int Version => _kind == Kind.V1 ? 1 : 0;

    /// <summary>Multicodec of the block's content; dag-pb for version 0.</summary>
    public ulong Codec => _codec;

    /// <summary>Multicodec of the hash function.</summary>
    public ulong MultihashCode => _multihashCode;

    /// <summary>Length of the digest in bytes.</summary>
    public int DigestLength => _digestLength;

    /// <summary>The digest; the span lives as long as the variable that holds this value.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Digest => _longDigest ?? ((ReadOnlySpan<byte>)_inlineDigest)[.._digestLength];

    /// <summary>Length of the binary form in bytes; 0 where not defined.</summary>
    public int ByteLength => _kind switch
    {
        Kind.V0 => V0Length,
        Kind.V1 => 1 + Varint.Length(_codec) + Varint.Length(_multihashCode) + Varint.Length(_digestLength) + _digestLength,
        _ => 0,
    };

    /// <summary>
    /// Whether IPFS software takes a block with this CID: it refuses digests under 20 bytes, other than identity ones.
    /// </summary>
    public bool IsAcceptedByIpfs => IsDefined && (_multihashCode == Multicodec.Identity || _digestLength >= 20);

    /// <summary>Version 0 CID of a dag-pb block.</summary>
    /// <exception cref="ArgumentException">The digest does not have 32 bytes.</exception>
    public static Cid V0(ReadOnlySpan<byte> sha256Digest)
    {
        RequireSha256(sha256Digest);
        return new(Kind.V0, Multicodec.DagPb, Multicodec.Sha256, sha256Digest);
    }

    /// <summary>Version 1 CID from its parts.</summary>
    /// <exception cref="ArgumentException">The digest is longer than <see cref="MaxDigestLength"/>, or a code larger than 2^63-1.</exception>
    public static Cid V1(ulong codec, ulong multihashCode, ReadOnlySpan<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(codec, Varint.MaxValue);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(multihashCode, Varint.MaxValue);
        if (digest.Length > MaxDigestLength)
        {
            throw new ArgumentException("A digest has at most 128 bytes.", nameof(digest));
        }

        return new(Kind.V1, codec, multihashCode, digest);
    }

    /// <summary>CID of a block with a sha2-256 digest.</summary>
    /// <param name="version">0, which demands dag-pb, or 1.</param>
    /// <param name="codec">Multicodec of the block's content.</param>
    /// <param name="digest">32 bytes.</param>
    /// <exception cref="ArgumentException">The parts do not fit together.</exception>
    public static Cid Sha256(int version, ulong codec, ReadOnlySpan<byte> digest)
    {
        if (version == 0 && codec == Multicodec.DagPb)
        {
            return V0(digest);
        }

        if (version != 1)
        {
            throw new ArgumentException("A CID has version 1, or version 0 with dag-pb.", nameof(version));
        }

        RequireSha256(digest);
        return V1(codec, Multicodec.Sha256, digest);
    }

    /// <summary>Copies the digest and returns its length.</summary>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int CopyDigest(Span<byte> destination)
    {
        Digest.CopyTo(destination);
        return _digestLength;
    }

    /// <inheritdoc/>
    public bool Equals(Cid other) =>
        _kind == other._kind && _codec == other._codec && _multihashCode == other._multihashCode && Digest.SequenceEqual(other.Digest);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Cid other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // Seeded per process: digests, and identity CIDs above all, are chosen by whoever wrote the data.
        HashCode hash = default;
        hash.Add(((ulong)_kind << 56) ^ (_codec << 24) ^ _multihashCode);
        hash.AddBytes(Digest);
        return hash.ToHashCode();
    }

    /// <summary>Equality of the binary forms.</summary>
    public static bool operator ==(Cid left, Cid right) => left.Equals(right);

    /// <summary>Inequality of the binary forms.</summary>
    public static bool operator !=(Cid left, Cid right) => !left.Equals(right);

    private static void RequireSha256(ReadOnlySpan<byte> digest)
    {
        if (digest.Length != Sha256Length)
        {
            throw new ArgumentException("A sha2-256 digest has 32 bytes.", nameof(digest));
        }
    }

    [InlineArray(InlineLength)]
    private struct InlineDigest
    {
        private byte _first;
    }
}
