using System.Text.Json;
using DataPrep.Tests.Extraction;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary><c>extract</c>, <c>cat</c> and <c>ls PATH</c>, as their users run them.</summary>
public sealed class ExtractCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string To => scratch.At("to");

    private void Pack(params string[] options) => DataPrepProcess.Run(["pack", scratch.At("src"), "-o", Out, "-q", .. options]).Expect(0);

    [Fact]
    public void ExtractSaysWhatItRestored()
    {
        _ = scratch.File("src/a/x.nc", "one");
        _ = scratch.File("src/y.txt", "two");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "y.txt");
        Pack();
        var summary = DataPrepProcess.Run("extract", Out, "-o", To, "--json").Expect(0).Event("summary");
        Assert.Equal((2, 1, 1, 0, 6), (summary.GetProperty("files").GetInt32(), summary.GetProperty("directories").GetInt32(), summary.GetProperty("symlinks").GetInt32(), summary.GetProperty("kept").GetInt32(), summary.GetProperty("bytes").GetInt32()));
        Assert.True(summary.GetProperty("ok").GetBoolean());
        Assert.Equal(DiskTree.Lines(scratch.At("src")), DiskTree.Lines(To));
        Assert.Contains("3 were there already", DataPrepProcess.Run("extract", Out, "-o", To).Expect(0).Output, StringComparison.Ordinal);

        File.WriteAllText(scratch.At("to/y.txt"), "TWO");
        var findings = DataPrepProcess.Run("extract", Out, "-o", To, "--json").Expect(1).Events().Where(e => e.GetProperty("type").GetString() == "finding").ToList();
        var finding = Assert.Single(findings);
        Assert.Equal(("name-taken", "y.txt", JsonValueKind.Null), (finding.GetProperty("code").GetString(), finding.GetProperty("path").GetString(), finding.GetProperty("offset").ValueKind));
        DataPrepProcess.Run("extract", Out, "-o", To, "--overwrite").Expect(0);
        DataPrepProcess.Run("extract", Out, "**/*.nc", "-o", scratch.At("some")).Expect(0);
        Assert.Equal("one", File.ReadAllText(scratch.At("some/a/x.nc")));
        Assert.False(File.Exists(scratch.At("some/y.txt")));

        DataPrepProcess.Run("extract", Out).Expect(2);
        DataPrepProcess.Run("extract", Out, "a/../b", "-o", To).Expect(2, "a/../b");
        DataPrepProcess.Run("extract", Out, "nothing", "-o", To).Expect(1);
        DataPrepProcess.Run("extract", scratch.At("none"), "-o", To).Expect(1, "none");
        DataPrepProcess.Run("extract", Out, "-o", scratch.At("src/y.txt")).Expect(1, "y.txt");
        DataPrepProcess.Run("extract", scratch.File("bad.car", "no car"), "-o", To).Expect(1, "bad.car");
    }

    [Fact]
    public void SpreadPiecesAndEarlierVersionsAreFound()
    {
        for (int i = 0; i < 6; i++)
            _ = scratch.Noise($"src/{i}", 400_000, i);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "-o", scratch.At("more"), "--piece-size", "1MiB", "-q").Expect(0);
        _ = scratch.Noise("src/2", 500_000, 9);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("new"), "--previous", Out, "-q").Expect(0);
        DataPrepProcess.Run("extract", scratch.At("new"), "-o", To).Expect(0);
        Assert.Equal(DiskTree.Lines(scratch.At("src")), DiskTree.Lines(To));

        Directory.Move(Out, scratch.At("moved"));
        Assert.Contains("--previous", DataPrepProcess.Run("extract", scratch.At("new"), "-o", scratch.At("again")).Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal(["2"], Directory.GetFiles(scratch.At("again")).Select(file => Path.GetFileName(file)));
        DataPrepProcess.Run("extract", scratch.At("new"), "-o", scratch.At("again"), "--pieces", scratch.At("moved")).Expect(0);
        Assert.Equal(DiskTree.Lines(scratch.At("src")), DiskTree.Lines(scratch.At("again")));
    }

    /// <summary>Whenever it ends: what has a name is whole, and the same command goes on.</summary>
    [Theory]
    [InlineData(DataPrepProcess.SIGINT, 130)]
    [InlineData(DataPrepProcess.SIGTERM, 75)]
    [InlineData(9, 137)]
    public void ABrokenRunLeavesNoHalfFiles(int signal, int code)
    {
        for (int i = 0; i < 60; i++)
            _ = scratch.Noise($"src/{i % 3}/{i}", 4_000_000, i);
        Pack("--piece-size", "64MiB");
        var random = new Random(signal);
        int broken = 0;
        for (int round = 0; round < 4; round++)
        {
            var run = DataPrepProcess.Start("extract", Out, "-o", To);
            var deadline = DateTime.UtcNow.AddSeconds(30);
            while (!run.HasExited && DateTime.UtcNow < deadline && (!Directory.Exists(To) || Directory.GetFiles(To, "*", SearchOption.AllDirectories).Length <= 5 * (round + 1)))
                Thread.Sleep(1);
            Thread.Sleep(random.Next(10));
            if (!run.HasExited)
                run.Signal(signal);
            var result = run.Finish();
            Assert.Contains(result.ExitCode, (int[])[0, code]);
            broken += result.ExitCode == 0 ? 0 : 1;
            foreach (string file in Directory.GetFiles(To, "*", SearchOption.AllDirectories).Where(file => !file.Contains(".dataprep-extract", StringComparison.Ordinal)))
                Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Join(scratch.At("src"), Path.GetRelativePath(To, file))));
            if (signal != 9)
                Assert.False(Directory.Exists(Path.Join(To, ".dataprep-extract")));
        }

        Assert.True(broken > 0, "no run was broken off");
        DataPrepProcess.Run("extract", Out, "-o", To).Expect(0);
        Assert.Equal(DiskTree.Lines(scratch.At("src")), DiskTree.Lines(To));
    }

    [Fact]
    public void CatPrintsFilesAndRanges()
    {
        string big = scratch.Noise("src/big", 3_000_000);
        _ = scratch.File("src/a/one", "one\n");
        _ = scratch.File("src/a/two", "two\n");
        Pack("--piece-size", "2MiB");
        Assert.Equal("two\none\n", DataPrepProcess.Run("cat", Out, "a/two", "a/one").Expect(0).Output);
        Assert.Equal("one\ntwo\n", DataPrepProcess.Run("cat", Out, "a/*").Expect(0).Output);
        Assert.Equal("newo", DataPrepProcess.Run("cat", Out, "a/*", "--offset", "1", "--length", "2").Expect(0).Output);
        Assert.Empty(DataPrepProcess.Run("cat", Out, "a/one", "--offset", "1GiB").Expect(0).Output);
        DataPrepProcess.Shell("cmp <(\"$D\" cat \"$1\" big) \"$2\" && cmp <(\"$D\" cat \"$1\" big --offset 1000001 --length 1500000) <(tail -c +1000002 \"$2\" | head -c 1500000)", Out, big).Expect(0);
        var closed = DataPrepProcess.Shell("\"$D\" cat \"$1\" big | head -c 10 | wc -c; exit ${PIPESTATUS[0]}", Out).Expect(0);
        Assert.Equal("10", closed.Output.Trim());
        Assert.Empty(closed.Error);
        DataPrepProcess.Shell("\"$D\" cat \"$1\" big > /dev/full", Out).Expect(1, "space");
        DataPrepProcess.Run("cat", Out, "a").Expect(1, "a is a folder");
        DataPrepProcess.Run("cat", Out, "b").Expect(1, "b");
        DataPrepProcess.Run("cat", Out).Expect(1, "folder");
    }

    [Fact]
    public void CatOfADamagedFileNamesItsPlace()
    {
        _ = scratch.Noise("src/file", 3_000_000);
        Pack();
        string car = Assert.Single(Directory.GetFiles(Out, "*.car"));
        byte[] bytes = File.ReadAllBytes(car);
        bytes[1_500_000] ^= 1;
        File.WriteAllBytes(car, bytes);
        DataPrepProcess.Shell("\"$D\" cat \"$1\" file | wc -c; exit ${PIPESTATUS[0]}", Out).Expect(1, "file at offset 1048576", "does not match its CID");
    }

    [Fact]
    public void LsTakesPaths()
    {
        foreach (string name in (string[])["a/one.txt", "a/two.nc", "b.nc"])
            _ = scratch.File($"src/{name}", name);
        Pack();
        Assert.Equal(["a/two.nc", "b.nc"], DataPrepProcess.Run("ls", Out, "**/*.nc").Expect(0).Lines);
        Assert.Equal(["a/", "a/one.txt", "a/two.nc"], DataPrepProcess.Run("ls", Out, "a").Expect(0).Lines);
        Assert.Equal(["a/one.txt"], DataPrepProcess.Run("ls", Assert.Single(Directory.GetFiles(Out, "*.car")), "a/one.txt").Expect(0).Lines);
        Assert.Equal(["b.nc"], DataPrepProcess.Run("ls", Out, "b.nc", "c").Expect(1, "c: no such path").Lines);
        DataPrepProcess.Run("ls", Out, "../a").Expect(2);
    }

    [Fact]
    public void PublishedCarsComeBack()
    {
        foreach (string car in Directory.GetFiles(SharedVectors.Require("vectors", "public", "unixfs"), "*.car"))
        {
            var result = DataPrepProcess.Run("extract", car, "-o", To);
            bool isPartial = car.Contains("missing", StringComparison.Ordinal) || car.Contains("wikipedia", StringComparison.Ordinal) || car.Contains("outside-root", StringComparison.Ordinal);
            result.Expect(isPartial ? 1 : 0);
            Directory.Delete(To, recursive: true);
        }
    }
}
