using DataPrep.Ipld;

namespace DataPrep.Car;

/// <summary>One section of a CAR: <c>uv(length) ‖ CID ‖ data</c>.</summary>
/// <param name="Offset">Offset in the file of the length varint.</param>
/// <param name="Cid">CID of the block, not verified.</param>
/// <param name="DataOffset">Offset in the file of the block's first byte.</param>
/// <param name="DataLength">Length of the block in bytes.</param>
/// <param name="Data">The block, valid until the reader's next call or disposal; empty where data is skipped.</param>
public readonly record struct CarSection(long Offset, Cid Cid, long DataOffset, int DataLength, ReadOnlyMemory<byte> Data);
