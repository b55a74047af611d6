using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>One quick run, with all that it leaves.</summary>
public sealed class BenchSample : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public BenchSample()
    {
        Folder = scratch.Folder("disk & more");
        // An earlier run that was a thousand times slower at one thing
        Old = scratch.File("old.json", """{"type":"result","name":"commp","bytesPerSecond":1000000,"threads":1,"ratioToReference":0.001}""" + "\n" + """{"type":"summary","machine":{"cpu":"<other> & old"}}""" + "\n");
        Page = scratch.At("page.html");
        Result = DataPrepProcess.Start("bench", Folder, "--quick", "--size", "32MiB", "--threads", "2", "--json", "--compare", Old, "--html", Page).Finish(180).Expect(0);
    }

    public string Folder { get; }

    public string Old { get; }

    public string Page { get; }

    internal ProcessResult Result { get; }

    public void Dispose() => scratch.Dispose();
}

/// <summary>The whole of <c>bench</c>.</summary>
public sealed partial class BenchCommandTests(BenchSample sample) : IClassFixture<BenchSample>
{
    private List<JsonElement> Results => [.. sample.Result.Events().Where(e => e.GetProperty("type").GetString() == "result")];

    private JsonElement Of(string name, int threads) => Assert.Single(Results, e => e.GetProperty("name").GetString() == name && e.GetProperty("threads").GetInt32() == threads);

    [Fact]
    public void EveryResultHasWhatProgramsCountOn()
    {
        Assert.All(Results, result =>
        {
            Assert.Equal(["type", "name", "bytesPerSecond", "threads", "ratioToReference"], result.EnumerateObject().Take(5).Select(property => property.Name));
            long rate = result.GetProperty("bytesPerSecond").GetInt64();
            Assert.InRange(rate, 1, 1_000_000_000_000);
            Assert.InRange(rate, result.GetProperty("leastBytesPerSecond").GetInt64(), result.GetProperty("mostBytesPerSecond").GetInt64());
            Assert.True(result.GetProperty("ratioToReference").GetDouble() >= 0 && result.GetProperty("repeats").GetInt32() >= 1);
        });
        Assert.Equal("reference", Results[0].GetProperty("name").GetString());
        foreach (string name in (string[])["commp", "leaves", "memory/read", "memory/copy", "pipeline/memory"])
            Assert.True(Of(name, 1).GetProperty("bytesPerSecond").GetInt64() > 0 && Of(name, 2).GetProperty("bytesPerSecond").GetInt64() > 0);
        foreach (string name in (string[])["pipeline/files", "pipeline/write", "pack", "small/1kB/files", "small/4kB/files", "small/1kB/memory", "small/4kB/memory"])
            _ = Of(name, 2);
        foreach (string name in (string[])["disk/write", "disk/read", "portable/commp", "portable/leaves", "portable/small"])
            _ = Of(name, 1);
        Assert.True(Of("small/1kB/files", 2).GetProperty("filesPerSecond").GetDouble() > 1);
        Assert.InRange(Of("pipeline/memory", 2).GetProperty("efficiency").GetDouble(), 0.05, 2);
    }

    [Fact]
    public void TheSummarySaysWhatMachineAndWhatLimitsIt()
    {
        var summary = sample.Result.Event("summary");
        var machine = summary.GetProperty("machine");
        foreach (string name in (string[])["cpu", "kernel", "dotnet", "tool", "sha256", "sha256Reason", "fileSystem", "device"])
            Assert.False(string.IsNullOrEmpty(machine.GetProperty(name).GetString()), name);
        Assert.Equal(sample.Folder, machine.GetProperty("folder").GetString());
        Assert.True(machine.GetProperty("logicalCpus").GetInt32() >= 1 && machine.GetProperty("memoryBytes").GetInt64() > 1 << 20);
        Assert.Contains(summary.GetProperty("bottleneck").GetString(), (string[])["cores", "memory", "diskRead", "diskWrite", "oneDisk"]);
        double rate = summary.GetProperty("bytesPerSecond").GetInt64();
        Assert.Equal(Of("pack", 2).GetProperty("bytesPerSecond").GetInt64(), rate);
        Assert.InRange(summary.GetProperty("tebibyteSeconds").GetDouble() * rate / (1L << 40), 0.99, 1.01);
        Assert.InRange(summary.GetProperty("pieceSeconds").GetDouble() * rate / 34_091_302_912, 0.9, 1.1);
        Assert.NotEmpty(summary.GetProperty("advice").EnumerateArray());
        Assert.StartsWith("Packing is limited by", summary.GetProperty("advice")[0].GetString(), StringComparison.Ordinal);
        Assert.True(summary.GetProperty("quiet").ValueKind is JsonValueKind.True or JsonValueKind.False);
        Assert.Equal("summary", sample.Result.Events()[^1].GetProperty("type").GetString());
    }

