using System.Net;
using System.Text.Json;
using DataPrep.Records;
using DataPrep.Server;
using Xunit;

namespace DataPrep.Tests.Cli;

public sealed class AuditCommandTests : IAsyncLifetime
{
    private readonly ScratchFolder scratch = new();
    private PieceServer server = null!;
    private string template = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Out => scratch.At("out");

    private string History => scratch.At("history.jsonl");

    public async ValueTask InitializeAsync()
    {
        _ = scratch.Noise("src/a", 5_000_000);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "--piece-size", "4MiB", "-q").Expect(0);
        server = new PieceServer(new ServerOptions { Outputs = [Out], Endpoint = new(IPAddress.Loopback, 0) });
        template = await server.Start() + "/piece/{pieceCid}";
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        scratch.Dispose();
    }

    private static List<JsonElement> Of(ProcessResult result, string type) => [.. result.Events().Where(e => e.GetProperty("type").GetString() == type)];

    private List<JsonElement> Rounds() => [.. File.ReadAllLines(History).Select(line => JsonDocument.Parse(line).RootElement)];

    [Fact]
    public void AnAuditNeedsNoDataAndSaysWhatItProves()
    {
        // Records and trees alone, on another machine.
        string records = scratch.Folder("records"), trees = scratch.Folder("trees");
        File.Copy(Path.Join(Out, RecordFile.Pieces), Path.Join(records, "list.jsonl"));
        foreach (string tree in Directory.GetFiles(Out, "*.tree"))
            File.Copy(tree, Path.Join(trees, Path.GetFileName(tree)));
        string[] audit = ["audit", Path.Join(records, "list.jsonl"), "--trees", trees, "--url", $"f01@EU={template}", "--url", template, "--seed", "s"];
        var result = DataPrepProcess.Run([.. audit, "--json", "--history", History]).Expect(0);
        var summary = result.Event("summary");
        SchemaCheck.Follows(summary, "audit-summary");
        SchemaCheck.Follows(Assert.Single(Rounds()), "audit-summary");
        Assert.True(JsonElement.DeepEquals(summary, Rounds()[0]));
        Assert.All(Of(result, "sample"), sample => SchemaCheck.Follows(sample, "audit-sample"));
        Assert.Equal(summary.GetProperty("samples").GetInt64(), Of(result, "sample").Count);
        Assert.Equal(["f01", new Uri(template).Authority], summary.GetProperty("providers").EnumerateArray().Select(row => row.GetProperty("provider").GetString()));
        Assert.All(summary.GetProperty("providers").EnumerateArray(), row => Assert.True(row.GetProperty("retrievable").GetInt32() > 4 && row.GetProperty("status").GetString() == "ok"));
        Assert.True(summary.GetProperty("ok").GetBoolean());

        string text = DataPrepProcess.Run(audit).Expect(0).Output;
        Assert.Contains("f01", text, StringComparison.Ordinal);
        Assert.Contains("region EU: 1 of 1 without an error", text, StringComparison.Ordinal);
        Assert.Contains("would have been found with a probability of 99 % or more", text, StringComparison.Ordinal);
        Assert.EndsWith("no error\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void DamageIsExitFourAndSaysWhere()
    {
        string damaged = "";
        server.Fault = (piece, offset, bytes) =>
        {
            if (offset == 0 && bytes.Length > 1000 && (damaged == "" || damaged == piece.PieceCid))
                (damaged, bytes[999]) = (piece.PieceCid, (byte)(bytes[999] ^ 1));
        };
        string list = scratch.File("providers.csv", $"id,region,url,capacity\nf01,EU,{template},1PiB\nf02,US,http://127.0.0.1:1/{{pieceCid}},\nf03,US,,\n");
        var result = DataPrepProcess.Run("audit", Out, "--providers", list, "--json", "--samples", "1", "--retries", "0").Expect(4, "warning: ", "f03 has no url");
        var summary = result.Event("summary");
        SchemaCheck.Follows(summary, "audit-summary");
        Assert.All(Of(result, "sample"), sample => SchemaCheck.Follows(sample, "audit-sample"));
        var findings = Of(result, "finding");
        Assert.All(findings, finding => Assert.Equal(["type", "severity", "code", "path", "offset", "message", "provider"], finding.EnumerateObject().Select(property => property.Name)));
        Assert.Equal([("f01", "corrupt", 0L), ("f02", "connection", 0L)], findings.Select(finding => (finding.GetProperty("provider").GetString()!, finding.GetProperty("code").GetString()!, finding.GetProperty("offset").GetInt64())));
        Assert.EndsWith(damaged, findings[0].GetProperty("path").GetString(), StringComparison.Ordinal);
        Assert.Equal(4, summary.GetProperty("exitCode").GetInt32());
        var text = DataPrepProcess.Run("audit", Out, "--providers", list, "--retries", "0", "-v").Expect(4, "f01 baga");
        Assert.Contains("FAILED: 2 errors found", text.Output, StringComparison.Ordinal);
        Assert.Contains("error: f01: ", text.Output, StringComparison.Ordinal);
        Assert.Contains("region US: 0 of 1 without an error", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereNobodyAnswersItIsToBeTriedAgain()
    {
        var result = DataPrepProcess.Run("audit", Out, "--url", "http://127.0.0.1:1/{pieceCid}", "--retries", "0", "--history", History).Expect(75);
        Assert.Contains("see that this machine has a network", result.Output, StringComparison.Ordinal);
        Assert.Equal(75, Assert.Single(Rounds()).GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public void ASlowProviderIsAWarningUnlessAskedOtherwise()
    {
        string[] audit = ["audit", Out, "--url", template, "--slow", "1ms", "--slow", "1 parsec/s", "--samples", "1"];
        Assert.Contains("warning: ", DataPrepProcess.Run(["audit", Out, "--url", template, "--slow", "8000TiB/s", "--samples", "1"]).Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("[slow]", DataPrepProcess.Run(["audit", Out, "--url", template, "--slow", "8000TiB/s", "--fail-slow", "--samples", "1"]).Expect(4).Output, StringComparison.Ordinal);
        DataPrepProcess.Run(audit).Expect(2, "--slow");
    }

    /// <summary>Lines of the history; none while it is written to, and locked.</summary>
    private int CountLines()
    {
        try
        {
            return File.ReadAllLines(History).Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    [Theory]
    [InlineData(DataPrepProcess.SIGINT, 130)]
    [InlineData(DataPrepProcess.SIGTERM, 75)]
    public async Task ItWatchesUntilItIsStopped(int signal, int exitCode)
    {
        _ = scratch.File("history.jsonl", "{\"torn");
        var running = DataPrepProcess.Start("audit", Out, "--url", template, "--watch", "500ms", "--history", History, "--json", "--seed", "base");
        while (CountLines() < 4)
        {
            Assert.False(running.HasExited);
            await Task.Delay(50, Cancel);
        }

        running.Signal(signal);
        var result = running.Finish().Expect(exitCode);
        string[] lines = File.ReadAllLines(History);
        Assert.Equal("{\"torn", lines[0]);
        var rounds = lines.Skip(1).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.All(rounds, round => SchemaCheck.Follows(round, "audit-summary"));
        Assert.Equal(Enumerable.Range(1, rounds.Count), rounds.Select(round => round.GetProperty("round").GetInt32()));
        Assert.Equal(rounds.Count, rounds.Select(round => round.GetProperty("seed").GetString()).Distinct().Count());
        Assert.Contains("the next round begins at", result.Error, StringComparison.Ordinal);

        // The seed of a round draws what the round did.
        string[] drawn = [.. Of(result, "sample").Take((int)rounds[0].GetProperty("samples").GetInt64()).Select(Place)];
        Assert.Equal(drawn, Of(DataPrepProcess.Run("audit", Out, "--url", template, "--json", "--seed", rounds[0].GetProperty("seed").GetString()!).Expect(0), "sample").Select(Place));

        static string Place(JsonElement sample) => $"{sample.GetProperty("pieceCid")} {sample.GetProperty("offset")}";
    }

    [Fact]
    public void WhatMakesNoSenseIsRefused()
    {
        string url = "--url http://127.0.0.1:1/{pieceCid} ";
        foreach (string arguments in (string[])["", "--url http://x/piece", "--url x={pieceCid}", "--url ftp://x/{pieceCid}", "--url http://a:b@x/{pieceCid}", "--token-env X", url + "--samples 0", url + "--samples x",
            url + "--samples 3 --detect 1%", url + "--detect 0%", url + "--confidence 100%", url + "--concurrency 0", url + "--per-provider x", url + "--retries -1", url + "--timeout 0s", url + "--timeout 5", url + "--max-rate 0",
            url + "--slow fast", url + "--slow 0/s", url + "--watch 1y", url + "--watch 0s", url + "--frobnicate"])
            DataPrepProcess.Run(["audit", Out, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Expect(2, "dataprep: ");
        DataPrepProcess.Run("audit").Expect(2);
        string[] ask = url.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        DataPrepProcess.Run(["audit", scratch.At("none"), .. ask]).Expect(1, "none");
        DataPrepProcess.Run(["audit", scratch.At("src"), .. ask]).Expect(1, "src", "no packed dataset");
        DataPrepProcess.Run(["audit", Out, "--trees", scratch.At("src"), .. ask]).Expect(1, "--trees");
        DataPrepProcess.Run(["audit", Out, "--history", scratch.At("none/history"), .. ask]).Expect(1, "history");
        DataPrepProcess.Run(["audit", Out, "--token-env", "NO_SUCH_VARIABLE", .. ask]).Expect(1, "NO_SUCH_VARIABLE");
        DataPrepProcess.Run("audit", Out, "--providers", scratch.File("empty.csv", "")).Expect(1, "names no provider");
        DataPrepProcess.Run("audit", Out, "--providers", scratch.At("none.csv")).Expect(1, "none.csv");
        _ = scratch.File("out/" + RecordFile.Pieces, "{}\n");
        DataPrepProcess.Run(["audit", Out, .. ask]).Expect(1, RecordFile.Pieces);
    }
}
