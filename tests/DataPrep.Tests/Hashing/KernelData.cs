using DataPrep.Hashing;
using Xunit;

namespace DataPrep.Tests.Hashing;

/// <summary>The kernels that a hashing test runs over: every one that this machine supports.</summary>
internal static class KernelData
{
    public static TheoryData<string> Supported { get; } =
        new(Sha256Kernels.All.Where(kernel => kernel.IsSupported).Select(kernel => kernel.Name));

    public static Sha256Kernel Kernel(string name) => Sha256Kernels.Resolve(name);

    public static byte[] Random(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
