using System.Security.Cryptography;
using DataPrep.Car;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Car;

public sealed class BlockIndexTests
{
    private static Cid[] CidsOf(int number)
    {
        byte[] digest = SHA256.HashData(BitConverter.GetBytes(number));
        return
        [
            Cid.V0(digest), Cid.V1(Multicodec.DagPb, Multicodec.Sha256, digest), Cid.V1(Multicodec.Raw, Multicodec.Sha256, digest),
            Cid.V1(Multicodec.DagCbor, Multicodec.Sha256, digest), Cid.V1(Multicodec.Raw, Multicodec.Sha256, digest.AsSpan(1)),
            Cid.V1(Multicodec.Raw, Multicodec.Blake2b256, digest), Cid.V1(Multicodec.Raw, Multicodec.Identity, digest),
        ];
    }

    /// <summary>CIDs that share a digest are as different as any.</summary>
    [Fact]
    public void FindsEachCidAndTheFirstOfEqualOnes()
    {
        const int Count = 300;
        for (int order = 0; order < 7; order++)
        {
            var index = new BlockIndex();
            for (int number = 0; number < Count; number++)
            {
                var cids = CidsOf(number);
                for (int kind = 0; kind < cids.Length; kind++)
                {
                    int at = (kind + order) % cids.Length;
                    Assert.False(index.TryFind(cids[at], out long none, out int noLength));
                    Assert.Equal((-1, -1), (none, noLength));
                    Assert.True(index.TryAdd(cids[at], OffsetOf(number, at), (1 << 30) - 1 - at));
                    Assert.False(index.TryAdd(cids[at], 5, 5));
                }
            }

            index.Trim();
            Assert.Equal(Count * 7, index.Count);
            for (int number = 0; number < Count; number++)
            {
                var cids = CidsOf(number);
                for (int kind = 0; kind < cids.Length; kind++)
                {
                    Assert.True(index.TryFind(cids[kind], out long offset, out int length));
                    Assert.Equal((OffsetOf(number, kind), (1 << 30) - 1 - kind), (offset, length));
                }
            }
        }

        static long OffsetOf(int number, int kind) => ((long)number << 40) + kind;
    }

    [Fact]
    public void TakesWhatItSays()
    {
        const int Count = 100_000;
        var index = new BlockIndex();
        for (int number = 0; number < Count; number++)
            _ = index.TryAdd(CidsOf(number)[2], number, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        index.Trim();
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / (double)Count, 40, 68);
    }

    [Fact]
    public void RefusesLengthsThatNoSectionHas()
    {
        var index = new BlockIndex();
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => index.TryAdd(CidsOf(1)[0], 0, 1 << 30));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => index.TryAdd(CidsOf(1)[0], 0, -1));
    }
}
