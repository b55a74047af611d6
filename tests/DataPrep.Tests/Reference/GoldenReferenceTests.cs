using System.Security.Cryptography;
using Xunit;

namespace DataPrep.Tests.Reference;

/// <summary>The reference against every golden UnixFS case.</summary>
public sealed class GoldenReferenceTests
{
    public static TheoryData<string> FileIds => [.. GoldenUnixfs.Files.Select(c => c.Id)];

    public static TheoryData<string> DirectoryIds => [.. GoldenUnixfs.Directories.Select(c => c.Id)];

    [Fact]
    public void AllCasesAreThere()
    {
        Assert.Equal(66, GoldenUnixfs.Files.Count());
        Assert.Equal(34, GoldenUnixfs.Directories.Count());
    }

    [Theory]
    [MemberData(nameof(FileIds))]
    public void File(string id) => Check(GoldenUnixfs.Get(id));

    [Theory]
    [MemberData(nameof(DirectoryIds))]
    public void Directory(string id) => Check(GoldenUnixfs.Get(id));

    [Fact]
    public void DisagreementsAreTheKnownOnes() =>
        // mode0644: js-importer drops a mode that equals the default, boxo and kubo keep it.
        // dirsonly-ambiguous: js-importer counts child directories as nothing when it decides on sharding, boxo counts them.
        Assert.Equal(
            ["dir-hamt-nested-dirsonly-ambiguous", "file-c262144-l174-prng-1000-mode0644", "file-c262144-l174-prng-300000-mode0644"],
            GoldenUnixfs.Files.Concat(GoldenUnixfs.Directories).Where(c => !c.Consensus).Select(c => c.Id).Order());

    private static void Check(GoldenCase golden)
    {
        const long InMemory = 64 << 20;
        bool withCar = golden.CarPreOrder is not null && golden.CarPreOrder.Size < InMemory;
        RefDag dag = RefUnixfs.Build(GoldenTree.Root(golden), GoldenTree.Options(golden) with { KeepLeafBytes = withCar });

        Assert.Equal(golden.Root, dag.Cid.Text);
        Assert.Equal(golden.BlocksVisited, dag.PreOrder().Count());
        if (golden.DagSize is { } size)
            Assert.Equal(size, dag.Tsize);
        if (golden.BlocksSha256 is { } sha256)
            Assert.Equal(sha256, dag.BlocksSha256());
        if (withCar)
        {
            CheckCar(golden.CarPreOrder!, RefCar.Write(dag.Cid, dag.PreOrder().Select(visit => visit.Block)));
            CheckCar(golden.CarPostOrder!, RefCar.Write(dag.Cid, dag.PostOrder()));
        }
    }

    private static void CheckCar(GoldenCar expected, byte[] car)
    {
        Assert.Equal(expected.Size, car.Length);
        Assert.Equal(expected.Sha256, Convert.ToHexStringLower(SHA256.HashData(car)));
    }
}
