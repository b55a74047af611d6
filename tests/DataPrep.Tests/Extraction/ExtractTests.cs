using DataPrep.Packing;
using DataPrep.Source;
using DataPrep.Tests.Packing;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Extraction;

/// <summary>What was packed comes back.</summary>
public sealed class ExtractTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string To => scratch.At("to");

    [Fact]
    public void RandomTreesComeBackAsTheyWere() => Splits.Check(150, SplitGen.Plain, (split, options) =>
    {
        int pieces = PackedOutput.Pack(options).Result.Pieces.Count;
        string to = options.Output + "-to";
        var expected = DiskTree.Lines(split.Root, Path.GetFileName(options.Sources[0]));
        foreach (int threads in (int[])[1, 3])
        {
            // The second time everything is there already.
            var (totals, findings) = DiskTree.Extract([options.Output], to, threads: threads, range: 100);
            Assert.Empty(findings);
            Assert.Equal(threads == 1 ? 0 : totals.Files + totals.Links, totals.Kept);
            Assert.Equal(expected.Count, totals.Files + totals.Links + totals.Folders);
            Assert.Equal(expected, DiskTree.Lines(to));
        }

        return pieces;
    });

    [Fact]
    public void PiecesWithoutRecordsComeBackTogether()
    {
        var source = scratch.Folder("src");
        for (int i = 0; i < 40; i++)
            _ = scratch.Noise($"src/folder {i % 3}/{i}", 5000 * i, i);
        var output = Pack(source, 700_000);
        Assert.True(output.Result.Pieces.Count > 3);
        var (totals, findings) = DiskTree.Extract([.. Directory.GetFiles(Out, "*.car")], To);
        Assert.Empty(findings);
        Assert.Equal(40, totals.Files);
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Join(To, Path.GetRelativePath(source, file))));
    }

    [Fact]
    public void HolesComeBackAsHoles()
    {
        const int Size = 64 << 20;
        string path = scratch.File("src/sparse", "begin");
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(file, [1, 2, 3], 20_000_001);
            RandomAccess.SetLength(file, Size);
        }

        _ = Pack(scratch.At("src"));
        Assert.Empty(DiskTree.Extract([Out], To).Findings);
        Assert.InRange(Posix.AllocatedSize(PathText.FromArgument(Path.Join(To, "sparse"))), 1, 1 << 20);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Path.Join(To, "sparse")));
    }

    [Theory]
    [InlineData("{\"type\":\"file\"}", "no path")]
    [InlineData("{\"path\":\"b\",\"pathHex\":\"0x\"}", "")]
    [InlineData("{\"path\":\"b\",\"mode\":-1}", "JSON")]
    [InlineData("{\"path\":", "JSON")]
    public void RecordsThatAreNoneAreSaidAndLeaveTheContent(string line, string expected)
    {
        foreach (string name in (string[])["a", "b", "c"])
            scratch.Mode(scratch.File($"src/{name}", name), 0x140);
        _ = Pack(scratch.At("src"));
        string records = Path.Join(Out, "files.jsonl");
        string[] lines = File.ReadAllLines(records);
        File.WriteAllText(records, $"{lines[0]}\n{line}\n{lines[2]}\n");
        var (totals, findings) = DiskTree.Extract([Out], To);
        Assert.Equal(3, totals.Files);
        Assert.Contains(expected, Assert.Single(findings).Message, StringComparison.Ordinal);
        Assert.Equal(["a", "b", "c"], Directory.GetFiles(To).Order(StringComparer.Ordinal).Select(File.ReadAllText));
        Assert.Equal(DiskTree.Lines(scratch.At("src"))[0], DiskTree.Lines(To)[0]);
    }

    [Fact]
    public void PathsAndPatternsSelect()
    {
        foreach (string name in (string[])["a/one.txt", "a/two.nc", "a/b/three.nc", "c/four.nc", "[x]/five", "top.nc"])
            _ = scratch.File($"src/{name}", name);
        _ = scratch.Folder("src/a/empty");
        _ = Pack(scratch.At("src"));
        (string[] Paths, string[] Expected)[] cases =
        [
            (["a/b"], ["a/b/three.nc"]), (["/a/"], ["a/b/three.nc", "a/one.txt", "a/two.nc"]), (["*.nc"], ["top.nc"]),
            (["**/*.nc"], ["a/b/three.nc", "a/two.nc", "c/four.nc", "top.nc"]), (["[x]"], ["[x]/five"]), (["[ac]/*.nc", "./top.nc"], ["a/two.nc", "c/four.nc", "top.nc"]),
            ([], ["[x]/five", "a/b/three.nc", "a/one.txt", "a/two.nc", "c/four.nc", "top.nc"]), (["."], ["[x]/five", "a/b/three.nc", "a/one.txt", "a/two.nc", "c/four.nc", "top.nc"]),
        ];
        for (int i = 0; i < cases.Length; i++)
        {
            string to = scratch.At($"to{i}");
            Assert.Empty(DiskTree.Extract([Out], to, cases[i].Paths).Findings);
            Assert.Equal(cases[i].Expected, Directory.GetFiles(to, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(to, file)).Order(StringComparer.Ordinal));
        }

        var missing = Assert.Single(DiskTree.Extract([Out], To, ["a/one.txt", "nothing/*"]).Findings);
        Assert.Equal(("not-found", "nothing/*"), (missing.Code, missing.Path));
        Assert.Throws<FormatException>(() => new PathSelection(["a/../b"]));
    }

    [Fact]
    public void WhatIsThereIsKeptOrRefusedOrReplaced()
    {
        foreach (string name in (string[])["same", "other", "longer", "folder", "link"])
            _ = scratch.File($"src/{name}", $"of {name}");
        _ = File.CreateSymbolicLink(scratch.At("src/to"), "same");
        _ = Pack(scratch.At("src"));
        _ = scratch.File("to/same", "of same");
        _ = scratch.File("to/other", "of OTHER");
        _ = scratch.File("to/longer", "of longer and more");
        _ = scratch.Folder("to/folder");
        _ = File.CreateSymbolicLink(scratch.At("to/link"), scratch.File("outside", "untouched"));
        _ = File.CreateSymbolicLink(scratch.At("to/to"), "elsewhere");

        var (totals, findings) = DiskTree.Extract([Out], To);
        Assert.Equal(["folder", "link", "longer", "other", "to"], findings.Select(finding => finding.Path).Order(StringComparer.Ordinal));
        Assert.All(findings, finding => Assert.Equal("name-taken", finding.Code));
        Assert.Equal((1, 1), (totals.Files, totals.Kept));
        Assert.Equal("of OTHER", File.ReadAllText(scratch.At("to/other")));
        Assert.Equal("elsewhere", new FileInfo(scratch.At("to/to")).LinkTarget);

        Assert.Equal("folder", Assert.Single(DiskTree.Extract([Out], To, overwrite: true).Findings).Path);
        foreach (string name in (string[])["same", "other", "longer", "link"])
            Assert.Equal($"of {name}", File.ReadAllText(scratch.At($"to/{name}")));
        Assert.Null(new FileInfo(scratch.At("to/link")).LinkTarget);
        Assert.Equal("same", new FileInfo(scratch.At("to/to")).LinkTarget);
        Assert.Equal("untouched", File.ReadAllText(scratch.At("outside")));
        Assert.False(Directory.Exists(scratch.At("to/.dataprep-extract")));
    }

    [Fact]
    public void OnlyWhatIsDamagedOrMissingIsLost()
    {
        for (int i = 0; i < 30; i++)
            _ = scratch.Noise($"src/{i:D2}", 20_000, i);
        var output = Pack(scratch.At("src"), 100_000);
        var pieces = output.Result.Pieces.Where(piece => piece.Kind == "data").ToList();
        string whole = scratch.At("whole");
        Assert.Empty(DiskTree.Extract([Out], whole).Findings);

        // one piece with a flipped bit, one cut off, one gone
        byte[] car = File.ReadAllBytes(Path.Join(Out, pieces[0].CarFile));
        car[50_000] ^= 1;
        File.WriteAllBytes(Path.Join(Out, pieces[0].CarFile), car);
        using (var file = File.OpenHandle(Path.Join(Out, pieces[1].CarFile), FileMode.Open, FileAccess.Write))
            RandomAccess.SetLength(file, pieces[1].CarSize / 2);
        File.Delete(Path.Join(Out, pieces[2].CarFile));

        var (totals, findings) = DiskTree.Extract([Out], To, range: 4096);
        Assert.Equal(30 - totals.Lost, totals.Files);
        Assert.InRange(totals.Lost, 8, 14);
        Assert.Equal(totals.Lost, findings.Count);
        Assert.Contains(findings, finding => finding.Code == "damaged" && finding.Offset >= 0);
        Assert.Contains(findings, finding => finding.Code == "missing-block" && finding.Offset >= 0);
        string[] restored = [.. Directory.GetFiles(To).Select(file => Path.GetFileName(file))];
        Assert.Equal(Directory.GetFiles(whole).Select(file => Path.GetFileName(file)).Except(findings.Select(finding => finding.Path)).Order(StringComparer.Ordinal), restored.Order(StringComparer.Ordinal));
        Assert.All(restored, name => Assert.Equal(File.ReadAllBytes(Path.Join(whole, name)), File.ReadAllBytes(Path.Join(To, name))));
    }

    private PackedOutput Pack(string source, long? capacity = null) => PackedOutput.Pack(new PackOptions
    {
        Sources = [source],
        Output = Out,
        Profile = UnixFsProfile.V1Of2025 with { ChunkSize = capacity is null ? 65_536 : 4096 },
        LargestCarSize = capacity,
        Threads = 2,
    });
}
