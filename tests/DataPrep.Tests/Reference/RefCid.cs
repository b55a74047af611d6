using System.Security.Cryptography;

namespace DataPrep.Tests.Reference;

/// <summary>A sha2-256 CID: its binary form and its text (base58btc for version 0, base32 for version 1).</summary>
internal sealed record RefCid(byte[] Bytes, string Text)
{
    public const byte Raw = 0x55;
    public const byte DagPb = 0x70;

    /// <summary>The CID of a block; raw blocks are always version 1, as version 0 implies dag-pb.</summary>
    public static RefCid Of(byte codec, byte[] block, int version)
    {
        byte[] multihash = [0x12, 0x20, .. SHA256.HashData(block)];
        if (version == 0 && codec == DagPb)
            return new RefCid(multihash, RefBytes.ToBase58(multihash));
        byte[] bytes = [1, codec, .. multihash];
        return new RefCid(bytes, "b" + RefBytes.ToBase32(bytes));
    }

    public override string ToString() => Text;
}
