namespace DataPrep.Ipld;

/// <summary>Codes of the multicodec table that this library meets, for content codecs, multihashes and index formats.</summary>
public static class Multicodec
{
    /// <summary>Multihash that holds the data itself.</summary>
    public const ulong Identity = 0x00;

    /// <summary>Multihash sha2-256, 32 bytes.</summary>
    public const ulong Sha256 = 0x12;

    /// <summary>murmur3-x64-64, which orders HAMT directories and never identifies a block.</summary>
    public const ulong Murmur3X64 = 0x22;

    /// <summary>Codec of plain bytes.</summary>
    public const ulong Raw = 0x55;

    /// <summary>Codec of Merkle DAG protobuf nodes.</summary>
    public const ulong DagPb = 0x70;

    /// <summary>Codec dag-cbor.</summary>
    public const ulong DagCbor = 0x71;

    /// <summary>Content addressable archive.</summary>
    public const ulong ContentArchive = 0x0202;

    /// <summary>CARv2 index sorted by digest.</summary>
    public const ulong CarIndexSorted = 0x0400;

    /// <summary>CARv2 index sorted by multihash code and digest.</summary>
    public const ulong CarMultihashIndexSorted = 0x0401;

    /// <summary>IPNI transport: bitswap.</summary>
    public const ulong TransportBitswap = 0x0900;

    /// <summary>IPNI transport: graphsync.</summary>
    public const ulong TransportGraphsync = 0x0910;

    /// <summary>IPNI transport: trustless gateway.</summary>
    public const ulong TransportIpfsGatewayHttp = 0x0920;

    /// <summary>IPNI transport: piece retrieval over HTTP.</summary>
    public const ulong TransportPieceHttp = 0x0930;

    /// <summary>Multihash of a piece CID v2 (FRC-0069): padding, tree height and root.</summary>
    public const ulong Fr32Sha256Trunc254PadBinTree = 0x1011;

    /// <summary>Multihash of a piece CID v1: root of the padded binary tree.</summary>
    public const ulong Sha256Trunc254Padded = 0x1012;

    /// <summary>Multihash blake2b-256, used by chain data.</summary>
    public const ulong Blake2b256 = 0xb220;

    /// <summary>Multihash of a sealed sector commitment (CommR).</summary>
    public const ulong PoseidonBls12381A2Fc1 = 0xb401;

    /// <summary>Codec of a piece CID v1.</summary>
    public const ulong FilCommitmentUnsealed = 0xf101;

    /// <summary>Codec of a sealed sector commitment.</summary>
    public const ulong FilCommitmentSealed = 0xf102;
}
