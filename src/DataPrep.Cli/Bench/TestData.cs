using System.Numerics;
using System.Runtime.InteropServices;

namespace DataPrep.Cli.Bench;

/// <summary>Bytes that are the same in every run, and that nothing can compress.</summary>
internal static class TestData
{
    public static byte[] Make(int length)
    {
        byte[] data = GC.AllocateUninitializedArray<byte>(length);
        Fill(data, 1);
        return data;
    }

    /// <param name="seed">Bytes of different seeds have nothing in common.</param>
    public static void Fill(Span<byte> data, ulong seed)
    {
        // SplitMix64: a counter, scrambled
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        ulong state = BitOperations.RotateLeft(seed, 40);
        for (int i = 0; i < words.Length; i++)
        {
            ulong z = state += 0x9e3779b97f4a7c15;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            words[i] = z ^ (z >> 31);
        }

        data[(words.Length * 8)..].Fill(0x5a);
    }

    /// <summary>Makes each block of 4 KiB differ from all other blocks of a file, so that no storage keeps one of them for all.</summary>
    /// <param name="offset">Of the data in its file.</param>
    public static void Stamp(Span<byte> data, long offset)
    {
        for (int at = 0; at + sizeof(long) <= data.Length; at += 4096)
            MemoryMarshal.Write(data[at..], offset + at);
    }
}
