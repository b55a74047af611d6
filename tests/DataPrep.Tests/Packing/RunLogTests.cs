using System.Text.Json;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>What is noted of runs, for a report.</summary>
public sealed class RunLogTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private string Log => scratch.At($"out/{OutputFolder.WorkFolder}/{RunLog.FileName}");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void ARunSaysWhenItBeganHowItEndedAndWhatWasSlow()
    {
        _ = scratch.Noise("src/large", 9_000_000, 1);
        _ = scratch.File("src/small", "small");
        Pack();
        var lines = Lines();
        Assert.Equal("begin", lines[0].GetProperty("type").GetString());
        Assert.Equal(scratch.At("src"), lines[0].GetProperty("sources")[0].GetString());
        Assert.All(lines[1..^1], line => Assert.Equal("sample", line.GetProperty("type").GetString()));
        Assert.All(lines, line => SchemaCheck.Follows(line, "run"));
        var end = lines[^1];
        Assert.Equal(("end", "done"), (end.GetProperty("type").GetString(), end.GetProperty("outcome").GetString()));
        Assert.Equal(end.GetProperty("bytesTotal").GetInt64(), end.GetProperty("bytes").GetInt64());
        Assert.True(end.GetProperty("stages").GetProperty("leafHash").GetDouble() > 0);
        Assert.Equal(["large:9000000", "small:5"], end.GetProperty("slowFiles").EnumerateArray().Select(file => $"{file.GetProperty("path")}:{file.GetProperty("bytes")}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ARunThatIsBrokenOffSaysSoAndTheNextIsAddedBehindHalfALine()
    {
        _ = scratch.Noise("src/file", 3_000_000, 1);
        using var broken = new CancellationTokenSource();
        var options = Options() with
        {
            Reader = tree =>
            {
                broken.Cancel();
                return new LocalReader(tree);
            },
        };
        _ = Assert.ThrowsAny<OperationCanceledException>(() => new DatasetPacker(options, new PackCounters(), broken.Token).Run());
        Assert.Equal("broken-off", Lines()[^1].GetProperty("outcome").GetString());
        File.AppendAllText(Log, "{\"type\":\"sam");
        Pack();
        string[] lines = File.ReadAllLines(Log);
        Assert.Equal(1, lines.Count(line => line == "{\"type\":\"sam"));
        Assert.EndsWith("]}", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void ALogThatCannotBeWrittenStopsNothing()
    {
        _ = scratch.File("src/file", "content");
        _ = Directory.CreateDirectory(Log);
        Pack();
        Assert.True(File.Exists(scratch.At("out/dataset.json")));
    }

    [Fact]
    public void OfManyFilesTheSlowestAreFound()
    {
        var slow = new SlowFiles();
        var random = new Random(5);
        long[] ticks = [.. Enumerable.Range(0, 5000).Select(_ => (long)random.Next(1000))];
        for (int i = 0; i < ticks.Length; i++)
            slow.Add(new ReadTime(i, i % 500 == 0 ? 5000 + i : ticks[i], 1));
        slow.Add(new ReadTime(500, 10_000, 1));
        Assert.Equal(64, slow.Files.Count);
        Assert.Equal([500, 4500, 4000, 3500, 3000], slow.Files.OrderByDescending(file => file.Ticks).Take(5).Select(file => file.Entry));
        Assert.Equal(2, slow.Files.Single(file => file.Entry == 500).Bytes);
    }

    private PackOptions Options() => new() { Sources = [scratch.At("src")], Output = scratch.At("out") };

    private void Pack() => _ = new DatasetPacker(Options(), new PackCounters(), TestContext.Current.CancellationToken).Run();

    private JsonElement[] Lines() => [.. File.ReadLines(Log).Select(line => JsonDocument.Parse(line).RootElement)];
}