    [Fact]
    public void AnEarlierRunIsComparedWith()
    {
        var commp = Of("commp", 1);
        Assert.True(commp.GetProperty("change").GetDouble() > 10 && commp.GetProperty("ratioChange").GetDouble() > 10 && commp.GetProperty("outsideNoise").GetBoolean());
        Assert.Equal(1_000_000, commp.GetProperty("previousBytesPerSecond").GetInt64());
        Assert.False(Of("commp", 2).TryGetProperty("change", out _));
        var compare = sample.Result.Event("summary").GetProperty("compare");
        Assert.Equal((sample.Old, false, 1, 1, 0), (compare.GetProperty("path").GetString(), compare.GetProperty("sameCpu").GetBoolean(), compare.GetProperty("compared").GetInt32(), compare.GetProperty("faster").GetInt32(), compare.GetProperty("slower").GetInt32()));
    }

    [Fact]
    public void ThePageIsWellFormedAndAloneInTheWorld()
    {
        string page = File.ReadAllText(sample.Page);
        using var reader = XmlReader.Create(new StringReader(page), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        var document = XDocument.Load(reader);
        Assert.Equal("html", document.Root!.Name.LocalName);
        Assert.DoesNotMatch("(?i)https?:|<(script|link|img|iframe)|(src|href)=|@import|url\\(", page);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        string text = Spaces().Replace(document.Root.Value, " ");
        Assert.Contains("disk & more", text, StringComparison.Ordinal);
        Assert.Contains("another CPU (<other> & old)", text, StringComparison.Ordinal);
        var rows = document.Descendants("tr").Select(row => row.Element("th")?.FirstNode?.ToString()).ToList();
        Assert.All(Results, result => Assert.Contains(result.GetProperty("name").GetString(), rows));
        Assert.All(document.Descendants("table"), table => Assert.True(table.Element("caption") is not null && table.Descendants("th").All(cell => cell.Attribute("scope") is not null)));
    }

    [Fact]
    public void NothingIsLeftInTheFolder() => Assert.Empty(Directory.EnumerateFileSystemEntries(sample.Folder));

    [Fact]
    public void AnEstimateTakesTheWholeOutput()
    {
        using var scratch = new ScratchFolder();
        string bench = scratch.File("node.json", sample.Result.Output);
        string source = scratch.Noise("source/a", 100_000);
        var estimate = DataPrepProcess.Run("plan", Path.GetDirectoryName(source)!, "--estimate", "2", "--bench", bench, "--json").Expect(0).Event("estimate");
        Assert.Equal(Of("pipeline/files", 2).GetProperty("bytesPerSecond").GetInt64(), estimate.GetProperty("nodeBytesPerSecond").GetInt64());
    }

    [Theory]
    [InlineData(DataPrepProcess.SIGINT, 130)]
    [InlineData(DataPrepProcess.SIGTERM, 75)]
    public void AnInterruptedRunLeavesNothing(int signal, int code)
    {
        using var scratch = new ScratchFolder();
        string folder = scratch.Folder("disk"), page = scratch.At("page.html");
        var running = DataPrepProcess.Start("bench", folder, "--size", "64MiB", "--html", page, "--json");
        // Not before something large is there to be removed
        for (int i = 0; i < 1200 && !running.HasExited && !Directory.EnumerateFiles(folder, "large", SearchOption.AllDirectories).Any(); i++)
            Thread.Sleep(50);
        Assert.False(running.HasExited);
        running.Signal(signal);
        var result = running.Finish().Expect(code);
        Assert.Empty(result.Output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        Assert.False(File.Exists(page));
    }

    [Fact]
    public void WhatCannotBeIsSaidBeforeAnythingIsMeasured()
    {
        using var scratch = new ScratchFolder();
        string there = scratch.File("there.html", "x"), broken = scratch.File("broken.json", "{}\n");
        DataPrepProcess.Run("bench", "--html", there).Expect(1, there, "is not overwritten");
        DataPrepProcess.Run("bench", "--compare", broken).Expect(1, $"{broken}, line 1: ");
        DataPrepProcess.Run("bench", "--compare", scratch.At("none")).Expect(1, scratch.At("none"));
        DataPrepProcess.Run("bench", scratch.At("none")).Expect(1, scratch.At("none"), "no such folder");
        DataPrepProcess.Run("bench", "--size", "1MiB").Expect(2, "at least 16MiB");
        DataPrepProcess.Run("bench", "--html", "").Expect(2, "empty");
        DataPrepProcess.Run("bench", "--threads", "0").Expect(2);
        Assert.Equal("x", File.ReadAllText(there));
    }

    [Fact]
    public void TheKernelsAndThePipelineAloneStayAsTheyWere()
    {
        var kernels = DataPrepProcess.Run("bench", "kernels", "--json").Expect(0).Events();
        Assert.Contains(kernels, e => e.GetProperty("type").GetString() == "result" && e.GetProperty("name").GetString() == "portable/nodes" && e.GetProperty("threads").GetInt32() == 1);
        Assert.False(string.IsNullOrEmpty(kernels[^1].GetProperty("kernel").GetString()));
        using var scratch = new ScratchFolder();
        var pipeline = DataPrepProcess.Run("bench", "pipeline", scratch.Noise("a", 3_000_000), "--rounds", "1", "--threads", "2", "--json").Expect(0).Events();
        Assert.Equal([("pipeline/memory", 1), ("pipeline/memory", 2), ("pipeline/files", 2)], pipeline.Select(e => (e.GetProperty("name").GetString()!, e.GetProperty("threads").GetInt32())));
    }

    [GeneratedRegex("\\s+")]
    private static partial Regex Spaces();
}
