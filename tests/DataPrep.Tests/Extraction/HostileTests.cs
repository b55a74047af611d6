using System.Diagnostics;
using System.Text;
using DataPrep.Ipld;
using DataPrep.Tests.Reference;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Extraction;

/// <summary>CARs made to do harm: nothing outside the target is touched, nothing is written that a file's size does not announce, and all ends soon.</summary>
public sealed class HostileTests : IDisposable
{
    private readonly ScratchFolder scratch = new();
    private readonly HandMade dag = new();

    public HostileTests() => _ = scratch.File("outside/file", "untouched");

    public void Dispose() => scratch.Dispose();

    private List<Finding> Extract(Cid root, bool overwrite = false)
    {
        string car = dag.Write(scratch.At("hostile.car"), root);
        var before = ScratchFolder.Snapshot(scratch.At("outside"));
        var clock = Stopwatch.StartNew();
        var (_, findings) = DiskTree.Extract([car], scratch.At("to"), overwrite: overwrite);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 20);
        Assert.Equal(before, ScratchFolder.Snapshot(scratch.At("outside")));
        Assert.Equal(["hostile.car", "outside", "to"], Directory.GetFileSystemEntries(scratch.Root).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal));
        return findings;
    }

    private string[] Restored() => [.. Directory.GetFiles(scratch.At("to"), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(scratch.At("to"), file)).Order(StringComparer.Ordinal)];

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("../outside/file")]
    [InlineData("/tmp/dataprep-hostile")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    public void NamesThatLeadElsewhereAreRefused(string name)
    {
        var finding = Assert.Single(Extract(dag.Folder(("good", dag.Raw("good")), ("sub", dag.Folder((name, dag.Raw("evil")), ("better", dag.Raw("better")))))));
        Assert.Equal(("damaged", "error"), (finding.Code, finding.Severity));
        Assert.Contains("unusable name", finding.Message, StringComparison.Ordinal);
        Assert.Equal(["good", "sub/better"], Restored());
        Assert.False(File.Exists("/tmp/dataprep-hostile"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NothingIsWrittenThroughASymlink(bool overwrite)
    {
        string outside = scratch.At("outside");
        var root = dag.Folder(("x", dag.Link(outside)), ("x", dag.Folder(("file", dag.Raw("evil")))), ("good", dag.Raw("good")), ("there", dag.Folder(("file", dag.Raw("evil")))));
        _ = Directory.CreateDirectory(scratch.At("to"));
        _ = File.CreateSymbolicLink(scratch.At("to/there"), outside);
        var findings = Extract(root, overwrite);
        Assert.Equal(["there", "x", "x"], findings.Select(finding => finding.Path).Order(StringComparer.Ordinal));
        Assert.Equal("name-taken", findings.Single(finding => finding.Path == "there").Code);
        Assert.Equal("untouched", File.ReadAllText(scratch.At("outside/file")));
        Assert.Equal("good", File.ReadAllText(scratch.At("to/good")));
    }

    [Fact]
    public void SymlinksAreMadeAsTheyAreAndNamesStandOnce()
    {
        var root = dag.Folder(("a", dag.Link("../outside/file")), ("b", dag.Raw("1")), ("b", dag.Raw("2")), ("c", dag.Link("")), ("d", dag.Link(new string('x', 5000))), ("e", dag.Link("n\0l")), (new string('n', 300), dag.Raw("long")), (".dataprep-extract", dag.Raw("work")));
        var findings = Extract(root);
        Assert.Equal(7, findings.Count);
        Assert.Equal("../outside/file", new FileInfo(scratch.At("to/a")).LinkTarget);
        Assert.Equal(["a"], Restored());
    }

    [Fact]
    public void SetIdBitsOfCarsAreLeftOut()
    {
        var file = dag.Node([.. HandMade.FileData(4, [], "root"), .. RefBytes.VarintField(7, 0x81ed | 0xc00)]);
        Assert.Empty(Extract(dag.Folder(("sh", file))));
        if (!OperatingSystem.IsWindows())
            Assert.Equal((UnixFileMode)0x1ed, File.GetUnixFileMode(scratch.At("to/sh")));
    }

    [Fact]
    public void FilesThatAreNotWhatTheySayAreNotWritten()
    {
        var a = dag.Raw("aaaa");
        var b = dag.Raw("bb");
        var lying = dag.File(1UL << 62, [1UL << 61, 1UL << 61], [dag.File(8, [4, 4], [a, a]), dag.File(8, [4, 4], [a, a])]);
        var chain = dag.File(0, [], []);
        for (int i = 0; i < 100; i++)
            chain = dag.File(0, [0, 0], [chain, chain]);
        var deep = a;
        for (int i = 0; i < 100; i++)
            deep = dag.File(4, [4], [deep]);
        var wrong = new Dictionary<string, Cid>
        {
            ["none"] = dag.File(6, [], [a, b]),
            ["one"] = dag.File(6, [4], [a, b]),
            ["too-many"] = dag.File(6, [4, 2, 2], [a, b]),
            ["swapped"] = dag.File(6, [2, 4], [a, b]),
            ["sum"] = dag.File(7, [4, 2], [a, b]),
            ["inline"] = dag.File(6, [4, 2], [a, b], "more"),
            ["overflow"] = dag.File(null, [1UL << 63, 1UL << 63], [a, b]),
            ["huge"] = dag.File(ulong.MaxValue, [4, 2], [a, b]),
            ["hidden"] = dag.File(4, [4, 0], [a, b]),
            ["lying"] = lying,
            ["empty-tree"] = chain,
            ["deep"] = deep,
            ["folder"] = dag.File(4, [4], [dag.Folder(("x", a))]),
            ["not-unixfs"] = dag.Node([0x08, 0x63]),
            ["cbor"] = Cid.Sha256(1, Multicodec.DagCbor, System.Security.Cryptography.SHA256.HashData("x"u8)),
            ["missing"] = dag.File(11, [4, 7], [a, HandMade.Missing()]),
            ["missing-root"] = HandMade.Missing("other"),
            ["metadata"] = dag.Node(RefBytes.VarintField(1, 3)),
        };
        var findings = Extract(dag.Folder([("good", dag.File(6, [4, 2], [a, b])), .. wrong.Select(entry => (entry.Key, entry.Value))]));
        Assert.Equal(wrong.Keys.Order(StringComparer.Ordinal), findings.Select(finding => finding.Path).Order(StringComparer.Ordinal));
        Assert.Equal(["good"], Restored());
        Assert.Equal(4, findings.Single(finding => finding.Path == "missing").Offset);
        // No file system has files of the size of one of them, and which say so differs.
        Assert.All(findings.Where(finding => finding.Path is not ("missing" or "missing-root" or "lying")), finding => Assert.Equal("damaged", finding.Code));
    }

    [Fact]
    public void ShardsThatRepeatThemselvesEndSoon()
    {
        var bomb = dag.Shard(8);
        var named = dag.Shard(8, ("0x"u8.ToArray(), dag.Raw("x")));
        for (int i = 0; i < 20; i++)
        {
            bomb = dag.Shard(8, [.. Enumerable.Range(0, 8).Select(bucket => (Encoding.ASCII.GetBytes($"{bucket}"), bomb))]);
            named = dag.Shard(8, [.. Enumerable.Range(0, 8).Select(bucket => (Encoding.ASCII.GetBytes($"{bucket}"), named))]);
        }

        var findings = Extract(dag.Folder(("bomb", bomb), ("good", dag.Raw("good")), ("named", named)));
        Assert.Equal(["bomb", "named"], findings.Select(finding => finding.Path).Order(StringComparer.Ordinal));
        Assert.Equal(["good"], Restored());
    }

    [Fact]
    public void FilesOfOtherToolsComeBack()
    {
        var leaf = dag.File(5, [], [], "inner", type: 0);
        var inline = dag.File(11, [5, 3], [leaf, HandMade.Identity(Multicodec.Raw, "end"u8.ToArray())], "of ");
        var identity = HandMade.Identity(Multicodec.DagPb, HandMade.Block(HandMade.FileData(2, [], "hi")));
        var unsized = dag.File(null, [4, 0, 5], [dag.Raw("1234"), dag.Raw(""), leaf]);
        Assert.Empty(Extract(dag.Folder(("empty", dag.File(null, [], [])), ("identity", identity), ("inline", inline), ("raw", HandMade.Identity(Multicodec.Raw, "raw"u8.ToArray())), ("type-raw", leaf), ("unsized", unsized))));
        string[] expected = ["", "hi", "of innerend", "raw", "inner", "1234inner"];
        Assert.Equal(expected, Restored().Select(file => File.ReadAllText(scratch.At($"to/{file}"))));
    }
}
