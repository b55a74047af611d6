using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using DataPrep.Piece;

namespace DataPrep.Aggregation;

/// <summary>
/// An entry of a data segment index (FRC-0058), 64 bytes of the padded deal: two nodes of its tree.
/// <code>
/// | root of the piece, 32 | offset, 8 LE | size, 8 LE | checksum, 16 |
/// </code>
/// The checksum is the beginning of the SHA-256 of the entry with zeros in its place; the two top bits of its last byte are cleared.
/// </summary>
/// <param name="Root">32 bytes.</param>
/// <param name="Offset">Padded bytes; a multiple of the size.</param>
/// <param name="Size">Padded bytes; a power of two.</param>
internal sealed record SegmentEntry(ReadOnlyMemory<byte> Root, long Offset, long Size)
{
    public const int Length = 64;

    private const int OffsetAt = 32, SizeAt = 40, ChecksumAt = 48, ChecksumLength = Length - ChecksumAt;

    public long End => Offset + Size;

    public byte[] ToArray()
    {
        byte[] entry = new byte[Length];
        Root.Span.CopyTo(entry);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(OffsetAt), Offset);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(SizeAt), Size);
        Checksum(entry).CopyTo(entry, ChecksumAt);
        return entry;
    }

    /// <summary>Reads an entry; null where it is none that a reader takes: of another checksum, or of a place where no piece can be.</summary>
    /// <param name="bytes">64 bytes.</param>
    /// <param name="indexStart">Where the index begins, in padded bytes: no piece goes beyond.</param>
    public static SegmentEntry? Read(ReadOnlySpan<byte> bytes, long indexStart)
    {
        long offset = BinaryPrimitives.ReadInt64LittleEndian(bytes[OffsetAt..]), size = BinaryPrimitives.ReadInt64LittleEndian(bytes[SizeAt..]);
        bool isPlaced = size >= PieceSize.Min && BitOperations.IsPow2(size) && size <= indexStart && offset >= 0 && offset <= indexStart - size && offset % size == 0;
        if (!isPlaced || (bytes[PieceSize.NodeLength - 1] & ~PieceTree.LastByteMask) != 0 || !Checksum(bytes).AsSpan().SequenceEqual(bytes[ChecksumAt..Length]))
            return null;
        return new SegmentEntry(bytes[..PieceSize.NodeLength].ToArray(), offset, size);
    }

    private static byte[] Checksum(ReadOnlySpan<byte> entry)
    {
        Span<byte> zeroed = stackalloc byte[Length];
        entry[..ChecksumAt].CopyTo(zeroed);
        zeroed[ChecksumAt..].Clear();
        byte[] checksum = SHA256.HashData(zeroed)[..ChecksumLength];
        checksum[^1] &= PieceTree.LastByteMask;
        return checksum;
    }
}
