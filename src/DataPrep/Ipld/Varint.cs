namespace DataPrep.Ipld;

/// <summary>
/// Unsigned varints of the multiformats family: LEB128, least significant group first, always minimal, at most nine bytes and
/// therefore at most 2^63-1. Used in CIDs, multihashes, CAR section lengths and CARv2 index codecs. Specification: multiformats/unsigned-varint.
/// </summary>
public static class Varint
{
    /// <summary>Largest number of bytes of an encoded value.</summary>
    public const int MaxLength = 9;

    /// <summary>Largest value that can be encoded, 2^63-1.</summary>
    public const ulong MaxValue = long.MaxValue;

    /// <summary>Number of bytes that <see cref="Write"/> produces for a value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is larger than <see cref="MaxValue"/>.</exception>
    public static int Length(ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxValue);
        return Leb128.Length(value);
    }

    /// <summary>Writes a value and returns the number of bytes written.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is larger than <see cref="MaxValue"/>.</exception>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public static int Write(Span<byte> destination, ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxValue);
        return Leb128.Write(destination, value);
    }

    /// <summary>Reads a value from the start of <paramref name="source"/>.</summary>
    /// <param name="source">Bytes that start with a varint; what follows it is ignored.</param>
    /// <param name="value">The value, or 0 where the result is not <see cref="VarintStatus.Ok"/>.</param>
    /// <param name="length">Bytes the varint takes, or 0 where the result is not <see cref="VarintStatus.Ok"/>.</param>
    public static VarintStatus TryRead(ReadOnlySpan<byte> source, out ulong value, out int length)
    {
        value = 0;
        length = 0;
        ulong result = 0;
        int available = Math.Min(source.Length, MaxLength);
        for (int i = 0; i < available; i++)
        {
            byte b = source[i];
            result |= (ulong)(b & 0x7f) << (7 * i);
            if (b >= 0x80)
            {
                continue;
            }

            if (b == 0 && i > 0)
            {
                return VarintStatus.NotMinimal;
            }

            value = result;
            length = i + 1;
            return VarintStatus.Ok;
        }

        return available == MaxLength ? VarintStatus.Overflow : VarintStatus.Incomplete;
    }
}
