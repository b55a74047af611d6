using System.Numerics;

namespace DataPrep.Ipld;

/// <summary>The encoding that both kinds of varint share on the writing side.</summary>
internal static class Leb128
{
    public static int Length(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    public static int Write(Span<byte> destination, ulong value)
    {
        int length = Length(value);
        if (destination.Length < length)
        {
            throw new ArgumentException("The destination is too short for the varint.", nameof(destination));
        }

        for (int i = 0; i < length - 1; i++)
        {
            destination[i] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[length - 1] = (byte)value;
        return length;
    }
}
