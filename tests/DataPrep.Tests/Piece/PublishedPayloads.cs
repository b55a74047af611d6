namespace DataPrep.Tests.Piece;

/// <summary>Payloads that published commitments belong to.</summary>
internal static class PublishedPayloads
{
    /// <summary>x = 12345; then for each byte x = x * 1664525 + 1013904223 mod 2^32, and the byte is x >> 24.</summary>
    public static byte[] Lcg(int length)
    {
        byte[] payload = new byte[length];
        uint x = 12345;
        for (int i = 0; i < length; i++)
        {
            x = unchecked((x * 1664525) + 1013904223);
            payload[i] = (byte)(x >> 24);
        }

        return payload;
    }
}
