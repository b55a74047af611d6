namespace DataPrep.Tests.Reference;

/// <summary>CARv1 written whole in memory: a header with one root, then length | CID | block.</summary>
internal static class RefCar
{
    public static byte[] Header(RefCid root)
    {
        // {"roots": [42(h'00' || cid)], "version": 1}; both CID lengths lie in 24..255, hence 58
        byte[] map =
        [
            0xa2, 0x65, .. "roots"u8, 0x81, 0xd8, 0x2a, 0x58, (byte)(root.Bytes.Length + 1), 0, .. root.Bytes, 0x67, .. "version"u8, 1,
        ];
        return [.. RefBytes.Varint((ulong)map.Length), .. map];
    }

    public static byte[] Section(RefCid cid, byte[] block) =>
        [.. RefBytes.Varint((ulong)(cid.Bytes.Length + block.Length)), .. cid.Bytes, .. block];

    /// <summary>The CAR with every block once, at its first visit in <paramref name="order"/>.</summary>
    public static byte[] Write(RefCid root, IEnumerable<RefBlock> order) => RefBytes.Concat(
        order.DistinctBy(block => block.Cid.Text)
            .Select(block => Section(block.Cid, block.Bytes ?? throw new InvalidOperationException("Build with KeepLeafBytes.")))
            .Prepend(Header(root)));
}
