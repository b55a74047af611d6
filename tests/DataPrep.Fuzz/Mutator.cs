using System.Buffers.Binary;

namespace DataPrep.Fuzz;

/// <summary>Changes inputs at random, in the ways in which decoders of lengths, counts and nested fields break. A seed decides everything.</summary>
internal sealed class Mutator(ulong seed)
{
    private const int Longest = 1 << 20;
    private static readonly long[] Limits = [0, 1, 2, 127, 128, 255, 256, 16383, 16384, 65535, 65536, int.MaxValue, 1L << 31, uint.MaxValue, 1L << 32, (1L << 56) - 1, long.MaxValue, long.MinValue, -1, -2];
    private ulong state = seed | 1;

    /// <summary>A number from 0 to <paramref name="bound"/> - 1; xorshift64*.</summary>
    public int Below(int bound)
    {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return (int)(((state * 0x2545F4914F6CDD1DUL) >> 33) % (ulong)bound);
    }

    /// <param name="other">Gives pieces of itself.</param>
    public byte[] Mutate(byte[] input, byte[] other)
    {
        byte[] bytes = [.. input];
        do
            bytes = Once(bytes, other);
        while (Below(3) > 0);
        return bytes;
    }

    private byte[] Once(byte[] bytes, byte[] other)
    {
        if (bytes.Length == 0)
            return [.. other];
        int at = Below(bytes.Length), count = 1 + Below(Math.Min(bytes.Length - at, 1 << Below(12)));
        switch (Below(11))
        {
            case 0:
                bytes[at] ^= (byte)(1 << Below(8));
                return bytes;
            case 1:
                bytes[at] = (byte)Below(256);
                return bytes;
            case 2:
                bytes[at] += (byte)(Below(2) == 0 ? 1 : 255);
                return bytes;
            case 3:
                bytes.AsSpan(at, count).Fill((byte)Limits[Below(6)]);
                return bytes;
            case 4:
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, Limit());
                if (Below(2) == 0)
                    number.Reverse();
                number[..Math.Min(1 << Below(4), Math.Min(8, bytes.Length - at))].CopyTo(bytes.AsSpan(at));
                return bytes;
            case 5:
                return [.. bytes[..at], .. Varint(), .. bytes[Math.Min(bytes.Length, at + Below(10))..]];
            case 6:
                return [.. bytes[..at], .. bytes[(at + count)..]];
            case 7:
                return Shortened([.. bytes[..at], .. bytes[at..(at + count)], .. bytes[at..]]);
            case 8:
                int from = Below(Math.Max(1, other.Length));
                int taken = Math.Min(other.Length - from, count);
                return Shortened([.. bytes[..at], .. other.AsSpan(from, taken), .. bytes[(Below(2) == 0 ? at : Math.Min(bytes.Length, at + taken))..]]);
            case 9:
                return bytes[..at];
            default:
                int to = Below(bytes.Length - count + 1);
                bytes.AsSpan(at, count).ToArray().CopyTo(bytes.AsSpan(to));
                return bytes;
        }
    }

    private long Limit() => Limits[Below(Limits.Length)] + Below(3) - 1;

    /// <summary>A number of seven bits a byte, now and then longer than it need be.</summary>
    private byte[] Varint()
    {
        var bytes = new List<byte>();
        ulong value = (ulong)Limit();
        do
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }
        while (value > 0 || Below(8) == 0);
        bytes[^1] &= 0x7f;
        return [.. bytes];
    }

    private static byte[] Shortened(byte[] bytes) => bytes.Length <= Longest ? bytes : bytes[..Longest];
}
