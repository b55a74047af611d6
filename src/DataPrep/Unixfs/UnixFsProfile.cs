using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>How the size of a directory is estimated for the decision to shard it (IPIP-499).</summary>
public enum HamtEstimation
{
    /// <summary>Sum of the lengths of names and binary CIDs.</summary>
    LinksBytes,

    /// <summary>Exact length of the directory's block, were it not sharded.</summary>
    BlockBytes,
}

/// <summary>The parameters that decide the CIDs of a UnixFS import (IPIP-499).</summary>
public sealed record UnixFsProfile
{
    /// <summary>Largest content of a leaf: 2 MiB less room for its envelope, as in boxo's size chunker.</summary>
    public const int MaxChunkSize = (2 << 20) - 256;

    /// <summary>Most links of a file node; keeps its block below 2 MiB whatever the sizes.</summary>
    public const int MostLinks = 16384;

    /// <summary>The ratified profile: CIDv1, chunks of 1 MiB, raw leaves, 1024 links.</summary>
    public static UnixFsProfile V1Of2025 { get; } = new();

    /// <summary>The legacy profile: CIDv0, chunks of 256 KiB, dag-pb leaves, 174 links.</summary>
    public static UnixFsProfile V0Of2015 { get; } = new()
    {
        Name = "unixfs-v0-2015",
        CidVersion = 0,
        ChunkSize = 262_144,
        RawLeaves = false,
        MaxLinks = 174,
        HamtEstimation = HamtEstimation.LinksBytes,
    };

    public string Name { get; init; } = "unixfs-v1-2025";

    public int CidVersion { get; init; } = 1;

    /// <summary>Content bytes of a leaf, all but the last of a file.</summary>
    public int ChunkSize { get; init; } = 1 << 20;

    public bool RawLeaves { get; init; } = true;

    /// <summary>Most children of an inner file node.</summary>
    public int MaxLinks { get; init; } = 1024;

    /// <summary>A directory is sharded when its estimated size is more than this many bytes; never when it is 0.</summary>
    public long HamtThreshold { get; init; } = 262_144;

    /// <summary>Buckets of a shard: a power of two from 8 to 1024.</summary>
    public int HamtFanout { get; init; } = 256;

    public HamtEstimation HamtEstimation { get; init; } = HamtEstimation.BlockBytes;

    /// <summary>Whether permission bits go into the DAG (UnixFS 1.5).</summary>
    public bool PreserveMode { get; init; }

    /// <summary>Whether modification times go into the DAG (UnixFS 1.5).</summary>
    public bool PreserveMtime { get; init; }

    /// <summary>Profile by its name; <c>legacy-cid-v0</c> is an alias of v0-2015. Null where unknown.</summary>
    public static UnixFsProfile? ByName(string name) => name switch
    {
        "unixfs-v1-2025" => V1Of2025,
        "unixfs-v0-2015" or "legacy-cid-v0" => V0Of2015,
        _ => null,
    };

    /// <summary>What is wrong with the parameters, as a sentence; null when nothing is.</summary>
    public string? Problem()
    {
        if (ChunkSize is < 1 or > MaxChunkSize)
            return $"chunk size must be from 1 to {MaxChunkSize} bytes (blocks above 2 MiB cannot be transferred)";
        if (MaxLinks is < 2 or > MostLinks)
            return $"max links must be from 2 to {MostLinks}";
        if (CidVersion is not (0 or 1))
            return "CID version must be 0 or 1";
        if (HamtThreshold is < 0 or > 1 << 20)
            return "HAMT threshold must be from 0 to 1 MiB (larger directory blocks are refused by other implementations)";
        return HamtFanout is >= 8 and <= 1024 && int.IsPow2(HamtFanout) ? null : "HAMT fanout must be a power of two from 8 to 1024";
    }

    /// <summary>Binary length of the CID of a dag-pb block.</summary>
    internal int NodeCidLength => CidVersion == 0 ? 34 : 36;

    /// <summary>Writes the binary CID of a block of ours from its digest; returns its length.</summary>
    internal int WriteCid(Span<byte> destination, bool raw, ReadOnlySpan<byte> digest)
    {
        // A raw block has no CIDv0: it is CIDv1 under either version.
        var prefix = raw ? [0x01, 0x55, 0x12, 0x20] : CidVersion == 0 ? [0x12, 0x20] : (ReadOnlySpan<byte>)[0x01, 0x70, 0x12, 0x20];
        prefix.CopyTo(destination);
        digest.CopyTo(destination[prefix.Length..]);
        return prefix.Length + digest.Length;
    }

    internal Cid CidOf(bool raw, ReadOnlySpan<byte> digest) =>
        Cid.Sha256(raw ? 1 : CidVersion, raw ? Multicodec.Raw : Multicodec.DagPb, digest);
}
