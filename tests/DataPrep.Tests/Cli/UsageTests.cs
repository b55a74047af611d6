using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Help, and command lines that make no sense.</summary>
public sealed class UsageTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("pack")]
    [InlineData("status")]
    [InlineData("clean")]
    [InlineData("commp")]
    [InlineData("ls")]
    [InlineData("inspect")]
    [InlineData("verify")]
    [InlineData("sample")]
    [InlineData("audit")]
    public void HelpHasAnExample(string command)
    {
        var result = DataPrepProcess.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Expect(0);
        Assert.Contains("Example:", result.Output, StringComparison.Ordinal);
        Assert.Contains("dataprep " + command, result.Output, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("pack SRC -o OUT --frobnicate")]
    [InlineData("pack SRC")]
    [InlineData("pack -o OUT")]
    [InlineData("commp")]
    [InlineData("ls")]
    [InlineData("verify")]
    [InlineData("inspect")]
    [InlineData("pack SRC -o OUT --on-change perhaps")]
    [InlineData("pack SRC -o OUT --profile none")]
    [InlineData("pack SRC -o OUT --piece-size 3GiB")]
    [InlineData("pack SRC -o OUT --piece-size 0")]
    [InlineData("pack SRC -o OUT --piece-size -1")]
    [InlineData("pack SRC -o OUT --piece-size abc")]
    [InlineData("pack SRC -o OUT --piece-size 128GiB")]
    [InlineData("pack SRC -o OUT --piece-size 1KiB")]
    [InlineData("pack SRC -o OUT --piece-size 79228162514264337593543950335TiB")]
    [InlineData("pack SRC -o OUT --piece-size 9999999999999999999999999999999999999")]
    [InlineData("pack SRC -o OUT --chunk-size 0")]
    [InlineData("pack SRC -o OUT --chunk-size 3MiB")]
    [InlineData("pack SRC -o OUT --chunk-size 8GiB")]
    [InlineData("pack SRC -o OUT --max-links 1")]
    [InlineData("pack SRC -o OUT --max-links many")]
    [InlineData("pack SRC -o OUT --hamt-fanout 7")]
    [InlineData("pack SRC -o OUT --cid-version 2")]
    [InlineData("pack SRC -o OUT --threads 0")]
    [InlineData("pack SRC -o OUT --threads x")]
    [InlineData("pack SRC -o OUT --memory 1MiB")]
    [InlineData("pack SRC -o OUT --piece-size 1MiB --chunk-size 2096896")]
    [InlineData("pack SRC -o OUT --max-car-size 0")]
    [InlineData("pack SRC -o OUT --max-car-size -1")]
    [InlineData("pack SRC -o OUT --max-car-size lots")]
    [InlineData("pack SRC -o OUT --max-car-size")]
    [InlineData("pack SRC -o OUT --max-car-size 100 --dry-run")]
    [InlineData("pack SRC -o OUT --min-piece-size 3MiB")]
    [InlineData("pack SRC -o OUT --min-piece-size 512KiB")]
    [InlineData("pack SRC -o OUT --min-piece-size 128GiB")]
    [InlineData("pack SRC -o OUT --min-piece-size 8MiB --piece-size 4MiB")]
    [InlineData("pack SRC -o OUT --min-piece-size some")]
    [InlineData("pack SRC -o OUT -o OUT")]
    [InlineData("pack SRC -o OUT -o OUT/")]
    [InlineData("pack SRC -o OUT -o OUT/../out")]
    [InlineData("pack SRC -o OUT -o SRC/below")]
    [InlineData("pack SRC -o OUT -o SRC")]
    [InlineData("pack SRC SRC -o OUT")]
    [InlineData("pack SRC -o OUT --max-rate 0")]
    [InlineData("pack SRC -o OUT --max-rate fast")]
    [InlineData("pack SRC -o OUT --max-staged 64GiB")]
    [InlineData("pack SRC -o OUT --on-piece true --max-staged 1GiB")]
    [InlineData("pack SRC -o OUT --on-piece true --max-staged 1MiB --piece-size 2MiB")]
    [InlineData("status")]
    [InlineData("clean")]
    [InlineData("commp SRC/data --piece-size 100")]
    public void NonsenseIsExitTwoAndMakesNothing(string line)
    {
        _ = scratch.Noise("src/data", 3 << 20);
        string[] arguments = line.Replace("SRC", scratch.At("src"), StringComparison.Ordinal).Replace("OUT", scratch.At("out"), StringComparison.Ordinal).Split(' ');
        var result = DataPrepProcess.Run(arguments).Expect(2, "dataprep: ");
        Assert.False(Directory.Exists(scratch.At("out")));
        Assert.DoesNotContain("Exception", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AfterTwoDashesEverythingIsAName()
    {
        string folder = scratch.Folder("-dashes");
        DataPrepProcess.Shell("cd \"$1\" && \"$D\" pack -o out -- -dashes", scratch.Root).Expect(0);
        Assert.True(Directory.Exists(folder));
    }

    [Fact]
    public void UnknownKernelIsExitTwoAndNamesTheKnown()
    {
        string file = scratch.Noise("a", 10);
        DataPrepProcess.Start(DataPrepProcess.Executable, ["commp", file], environment: e => e["DATAPREP_SHA256"] = "abacus").Finish()
            .Expect(2, "abacus", "portable", "dotnet");
    }

    [Fact]
    public void OutInsideSourceIsRefusedHoweverItIsSpelled()
    {
        string source = scratch.Folder("src");
        _ = scratch.Folder("src/sub");
        _ = scratch.File("src/a", "a");
        _ = Directory.CreateSymbolicLink(scratch.At("link"), source);
        var before = ScratchFolder.Snapshot(scratch.Root);
        foreach (string output in (string[])["src", "src/out", "src/sub", "src/new/deeper", "link/out", "link/sub/new", "other/../src/out"])
            DataPrepProcess.Run("pack", source, "-o", scratch.At(output)).Expect(2, "inside the source");
        DataPrepProcess.Run("pack", scratch.At("link") + "/", "-o", scratch.At("src/out")).Expect(2, "inside the source");
        Assert.Equal(before, ScratchFolder.Snapshot(scratch.Root));
        Assert.False(Directory.Exists(scratch.At("src/out")));

        DataPrepProcess.Run("pack", source, "-o", scratch.At("src2")).Expect(0);
    }

    [Fact]
    public void WhatDoesNotExistIsNamed()
    {
        string missing = scratch.At("no-such");
        DataPrepProcess.Run("pack", missing, "-o", scratch.At("out")).Expect(1, missing);
        Assert.False(Directory.Exists(scratch.At("out")));
        DataPrepProcess.Run("commp", missing).Expect(1, missing);
        DataPrepProcess.Run("ls", missing).Expect(1, missing);
        DataPrepProcess.Run("inspect", missing).Expect(1, missing);
        DataPrepProcess.Run("verify", missing).Expect(1, missing);
        string folder = scratch.Folder("folder");
        DataPrepProcess.Run("commp", folder).Expect(1, folder, "is a folder");
        DataPrepProcess.Run("ls", folder).Expect(1, folder);
    }

    [Fact]
    public void TwoSourcesOfOneNameAreExitTwo()
    {
        _ = scratch.File("x/same", "1");
        _ = scratch.File("y/same", "2");
        DataPrepProcess.Run("pack", scratch.At("x/same"), scratch.At("y/same"), "-o", scratch.At("out")).Expect(2, "same");
    }
}
