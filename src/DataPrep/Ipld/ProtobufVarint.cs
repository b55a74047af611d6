namespace DataPrep.Ipld;

/// <summary>
/// Varints of protocol buffers: up to ten bytes and the full range of 64 bits. Unlike <see cref="Varint"/>, readers take
/// encodings that are longer than needed; writers are always minimal.
/// </summary>
internal static class ProtobufVarint
{
    public const int MaxLength = 10;

    public static int Length(ulong value) => Leb128.Length(value);

    public static int Write(Span<byte> destination, ulong value) => Leb128.Write(destination, value);

    /// <summary>Never answers <see cref="VarintStatus.NotMinimal"/>.</summary>
    public static VarintStatus TryRead(ReadOnlySpan<byte> source, out ulong value, out int length)
    {
        value = 0;
        length = 0;
        ulong result = 0;
        int available = Math.Min(source.Length, MaxLength);
        for (int i = 0; i < available; i++)
        {
            byte b = source[i];
            if (i == MaxLength - 1 && b > 1)
            {
                // Nine groups hold 63 bits: the tenth byte has room for one more, and nothing may follow it.
                return VarintStatus.Overflow;
            }

            result |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                value = result;
                length = i + 1;
                return VarintStatus.Ok;
            }
        }

        return VarintStatus.Incomplete;
    }
}
