using System.Buffers;
using SimpleBase;

namespace DataPrep.Ipld;

/// <summary>
/// Multibase text with exactly one accepted spelling per value: no padding, no other letter case, no stray trailing bits.
/// </summary>
internal static class MultibaseText
{
    private const string Base16Digits = "0123456789abcdef";
    private const string Base32Digits = "abcdefghijklmnopqrstuvwxyz234567";
    private const string Base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly SearchValues<char> Base36Set = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> Base58Set = SearchValues.Create("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");

    /// <summary>Prefix character and encoded bytes.</summary>
    public static string Encode(Multibase encoding, ReadOnlySpan<byte> bytes) => (char)encoding + encoding switch
    {
        Multibase.Base16 => EncodeBits(bytes, Base16Digits, 4),
        Multibase.Base32 => EncodeBits(bytes, Base32Digits, 5),
        Multibase.Base64Url => EncodeBits(bytes, Base64Digits, 6),
        Multibase.Base36 => Base36.LowerCase.Encode(bytes),
        Multibase.Base58Btc => EncodeBase58(bytes),
        _ => throw new ArgumentOutOfRangeException(nameof(encoding)),
    };

    public static string EncodeBase58(ReadOnlySpan<byte> bytes) => Base58.Bitcoin.Encode(bytes);

    /// <summary>Null where the prefix is unknown or the text is not the one spelling of its bytes.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return null;
        }

        ReadOnlySpan<char> digits = text[1..];
        return (Multibase)text[0] switch
        {
            Multibase.Base16 => DecodeBits(digits, Base16Digits, 4),
            Multibase.Base32 => DecodeBits(digits, Base32Digits, 5),
            Multibase.Base64Url => DecodeBits(digits, Base64Digits, 6),
            Multibase.Base36 => DecodeNumber(Base36.LowerCase, Base36Set, digits),
            Multibase.Base58Btc => DecodeBase58(digits),
            _ => null,
        };
    }

    public static byte[]? DecodeBase58(ReadOnlySpan<char> digits) => DecodeNumber(Base58.Bitcoin, Base58Set, digits);

    private static byte[]? DecodeNumber<TAlphabet>(DividingCoder<TAlphabet> coder, SearchValues<char> set, ReadOnlySpan<char> digits)
        where TAlphabet : CodingAlphabet
    {
        if (digits.ContainsAnyExcept(set))
        {
            return null;
        }

        byte[] buffer = new byte[coder.GetSafeByteCountForDecoding(digits)];
        if (!coder.TryDecode(digits, buffer, out int written))
        {
            return null;
        }

        // Holding the text against its own re-encoding keeps the answer strict whatever the coder lets through.
        byte[] bytes = buffer[..written];
        return digits.SequenceEqual(coder.Encode(bytes)) ? bytes : null;
    }

    private static string EncodeBits(ReadOnlySpan<byte> bytes, string digits, int width)
    {
        char[] text = new char[((bytes.Length * 8) + width - 1) / width];
        int count = 0, bits = 0;
        uint pending = 0;
        foreach (byte b in bytes)
        {
            pending = (pending << 8) | b;
            bits += 8;
            while (bits >= width)
            {
                bits -= width;
                text[count++] = digits[(int)(pending >> bits) & ((1 << width) - 1)];
            }
        }

        if (bits > 0)
        {
            text[count] = digits[(int)(pending << (width - bits)) & ((1 << width) - 1)];
        }

        return new string(text);
    }

    private static byte[]? DecodeBits(ReadOnlySpan<char> text, string digits, int width)
    {
        byte[] bytes = new byte[text.Length * width / 8];
        int count = 0, bits = 0;
        uint pending = 0;
        foreach (char c in text)
        {
            int digit = digits.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0)
            {
                return null;
            }

            pending = (pending << width) | (uint)digit;
            bits += width;
            if (bits >= 8)
            {
                bits -= 8;
                bytes[count++] = (byte)(pending >> bits);
            }
        }

        // A whole unused digit, or a leftover bit that is set, would be a second spelling of the same bytes.
        return bits >= width || (pending & ((1u << bits) - 1)) != 0 ? null : bytes;
    }
}
