using System.Security.Cryptography;
using DataPrep.Hashing;
using FsCheck;
using FsCheck.Fluent;
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
    public void Any_split_at_any_alignment_gives_the_same(string name)
    {
        Sha256Kernel kernel = KernelData.Kernel(name);
        Gen<(int Count, int Split, int Shift, bool InPlace)> cases =
            from count in Gen.Choose(0, 100)
            from split in Gen.Choose(0, count)
            from shift in Gen.Choose(0, 63)
            from inPlace in Gen.Elements(true, false)
            select (count, split, shift, inPlace);
        Prop.ForAll(Arb.From(cases), item =>
        {
            byte[] buffer = KernelData.Random(item.Count, item.Shift + (64 * item.Count)), other = new byte[buffer.Length];
            Span<byte> pairs = buffer.AsSpan(item.Shift), digests = item.InPlace ? pairs : other.AsSpan(item.Shift);
            byte[] expected = Expected(pairs);
            kernel.HashPairs(pairs[..(64 * item.Split)], digests);

            // In place, the second part's digests go where its own pairs begin.
            Span<byte> second = digests[((item.InPlace ? 64 : 32) * item.Split)..];
            kernel.HashPairs(pairs[(64 * item.Split)..], second);
            return digests[..(32 * item.Split)].SequenceEqual(expected.AsSpan(0, 32 * item.Split))
                && second[..(32 * (item.Count - item.Split))].SequenceEqual(expected.AsSpan(32 * item.Split));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));
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
