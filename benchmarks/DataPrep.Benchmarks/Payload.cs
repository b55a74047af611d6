namespace DataPrep.Benchmarks;

/// <summary>Bytes that are the same in every run, and are not zero: zeros take shortcuts.</summary>
internal static class Payload
{
    public static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
