using System.Text;
using Xunit;

namespace DataPrep.Tests.Reference;

/// <summary>Single blocks whose bytes are known, and one whole CAR.</summary>
public sealed class KnownBlockTests
{
    private static readonly RefOptions V1DagPb = RefOptions.V1_2025 with { RawLeaves = false };

    [Fact]
    public void EmptyDirectory()
    {
        var empty = new RefDirectory([]);
        CheckBlock(empty, RefOptions.V0_2015, "0a020801", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
        CheckBlock(empty, RefOptions.V1_2025, "0a020801", "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
    }

    [Fact]
    public void EmptyFile()
    {
        var empty = new RefFile(Array.Empty<byte>());
        CheckBlock(empty, RefOptions.V0_2015, "0a0408021800", "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
        CheckBlock(empty, V1DagPb, "0a0408021800", "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y");
        CheckBlock(empty, RefOptions.V1_2025, "", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    }

    [Theory]
    [InlineData("foo", null, 0, "0a0708041203666f6f", "QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5")]
    [InlineData("nothing", 1604320482L, 0, "0a13080412076e6f7468696e67420608e2f9fffc05", "QmbJwotgtr84JxcnjpwJ86uZiyMoxbZuNH4YrdJMypkYaB")]
    [InlineData("nothing", 1603539720L, 54321, "0a18080412076e6f7468696e67420b0888a6d0fc051531d40000", "QmPHYCxYvvHj6VxiPNJ3kXxcPsnJLDYUJqsDJWjvytmrmY")]
    public void Symlink(string target, long? seconds, int nanos, string hex, string cid) => CheckBlock(
        new RefSymlink(Encoding.UTF8.GetBytes(target), seconds is { } s ? (s, nanos) : null), RefOptions.V0_2015, hex, cid);

    [Theory]
    [InlineData(0x1a0u, null, 0, "0a070802180038a003", "QmQLgxypSNGNFTuUPGCecq6dDEjb6hNB5xSyVmP3cEuNtq")]
    [InlineData(null, 1604320482L, 0, "0a0c08021800420608e2f9fffc05", "QmQ6kErEW8kztQFV8vbwNU8E4dmtGsYpRiboiLxUEwibvj")]
    [InlineData(0x1a0u, 1604320482L, 0, "0a0f0802180038a003420608e2f9fffc05", "QmYkvboLsvLFcSYmqVJRxvBdYRQLroLv9kELf3LRiCqBri")]
    [InlineData(null, 1603539720L, 54321, "0a1108021800420b0888a6d0fc051531d40000", "QmaKH8H5rXBUBCX4vdxi7ktGQEL7wejV7L9rX2qpZjwncz")]
    [InlineData(0x1f4u, 1603539720L, 54321, "0a140802180038f403420b0888a6d0fc051531d40000", "QmUkxrtBA8tPjwCYz1HrsoRfDz6NgKut3asVeHVQNH4C8L")]
    public void EmptyFileWithMetadata(uint? mode, long? seconds, int nanos, string hex, string cid)
    {
        var file = new RefFile([], mode, seconds is { } s ? (s, nanos) : null);
        CheckBlock(file, RefOptions.V0_2015, hex, cid);
        // With raw leaves on, metadata still makes the only block of a file a dag-pb node
        CheckBlock(file, RefOptions.V1_2025, hex, RefUnixfs.Build(file, V1DagPb).Cid.Text);
    }

    [Fact]
    public void DirectoryWithItsDefaultModeKeepsIt() =>
        CheckBlock(new RefDirectory([], Mode: 0x1ed), RefOptions.V0_2015, "0a05080138ed03", "QmRviohgafvCsbkiTgfQFipbuXJ6k1YtoiaQW4quttJPKu");

    [Fact]
    public void NegativeSecondsTakeTenBytes()
    {
        RefDag dag = RefUnixfs.Build(new RefFile([], mtime: (-1, 0)), RefOptions.V1_2025 with { KeepLeafBytes = true });
        Assert.Equal("0a1108021800420b08ffffffffffffffffff01", Convert.ToHexStringLower(dag.Root.Bytes!));
    }

    [Fact]
    public void NamesSortByUtf8Bytes()
    {
        var x = new RefFile("x"u8.ToArray());
        RefDag dag = RefUnixfs.Build(new RefDirectory([("\U0001F600"u8.ToArray(), x), ("\uFF5E"u8.ToArray(), x)]), RefOptions.V1_2025);
        Assert.Equal("bafybeigbbdpapteyg3iowrtne5i7bqld44t3mnfwmbryx4xsgjj4eoyfaa", dag.Cid.Text);
    }

    [Fact]
    public void WholeCar()
    {
        RefDag dag = RefUnixfs.Build(new RefFile("hello world"u8.ToArray()), RefOptions.V1_2025 with { KeepLeafBytes = true });
        Assert.Equal(
            "3aa265726f6f747381d82a58250001551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde96776657273696f6e01"
            + "2f01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde968656c6c6f20776f726c64",
            Convert.ToHexStringLower(RefCar.Write(dag.Cid, [dag.Root])));
    }

    [Theory]
    [InlineData("", 0x0000000000000000ul)]
    [InlineData("a", 0x85555565f6597889ul)]
    [InlineData("hello", 0xcbd8a7b341bd9b02ul)]
    [InlineData("470.txt", 0x006e88df5847e67cul)]
    [InlineData("742.txt", 0x00ff87d129ae5428ul)]
    public void Murmur(string name, ulong h1) => Assert.Equal(h1, RefMurmur.H1(Encoding.UTF8.GetBytes(name)));

    private static void CheckBlock(RefNode node, RefOptions options, string hex, string cid)
    {
        RefDag dag = RefUnixfs.Build(node, options with { KeepLeafBytes = true });
        Assert.Equal(hex, Convert.ToHexStringLower(dag.Root.Bytes!));
        Assert.Equal(cid, dag.Cid.Text);
    }
}
