using System.Numerics;
using System.Text;

namespace DataPrep.Tests.Reference;

/// <summary>Varints, protobuf fields and the two CID text encodings, written the long way.</summary>
internal static class RefBytes
{
    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";
    private const string Base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    /// <summary>Unsigned LEB128, least significant group first.</summary>
    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    /// <summary>Protobuf field of wire type 0.</summary>
    public static byte[] VarintField(int number, ulong value) => [(byte)(number << 3), .. Varint(value)];

    /// <summary>Protobuf field of wire type 2.</summary>
    public static byte[] BytesField(int number, byte[] value) => [(byte)((number << 3) | 2), .. Varint((ulong)value.Length), .. value];

    /// <summary>Protobuf field of wire type 5: four bytes, little-endian.</summary>
    public static byte[] Fixed32Field(int number, uint value) =>
        [(byte)((number << 3) | 5), (byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24)];

    public static byte[] Concat(IEnumerable<byte[]> parts)
    {
        using var all = new MemoryStream();
        foreach (byte[] part in parts)
        {
            all.Write(part);
        }

        return all.ToArray();
    }

    /// <summary>Negative when <paramref name="a"/> sorts first; bytes compare unsigned, a prefix sorts first.</summary>
    public static int Compare(byte[] a, byte[] b)
    {
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i] != b[i])
                return a[i] - b[i];
        }

        return a.Length - b.Length;
    }

    /// <summary>RFC 4648 base32, lower case, no padding.</summary>
    public static string ToBase32(byte[] bytes)
    {
        var text = new StringBuilder();
        int buffer = 0, bits = 0;
        foreach (byte b in bytes)
        {
            buffer = (buffer << 8) | b;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text.Append(Base32[(buffer >> bits) & 31]);
            }

            buffer &= (1 << bits) - 1;
        }

        if (bits > 0)
            text.Append(Base32[(buffer << (5 - bits)) & 31]);
        return text.ToString();
    }

    public static string ToBase58(byte[] bytes)
    {
        var number = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        var text = new StringBuilder();
        while (number > 0)
        {
            number = BigInteger.DivRem(number, 58, out BigInteger digit);
            text.Insert(0, Base58[(int)digit]);
        }

        foreach (byte _ in bytes.TakeWhile(b => b == 0))
        {
            text.Insert(0, '1');
        }

        return text.ToString();
    }
}
