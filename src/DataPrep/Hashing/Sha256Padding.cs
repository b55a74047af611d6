using System.Buffers.Binary;

namespace DataPrep.Hashing;

/// <summary>The end of a message: its last bytes, 0x80, zeros, and its length in bits (FIPS 180-4, section 5.1.1).</summary>
internal static class Sha256Padding
{
    /// <summary>Writes the one or two last blocks of a message.</summary>
    /// <param name="remainder">The message's bytes after its last whole block, 0 to 63 of them.</param>
    /// <param name="messageLength">Bytes of the whole message.</param>
    /// <param name="blocks">At least 128 bytes; what follows the written blocks is left alone.</param>
    /// <returns>64 or 128, the bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> remainder, long messageLength, Span<byte> blocks)
    {
        int length = remainder.Length < 56 ? 64 : 128;
        remainder.CopyTo(blocks);
        blocks[remainder.Length] = 0x80;
        blocks[(remainder.Length + 1)..(length - 8)].Clear();
        BinaryPrimitives.WriteInt64BigEndian(blocks[(length - 8)..], messageLength * 8);
        return length;
    }
}
