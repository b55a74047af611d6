using Xunit;

namespace DataPrep.Tests.Cli;

public sealed class InlineCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public InlineCommandTests()
    {
        _ = scratch.Noise("src/a", 3_000_000);
        _ = scratch.File("src/sub/b", "hello");
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("stored"), "--piece-size", "2MiB", "-q").Expect(0);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "--piece-size", "2MiB", "--inline", "-q").Expect(0);
    }

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string[] Inline => [.. Directory.GetFiles(Out, "*.inline").Order(StringComparer.Ordinal)];

    [Fact]
    public void CarsAreMadeOfAllPiecesOrOfThoseThatAreNamed()
    {
        Assert.Equal(2, Inline.Length);
        string cid = Path.GetFileNameWithoutExtension(Inline[0]);
        string v2 = DataPrepProcess.Run("commp", scratch.At($"stored/{cid}.car"), "--json").Expect(0).Event("commp").GetProperty("pieceCidV2").GetString()!;
        var one = DataPrepProcess.Run("materialize", Out, v2, "-o", scratch.At("cars"), "--json").Expect(0);
        Assert.Equal(scratch.At($"cars/{cid}.car"), one.Event("materialized").GetProperty("path").GetString());
        Assert.Equal([scratch.At($"cars/{cid}.car")], Directory.GetFiles(scratch.At("cars")));
        var both = DataPrepProcess.Run("materialize", Out, "-o", scratch.At("cars"), "--json").Expect(0);
        Assert.Equal(1, both.Event("summary").GetProperty("made").GetInt32());
        foreach (string name in Inline.Select(file => Path.GetFileNameWithoutExtension(file) + ".car"))
            Assert.Equal(File.ReadAllBytes(scratch.At("stored/" + name)), File.ReadAllBytes(scratch.At("cars/" + name)));

        DataPrepProcess.Run("materialize", Out, cid + ".car").Expect(0);
        Assert.True(File.Exists(Path.Join(Out, cid + ".car")) && File.Exists(Inline[0]));
        DataPrepProcess.Run("materialize", Inline[1]).Expect(0);
        string dag = Directory.GetFiles(Out, "*.car").Select(Path.GetFileNameWithoutExtension).Single(name => !File.Exists(Path.Join(Out, name + ".inline")))!;
        DataPrepProcess.Run("materialize", Out, dag).Expect(0, "was packed as a CAR");
        DataPrepProcess.Run("materialize", scratch.At("stored")).Expect(0, "packed without --inline");
        DataPrepProcess.Run("verify", Out).Expect(0);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "--piece-size", "2MiB", "--inline").Expect(0);
        DataPrepProcess.Run("status", Out).Expect(0);
    }

    [Fact]
    public void AllThatReadsPiecesReadsThem()
    {
        DataPrepProcess.Run("verify", Out).Expect(0);
        DataPrepProcess.Run("sample", Out).Expect(0);
        Assert.Equal("hello", DataPrepProcess.Run("cat", Out, "sub/b").Expect(0).Output);
        Assert.Equal(DataPrepProcess.Run("ls", "-l", scratch.At("stored")).Output, DataPrepProcess.Run("ls", "-l", Out).Expect(0).Output);
        DataPrepProcess.Run("extract", Out, "-o", scratch.At("restored")).Expect(0);
        Assert.Equal(File.ReadAllBytes(scratch.At("src/a")), File.ReadAllBytes(scratch.At("restored/a")));
        foreach (string inline in Inline)
        {
            string car = scratch.At($"stored/{Path.GetFileNameWithoutExtension(inline)}.car");
            foreach (string[] command in (string[][])[["inspect", "--blocks"], ["ls", "-l"], ["verify"]])
            {
                string Lines(string file) => string.Join('\n', DataPrepProcess.Run([.. command[..1], file, .. command[1..]]).Expect(0).Lines.Where(line => !line.StartsWith("Verified", StringComparison.Ordinal))).Replace(file, "", StringComparison.Ordinal);
                Assert.Equal(Lines(car), Lines(inline));
            }

            DataPrepProcess.Run("index", car, "-o", scratch.At("one")).Expect(0);
            DataPrepProcess.Run("index", inline, "-o", scratch.At("other")).Expect(0);
            Assert.Equal(File.ReadAllBytes(scratch.At("one")), File.ReadAllBytes(scratch.At("other")));
            File.Delete(scratch.At("one"));
            File.Delete(scratch.At("other"));
        }
    }

    [Fact]
    public void AChangedSourceIsSaidByFileAndOffset()
    {
        string path = scratch.At("src/a");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[1_500_000] ^= 1;
        File.WriteAllBytes(path, bytes);
        var finding = DataPrepProcess.Run("verify", Out, "--json").Expect(4).Event("finding");
        Assert.Equal(("source", path, 1 << 20), (finding.GetProperty("code").GetString(), finding.GetProperty("path").GetString(), finding.GetProperty("offset").GetInt64()));
        DataPrepProcess.Run("sample", Out).Expect(4);
        DataPrepProcess.Run("materialize", Out).Expect(1, $"{path} at offset 1048576", "has changed since it was packed", "--source");
        Assert.All(Directory.GetFiles(Out, "*.car"), car => Assert.Equal(File.ReadAllBytes(scratch.At("stored/" + Path.GetFileName(car))), File.ReadAllBytes(car)));
        DataPrepProcess.Shell("exec \"$D\" cat \"$1\" a > /dev/null", Out).Expect(1, path);
        bytes[1_500_000] ^= 1;
        _ = scratch.File("copy/a", bytes);
        _ = scratch.File("copy/sub/b", "hello");
        DataPrepProcess.Run("verify", Out, "--source", scratch.At("copy")).Expect(0);
        DataPrepProcess.Run("materialize", Out, "--source", scratch.At("copy")).Expect(0);
    }

    [Fact]
    public void ADamagedFileIsSaid()
    {
        byte[] bytes = File.ReadAllBytes(Inline[0]);
        bytes[70] ^= 1;
        File.WriteAllBytes(Inline[0], bytes);
        foreach (string target in (string[])[Out, Inline[0]])
            Assert.Contains("it is damaged [inline]", DataPrepProcess.Run("verify", target).Expect(4).Output, StringComparison.Ordinal);
        DataPrepProcess.Run("materialize", Inline[0]).Expect(1, "it is damaged");
    }

    [Fact]
    public void WhatCannotBeIsSaid()
    {
        foreach (var (exitCode, command) in ((int, string[])[])[
            (2, ["materialize", Out, "nonsense"]),
            (2, ["materialize", Out, "-o", ""]),
            (2, ["materialize", "/nonexistent"]),
            (1, ["materialize", "/nonexistent.inline"]),
            (1, ["materialize", Out, "baga6ea4seaqao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq"]),
            (1, ["materialize", Out, "--source", "/nonexistent"]),
            (2, ["verify", Out, "--source", ""]),
            (2, ["pack", "-", "-o", scratch.At("x"), "--inline"]),
            (2, ["pack", "/etc/hostname", "-o", scratch.At("x"), "--inline", "--on-piece", "true"])])
        {
            DataPrepProcess.Run(command).Expect(exitCode, "dataprep: ");
        }

        Assert.Contains("dataprep materialize /staging", DataPrepProcess.Run("materialize", "--help").Expect(0).Output, StringComparison.Ordinal);
    }

    /// <summary>Finished pieces of a run that was broken off go, and those of a finished one stay.</summary>
    [Fact]
    public void CleanKnowsThem()
    {
        DataPrepProcess.Run("clean", Out).Expect(0);
        Assert.Equal(2, Inline.Length);
        DataPrepProcess.Run("verify", Out).Expect(0);
        string other = scratch.At("other");
        string[] pack = ["pack", scratch.At("src"), "-o", other, "--piece-size", "2MiB", "--inline", "--threads", "1", "--slab-size", "1MiB"];
        Assert.NotEqual(0, DataPrepProcess.Under("strace", ["-f", "-o", "/dev/null", "-P", scratch.At("src/sub/b"), "-e", "trace=pread64", "-e", "inject=pread64:signal=SIGKILL"], pack).ExitCode);
        Assert.NotEmpty(Directory.GetFiles(other, "*.inline"));
        DataPrepProcess.Run("clean", other).Expect(0);
        Assert.Empty(Directory.GetFiles(other));
    }
}
