using System.Security.Cryptography;
using DataPrep.Hashing;
using Xunit;

namespace DataPrep.Tests.Hashing;

/// <summary>The kernels that a test runs over.</summary>
internal static class KernelData
{
    private static readonly Sha256Kernel[] s_kernels =
        [.. Sha256Kernels.All.Where(kernel => kernel.IsSupported || kernel is Vector256Sha256 or Vector512Sha256)];

    /// <summary>Every kernel that this machine supports.</summary>
    public static TheoryData<string> Supported { get; } = new(s_kernels.Where(kernel => kernel.IsSupported).Select(kernel => kernel.Name));

    /// <summary>Also the kernels of vectors where the runtime has to make the vectors of smaller ones.</summary>
    public static TheoryData<string> Kernels { get; } = new(s_kernels.Select(kernel => kernel.Name));

    public static Sha256Kernel Kernel(string name) => s_kernels.Single(kernel => kernel.Name == name);

    public static byte[] Random(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Holds digests against the platform's.</summary>
    public static void AssertDigests(byte[] buffer, Message[] messages, byte[] digests)
    {
        for (int i = 0; i < messages.Length; i++)
        {
            byte[] expected = SHA256.HashData(buffer.AsSpan(messages[i].Offset, messages[i].Length));
            Assert.True(expected.AsSpan().SequenceEqual(digests.AsSpan(32 * i, 32)), $"message {i} of {messages.Length}: {messages[i]}");
        }
    }
}
