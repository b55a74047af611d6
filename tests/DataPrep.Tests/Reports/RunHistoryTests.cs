using System.Globalization;
using System.Text;
using System.Text.Json;
using DataPrep.Distribution.Reports;
using Xunit;

namespace DataPrep.Tests.Reports;

/// <summary>What a report makes of the log of runs, whatever has become of it.</summary>
public sealed class RunHistoryTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void ALogThatIsMissingOrEmptyIsSaidToBe()
    {
        var missing = Read();
        Assert.False(missing.GetProperty("log").GetProperty("isThere").GetBoolean());
        Assert.Equal(JsonValueKind.Null, missing.GetProperty("slowFiles").ValueKind);
        var empty = Read("");
        Assert.True(empty.GetProperty("log").GetProperty("isThere").GetBoolean());
        Assert.Equal(0, empty.GetProperty("log").GetProperty("runs").GetArrayLength());
    }

    [Fact]
    public void WhatARunFoundDoneIsNotOfItsMaking()
    {
        var log = Read(Begin("2026-01-02T03:04:05Z"), Sample(1, 0, 0), Sample(2, 100, 1000), Sample(3, 300, 1000),
            Begin("2026-01-02T04:00:00Z"), Sample(1, 0, 0), Sample(2, 280, 1000), Sample(3, 500, 1000), Sample(4, 450, 1000), Sample(5, 1000, 1000, "done"));
        var runs = Runs(log);
        Assert.Equal("2026-01-02 03:04:05", runs[0].GetProperty("started").GetString());
        Assert.Equal("[0,100,300]", runs[0].GetProperty("made").GetRawText());
        Assert.Equal(JsonValueKind.Null, runs[0].GetProperty("outcome").ValueKind);
        Assert.Equal("[0,0,220,220,770]", runs[1].GetProperty("made").GetRawText());
        Assert.Equal("done", runs[1].GetProperty("outcome").GetString());
        Assert.Equal("[2,4,6,8,10]", runs[1].GetProperty("stages").GetProperty("leafHash").GetRawText());
        Assert.Equal("slow\\xff 5 0.5", string.Join(' ', log.GetProperty("slowFiles")[0].EnumerateObject().Select(property => property.Value.ToString())));
    }

    [Fact]
    public void DamagedLinesAreCountedAndTheRestIsTaken()
    {
        string whole = Sample(2, 20, 0);
        var log = Read(
            "\0\0\0", "[]", "null", "{}", "{\"type\":\"sample\"}", whole[..40], whole.Replace("\"seconds\":2", "\"seconds\":1e999", StringComparison.Ordinal), whole.Replace("\"bytes\":20", "\"bytes\":-1", StringComparison.Ordinal),
            whole.Replace("\"wait\":2", "\"wait\":\"2\"", StringComparison.Ordinal), "\"type\"", new string('[', 5000), "{\"type\":\"\\ud800\"}", $"{{\"type\":\"{new string('x', 3 << 20)}\"}}",
            Sample(1, 10, 0), whole, Begin("no time"), Sample(7, 10, 0), Sample(3, 10, 0, "broken-off"), Sample(4, 11, 0));
        Assert.Equal(13, log.GetProperty("log").GetProperty("damaged").GetInt32());
        Assert.Equal(["", "", "", ""], Runs(log).Select(run => run.GetProperty("started").GetString() ?? ""));
        Assert.Equal(["[1,2]", "[7]", "[3]", "[4]"], Runs(log).Select(run => run.GetProperty("seconds").GetRawText()));
        Assert.Equal(JsonValueKind.Null, log.GetProperty("slowFiles").ValueKind);
    }

    [Fact]
    public void OfALongLogFewPointsStayWithTheSameTotals()
    {
        var lines = new List<string>();
        for (int run = 0; run < RunHistory.MostRuns + 7; run++)
        {
            lines.Add(Begin("2026-01-02T03:04:05Z"));
            lines.AddRange(Enumerable.Range(1, run == 50 ? 30_000 : 100).Select(i => Sample(i, i * 10, 0)));
            lines.Add(Sample(100_000, 1_000_000, 0, "done"));
        }

        var log = Read([.. lines]);
        var runs = Runs(log);
        Assert.Equal((RunHistory.MostRuns, 7), (runs.Count, log.GetProperty("log").GetProperty("earlierRuns").GetInt32()));
        Assert.InRange(runs.Sum(run => run.GetProperty("seconds").GetArrayLength()), 1000, 4000);
        Assert.All(runs, run => Assert.Equal(1_000_000, run.GetProperty("made").EnumerateArray().Last().GetDouble()));
        Assert.All(runs, run => Assert.Equal(1, run.GetProperty("seconds")[0].GetDouble()));
    }

    [Fact]
    public void AnyBytesAreALog()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        byte[] whole = Encoding.UTF8.GetBytes(string.Join('\n', Begin("2026-01-02T03:04:05Z"), Sample(1, 10, 100), Sample(2, 100, 100, "done")) + "\n");
        for (int i = 0; i < 500; i++)
        {
            byte[] bytes = [.. whole];
            for (int j = random.Next(1, 6); j > 0; j--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            _ = scratch.File(".dataprep/runs.jsonl", bytes[..random.Next(bytes.Length + 1)]);
            var exception = Record.Exception(() => Json());
            Assert.True(exception is null, $"seed {seed}, {i}: {exception}");
        }
    }

    private static string Begin(string started) => $"{{\"type\":\"begin\",\"started\":\"{started}\",\"tool\":\"t\",\"threads\":2,\"kernel\":\"k\",\"sources\":[]}}";

    private static string Sample(double seconds, long bytes, long total, string? outcome = null) => string.Create(CultureInfo.InvariantCulture,
        $"{{\"type\":\"{(outcome is null ? "sample" : "end")}\"{(outcome is null ? "" : $",\"outcome\":\"{outcome}\"")},\"seconds\":{seconds},\"bytes\":{bytes},\"bytesTotal\":{total},\"stages\":{{\"read\":{seconds},\"leafHash\":{2 * seconds},\"commP\":0,\"write\":0,\"wait\":{seconds}}}{(outcome == "done" ? ",\"slowFiles\":[{\"path\":\"slow\ufffd\",\"pathHex\":\"736c6f77ff\",\"bytes\":5,\"seconds\":0.5},7]" : "")}}}");

    private static List<JsonElement> Runs(JsonElement log) => [.. log.GetProperty("log").GetProperty("runs").EnumerateArray()];

    private JsonElement Read(params string[] lines)
    {
        if (lines.Length > 0)
            _ = scratch.File(".dataprep/runs.jsonl", string.Join('\n', lines));
        return Json();
    }

    private JsonElement Json() => ReportFigureTests.Json(RunHistory.Read(scratch.Root, Cancel).WriteTo);
}
