using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>What <c>plan --estimate</c> says of a fleet, by rates from a file.</summary>
public sealed class EstimateTests : IDisposable
{
    private readonly ScratchFolder scratch = new();
    private readonly string source;

    public EstimateTests() => source = Path.GetDirectoryName(scratch.Noise("source/a", 3_000_000))!;

    public void Dispose() => scratch.Dispose();

    private string Bench(params string[] lines) => scratch.File("bench.json", string.Concat(lines.Select(line => line + "\n")));

    private static string Line(string name, int threads, long rate) =>
        $$"""{"type":"result","name":"{{name}}","bytesPerSecond":{{rate}},"threads":{{threads}},"ratioToReference":0.5}""";

    private JsonElement Estimate(string bench, params string[] more)
    {
        var result = DataPrepProcess.Run(["plan", source, "--piece-size", "1MiB", "--chunk-size", "64KiB", "--estimate", "2", "--bench", bench, "--task-overhead", "1s", "--json", .. more]).Expect(0);
        return JsonDocument.Parse(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
    }

    [Fact]
    public void WritesNoPlanAndSaysHowLong()
    {
        var estimate = Estimate(Bench(Line("pipeline/memory", 1, 400_000), Line("pipeline/memory", 8, 100_000)));
        Assert.Equal("estimate", estimate.GetProperty("type").GetString());
        Assert.Equal(3, estimate.GetProperty("dataPieces").GetInt32());
        Assert.Equal(100_000, estimate.GetProperty("nodeBytesPerSecond").GetInt64());
        Assert.Equal(2, estimate.GetProperty("waves").GetInt32());
        Assert.Equal("nodes", estimate.GetProperty("limit").GetString());
        Assert.InRange(estimate.GetProperty("seconds").GetDouble(), 15, 25);
        Assert.Equal(["bench.json", "source"], Directory.EnumerateFileSystemEntries(scratch.Root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void FilesTellMoreOfAMachineThanMemory() =>
        Assert.Equal(50_000, Estimate(Bench(Line("pipeline/files", 2, 50_000), Line("pipeline/memory", 8, 100_000))).GetProperty("nodeBytesPerSecond").GetInt64());

    [Fact]
    public void StorageIsShared() =>
        Assert.Equal("storage", Estimate(Bench(Line("pipeline/memory", 8, 100_000)), "--storage-rate", "100kB").GetProperty("limit").GetString());

    [Fact]
    public void GoesWithAPlanThatIsWritten()
    {
        var estimate = Estimate(Bench(Line("pipeline/memory", 8, 100_000)), "-o", scratch.At("a.plan"));
        Assert.Equal("estimate", estimate.GetProperty("type").GetString());
        Assert.True(File.Exists(scratch.At("a.plan")));
    }

    [Theory]
    [InlineData("""{"type":"result","name":"pipeline/memory","bytesPerSecond":0,"threads":1}""", 1, "bench.json")]
    [InlineData("""{"type":"result","name":"pipeline/memory","bytesPerSecond":1e999,"threads":1}""", 1, "bench.json")]
    [InlineData("""{"type":"result","name":"pipeline/memory"}""", 1, "bench.json")]
    [InlineData("""{"type":"result","name":"shani/commp","bytesPerSecond":5,"threads":1}""", 1, "bench pipeline --json")]
    [InlineData("[]", 1, "bench.json")]
    [InlineData("", 1, "bench.json")]
    public void WhatIsNoBenchmarkIsRefused(string line, int code, string message) =>
        Assert.Contains(message, DataPrepProcess.Run(["plan", source, "--estimate", "2", "--bench", Bench(line)]).Expect(code).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("--estimate 0")]
    [InlineData("--estimate many")]
    [InlineData("--estimate 1000001")]
    [InlineData("--estimate 2 --tasks-per-node 0")]
    [InlineData("--estimate 2 --storage-rate 0")]
    [InlineData("--estimate 2 --task-overhead 5")]
    [InlineData("--bench x.json -o a.plan")]
    [InlineData("--tasks-per-node 2 -o a.plan")]
    public void WrongUsageIsToldSo(string arguments) => DataPrepProcess.Run(["plan", source, .. arguments.Split(' ')]).Expect(2);
}
