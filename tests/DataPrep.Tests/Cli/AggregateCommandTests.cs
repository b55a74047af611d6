using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary><c>aggregate</c>, and what checks its output.</summary>
public sealed class AggregateCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void PackedPiecesAreAggregatedFromTheirRecordsAloneAndWrittenLater()
    {
        _ = scratch.Noise("src/a", 600_000);
        _ = scratch.Noise("other/b", 100_000, 2);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("out"), "-q").Expect(0);
        DataPrepProcess.Run("pack", scratch.At("other"), "-o", scratch.At("inline"), "--inline", "-q").Expect(0);
        string deal = scratch.At("deal"), car = Assert.Single(Directory.GetFiles(scratch.At("out"), "*.car"));
        string lone = scratch.Noise("lone", 5000, 3);
        string[] pieces = [lone, scratch.At("out"), scratch.At("inline")];

        // Nothing of the CAR is needed before the payload is written.
        File.Move(car, scratch.At("away"));
        var planned = DataPrepProcess.Run(["aggregate", .. pieces, "-o", deal, "--sort", "--url", "https://h.example/{pieceCidV2}", "--json"]).Expect(0);
        DataPrepProcess.Run(["aggregate", .. pieces, "-o", deal, "--sort", "--write"]).Expect(1, car);
        Assert.Empty(Directory.GetFiles(deal, "*.data"));
        File.Move(scratch.At("away"), car);
        var written = DataPrepProcess.Run(["aggregate", .. pieces, "-o", deal, "--sort", "--write", "--json"]).Expect(0).Event("summary");
        string cid = planned.Event("summary").GetProperty("pieceCid").GetString()!, payload = Assert.Single(Directory.GetFiles(deal, "*.data"));
        Assert.Equal((cid, payload), (written.GetProperty("pieceCid").GetString(), written.GetProperty("payload").GetString()));
        Assert.Equal(cid, DataPrepProcess.Run("commp", payload, "--json").Expect(0).Event("commp").GetProperty("pieceCid").GetString());

        SchemaCheck.Follows(JsonDocument.Parse(File.ReadAllBytes(Path.Join(deal, "aggregate.json"))).RootElement, "aggregate");
        Assert.All(File.ReadLines(Path.Join(deal, "aggregate.jsonl")), line => SchemaCheck.Follows(JsonDocument.Parse(line).RootElement, "segment"));
        string[] proofs = File.ReadAllLines(Path.Join(deal, "inclusion.jsonl"));
        Assert.Equal(3, proofs.Length);
        Assert.All(proofs, line => SchemaCheck.Follows(JsonDocument.Parse(line).RootElement, "inclusion"));
        Assert.Equal(3, File.ReadLines(Path.Join(deal, "aggregate.tsv")).Count(line => line.Split('\t') is [['b', ..] v2, var url] && url == "https://h.example/" + v2));

        Assert.Equal(3, DataPrepProcess.Run("verify", "--inclusion", Path.Join(deal, "inclusion.jsonl"), "--json").Expect(0).Event("summary").GetProperty("proofs").GetInt32());
        DataPrepProcess.Run("verify", "--inclusion", scratch.File("mine.json", proofs[1])).Expect(0);
        var found = DataPrepProcess.Run("inspect", "--segments", payload, "--json").Expect(0).Events().Where(e => e.GetProperty("type").GetString() == "segment");
        Assert.Equal(
            planned.Events().Where(e => e.GetProperty("type").GetString() == "segment").Select(e => (e.GetProperty("pieceCid").GetString(), e.GetProperty("offset").GetInt64())),
            found.Select(e => (e.GetProperty("pieceCid").GetString(), e.GetProperty("offset").GetInt64())));
    }

    [Fact]
    public void AChangedSourceOfAnInlinePieceIsNamed()
    {
        string file = scratch.Noise("src/a", 2_000_000);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("out"), "--inline", "-q").Expect(0);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[1_500_000] ^= 1;
        File.WriteAllBytes(file, bytes);
        DataPrepProcess.Run("aggregate", scratch.At("out"), "-o", scratch.At("deal"), "--write").Expect(1, file);
        Assert.Empty(Directory.GetFiles(scratch.At("deal"), "*.data"));
    }

    [Fact]
    public void WhatMakesNoSenseIsRefused()
    {
        string file = scratch.Noise("x", 5000);
        DataPrepProcess.Run("aggregate").Expect(2);
        DataPrepProcess.Run("aggregate", scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("aggregate", scratch.Root).Expect(1, "pieces.jsonl");
        DataPrepProcess.Run("aggregate", file, "--write").Expect(2, "-o DIR");
        DataPrepProcess.Run("aggregate", file, "-o", "").Expect(2, "-o");
        foreach (string size in (string[])["256", "1000", "128GiB"])
            DataPrepProcess.Run("aggregate", file, "--deal-size", size).Expect(2, "--deal-size");
        DataPrepProcess.Run("aggregate", file, "--deal-size", "8KiB").Expect(2, "beyond", "16384");
        string large = scratch.Noise("large", 16000, 2), third = scratch.Noise("third", 100, 3);
        DataPrepProcess.Run("aggregate", third, large, file, "--deal-size", "32KiB").Expect(2, "--sort");
        DataPrepProcess.Run("aggregate", third, large, file, "--deal-size", "32KiB", "--sort").Expect(0);
        DataPrepProcess.Run("aggregate", file, "-o", scratch.At("deal"), "--url", "ftp://x/{pieceCid}").Expect(2, "--url");
        DataPrepProcess.Run("aggregate", file, "-o", scratch.At("deal")).Expect(0);
        DataPrepProcess.Run("aggregate", file, file, "-o", scratch.At("deal")).Expect(2, "another folder");
        Assert.Contains("2 times", DataPrepProcess.Run("aggregate", file, file).Expect(0).Error, StringComparison.Ordinal);
        DataPrepProcess.Run("verify", "--inclusion", scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("verify", "--inclusion", file, file).Expect(2);
        DataPrepProcess.Run("verify", "--inclusion", file).Expect(4);
        DataPrepProcess.Run("verify", "--inclusion", scratch.File("no.jsonl", "")).Expect(4);
        string proof = File.ReadAllText(scratch.At("deal/inclusion.jsonl"));
        string wrong = scratch.File("wrong.jsonl", proof + proof.Replace("\"sizePc\":8192", "\"sizePc\":4096", StringComparison.Ordinal));
        var findings = DataPrepProcess.Run("verify", "--inclusion", wrong, "--json").Expect(4);
        Assert.Equal((proof.Length, "inclusion"), (findings.Event("finding").GetProperty("offset").GetInt32(), findings.Event("finding").GetProperty("code").GetString()));
    }
}
