using System.Security.Cryptography;
using DataPrep.Hashing;
using Xunit;

namespace DataPrep.Tests.Hashing;

public sealed class KernelPairTests
{
    private const byte Untouched = 0x5a;

    public static TheoryData<string> Kernels => KernelData.Kernels;

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_number_of_pairs_around_the_lanes(string name)
    {
        for (int count = 0; count <= 70; count++)
        {
            // An odd start, so that no load is aligned.
            byte[] pairs = KernelData.Random(count, (64 * count) + 1), digests = new byte[(32 * count) + 9];
            digests.AsSpan().Fill(Untouched);
            KernelData.Kernel(name).HashPairs(pairs.AsSpan(1), digests.AsSpan(3, 32 * count));
            Assert.Equal(Expected(pairs.AsSpan(1)), digests[3..(3 + (32 * count))]);
            Assert.Equal(9, digests.Count(b => b == Untouched) - Expected(pairs.AsSpan(1)).Count(b => b == Untouched));
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void In_place_the_digests_may_start_where_the_pairs_start(string name)
    {
        for (int count = 0; count <= 70; count++)
        {
            byte[] pairs = KernelData.Random(100 + count, 64 * count), layer = [.. pairs];
            KernelData.Kernel(name).HashPairs(layer, layer);
            Assert.Equal(Expected(pairs), layer[..(32 * count)]);
            Assert.Equal(pairs[(32 * count)..], layer[(32 * count)..]);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Refuses_part_of_a_pair_and_too_little_room(string name)
    {
        Sha256Kernel kernel = KernelData.Kernel(name);
        Assert.Throws<ArgumentException>(() => kernel.HashPairs(new byte[65], new byte[64]));
        Assert.Throws<ArgumentException>(() => kernel.HashPairs(new byte[128], new byte[63]));
    }

    private static byte[] Expected(ReadOnlySpan<byte> pairs)
    {
        byte[] digests = new byte[pairs.Length / 2];
        for (int i = 0; i < pairs.Length / 64; i++)
            SHA256.HashData(pairs.Slice(64 * i, 64), digests.AsSpan(32 * i));
        return digests;
    }
}
