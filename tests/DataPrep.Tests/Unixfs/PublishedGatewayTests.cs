using DataPrep.Car;
using DataPrep.Tests.Reference;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Unixfs;

/// <summary>What gateways are held to (ipfs/gateway-conformance, tests/trustless_gateway_car_test.go), with the CARs that are published for that.</summary>
public sealed class PublishedGatewayTests
{
    private static readonly string[] Chunks =
    [
        "bafkreie5noke3mb7hqxukzcy73nl23k6lxszxi5w3dtmuwz62wnvkpsscm", "bafkreih4ephajybraj6wnxsbwjwa77fukurtpl7oj7t7pfq545duhot7cq",
        "bafkreigu7buvm3cfunb35766dn7tmqyh2um62zcio63en2btvxuybgcpue", "bafkreicll3huefkc3qnrzeony7zcfo7cr3nbx64hnxrqzsixpceg332fhe",
        "bafkreifst3pqztuvj57lycamoi7z34b4emf7gawxs74nwrc2c7jncmpaqm",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("0:*", 0, 5)]
    [InlineData("512:*", 2, 5)]
    [InlineData("512:1023", 2, 4)]
    [InlineData("512:-256", 2, 4)]
    [InlineData("-5:*", 3, 5)]
    [InlineData("-9999:*", 0, 5)]
    [InlineData("-9999:-3", 0, 4)]
    [InlineData("0:0", 0, 1)]
    public void ARangeHasTheBlocksThatItNeeds(string range, int first, int end)
    {
        using var car = Open("trustless_gateway_car_subdir-with-mixed-block-files.car");
        Assert.True(EntityBytes.TryParse(range, out var bytes));
        var path = DagPath.Resolve(car, car.Roots[0], ["subdir"u8.ToArray(), "multiblock.txt"u8.ToArray()], Cancel)!;
        var cids = Cids(car, path, new DagRequest(DagScope.Entity, bytes));
        Assert.Equal([.. path.Roots.Select(root => root.ToString()), .. Chunks[first..end]], cids);
    }

    [Fact]
    public void MissingBlocksOutsideTheRangeAreNotMissed()
    {
        using var car = Open("trustless_gateway_car_file-3k-and-3-blocks-missing-block.car");
        var path = new DagPath([], [car.Roots[0]]);
        string root = car.Roots[0].ToString();
        Assert.Equal([root, "QmPKt7ptM2ZYSGPUc8PmPT2VBkLDK3iqpG9TBJY7PCE9rF"], Cids(car, path, new DagRequest(DagScope.Entity, new EntityBytes(0, 1000))));
        Assert.Equal([root, "QmWXY482zQdwecnfBsj78poUUuPXvyw2JAFAEMw4tzTavV"], Cids(car, path, new DagRequest(DagScope.Entity, new EntityBytes(2200, null))));
        _ = Assert.Throws<MissingBlockException>(() => Cids(car, path, new DagRequest(DagScope.All)));
    }

    [Fact]
    public void DuplicatesComeOnceOrAsOftenAsTheyAreMet()
    {
        using var car = Open("trustless_gateway_car_dir-with-duplicate-files.car");
        var path = new DagPath([], [car.Roots[0]]);
        var all = Cids(car, path, new DagRequest(DagScope.All, HasDuplicates: true));
        Assert.Equal(10, all.Count);
        Assert.Equal(all[1], all[2]); // ascii-copy.txt and ascii.txt
        Assert.Equal(Chunks, all[^5..]);
        Assert.Equal(all.Distinct(), Cids(car, path, new DagRequest(DagScope.All)));
    }

    [Theory]
    [InlineData("trustless_gateway_car_single-layer-hamt-with-multi-block-files.car", 1000)]
    [InlineData("trustless_gateway_car_subdir-with-two-single-block-files.car", 2)]
    [InlineData("path_gateway_unixfs_dir-with-percent-encoded-filename.car", 1)]
    [InlineData("path_gateway_unixfs_symlink.car", 2)]
    [InlineData("boxo_unixfs-dir-with-mode-mtime.car", 4)]
    public void EveryPathIsThatOfTheSlowTwin(string name, int least)
    {
        using var car = Open(name);
        var twin = new RefWalk();
        using (var reader = CarReader.Open(car.Path))
        {
            while (reader.TryReadSection(out var section))
                twin.Add(section.Cid.ToString(), section.Data.ToArray());
        }

        string root = car.Roots[0].ToString();
        var paths = twin.Paths(root).ToList();
        Assert.InRange(paths.Count, least, 2000);
        foreach (var names in paths.Where((_, i) => i % Math.Max(1, paths.Count / 40) == 0))
        {
            var path = DagPath.Resolve(car, car.Roots[0], names, Cancel)!;
            foreach (var scope in Enum.GetValues<DagScope>())
                Assert.Equal(twin.Blocks(root, names, scope.ToString().ToLowerInvariant(), null), Cids(car, path, new DagRequest(scope, HasDuplicates: true)));
        }
    }

    private static CarBlocks Open(string name) => new(SharedVectors.Require("vectors", "public", "unixfs", name));

    private static List<string> Cids(CarBlocks car, DagPath path, DagRequest request)
    {
        using var walk = new DagWalk(car, path, request);
        var cids = new List<string>();
        while (walk.MoveNext())
            cids.Add(walk.Cid.ToString());
        return cids;
    }
}
