using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary><c>check</c>: each requirement kept and broken.</summary>
public sealed class CheckCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private void Pack(string source = "src", string output = "out", params string[] options) =>
        DataPrepProcess.Run(["pack", scratch.At(source), "-o", scratch.At(output), "-q", .. options]).Expect(0);

    private string Requirements(string json) => scratch.File("requirements.json", json);

    private static Dictionary<string, JsonElement> Findings(ProcessResult result) =>
        result.Events().Where(e => e.GetProperty("type").GetString() == "finding").ToDictionary(e => e.GetProperty("code").GetString()!);

    [Fact]
    public void AGoodDatasetMeetsTheRequirements()
    {
        _ = scratch.Noise("src/a", 900_000);
        _ = scratch.Noise("src/b", 80_000, 2);
        Pack();
        foreach (string[] options in (string[][])[[], ["--quick"]])
        {
            var result = DataPrepProcess.Run(["check", Out, "--json", .. options]).Expect(0);
            Assert.Empty(Findings(result));
            var summary = result.Event("summary");
            Assert.Equal((true, 1, 2, 980_000, 0), (summary.GetProperty("ok").GetBoolean(), Number(summary, "pieces"), Number(summary, "files"), Number(summary, "bytes"), Number(summary, "duplicateBytes")));
            Assert.Equal(options.Length == 0 ? "leaves" : "files", summary.GetProperty("contentBy").GetString());
        }

        // The small size counts for whoever says so; pieces that are gone do not.
        File.Delete(Assert.Single(Directory.GetFiles(Out, "*.car")));
        string strict = Requirements("""{"smallDatasets":false,"mostPadding":0.01}""");
        SchemaCheck.Follows(JsonDocument.Parse(File.ReadAllText(strict)).RootElement, "requirements");
        var broken = DataPrepProcess.Run("check", Out, "--requirements", strict, "--json").Expect(4);
        Assert.Equal(["padding", "small-piece"], Findings(broken).Keys.Order(StringComparer.Ordinal));
        Assert.Equal(1, Number(broken.Event("summary"), "absent"));
        Assert.Contains("8589934592", Findings(broken)["small-piece"].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void DuplicateContentIsCountedToTheByteInPiecesAndAgainstOthers()
    {
        byte[] once = ScratchFolder.Bytes(1 << 20, 1), again = ScratchFolder.Bytes(1 << 20, 2);
        _ = scratch.File("src/a", [.. once, .. again]);
        _ = scratch.File("src/b", again);
        _ = scratch.File("src/c", again);
        _ = scratch.File("other/x", [.. ScratchFolder.Bytes(1 << 20, 3), .. once]);
        Pack(options: "--inline");
        Pack("other", "against");
        var result = DataPrepProcess.Run("check", Out, "--against", scratch.At("against"), "--json").Expect(0);
        Assert.Equal((2 << 20, 1 << 20), (Number(result.Event("summary"), "duplicateBytes"), Number(result.Event("summary"), "sharedBytes")));
        Assert.Equal("warning", Findings(result)["duplicate-content"].GetProperty("severity").GetString());
        Assert.Contains("2097152 of 4194304", Findings(result)["duplicate-content"].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("shared-content", Findings(result).Keys);

        // By whole files, a is another than b.
        var quick = DataPrepProcess.Run("check", Out, "--against", scratch.At("against"), "--json", "--quick").Expect(0).Event("summary");
        Assert.Equal((1 << 20, 0), (Number(quick, "duplicateBytes"), Number(quick, "sharedBytes")));

        var same = DataPrepProcess.Run("check", Out, "--against", scratch.At("out/pieces.jsonl"), "--json").Expect(4);
        Assert.Equal("error", Findings(same)["shared-piece"].GetProperty("severity").GetString());
    }

    [Fact]
    public void SizesThatAreDeclaredAreHeldAgainstThoseFound()
    {
        _ = scratch.Noise("src/a", 900_000);
        Pack();
        string car = Assert.Single(Directory.GetFiles(Out, "*.car")), list = scratch.At("out/pieces.jsonl"), text = File.ReadAllText(list);
        using (var file = File.OpenWrite(car))
            file.SetLength(file.Length + 1);
        Assert.Equal(car, Findings(DataPrepProcess.Run("check", Out, "--json", "--quick").Expect(4))["size-mismatch"].GetProperty("path").GetString());
        File.WriteAllText(list, text.Replace("\"pieceSize\":1048576", "\"pieceSize\":34359738368", StringComparison.Ordinal));
        Assert.Contains("34359738368", Findings(DataPrepProcess.Run("check", Out, "--json", "--quick").Expect(4))["piece-size"].GetProperty("message").GetString(), StringComparison.Ordinal);
        File.WriteAllText(list, text.Replace("\"pieceCidV2\":\"bafkzcib", "\"pieceCidV2\":\"bafkzciz", StringComparison.Ordinal));
        Assert.Contains("piece-record", Findings(DataPrepProcess.Run("check", Out, "--json", "--quick").Expect(4)).Keys);
        File.WriteAllText(list, text + text);
        var twice = Findings(DataPrepProcess.Run("check", Out, "--json", "--quick", "--requirements", Requirements("""{"severities":{"size-mismatch":"off"}}""")).Expect(4))["duplicate-piece"];
        Assert.Equal(text.Length, twice.GetProperty("offset").GetInt32());
    }

    [Fact]
    public void NamesAndTinyFilesAreFound()
    {
        _ = scratch.Noise("src/large", 900_000);
        foreach (string name in (string[])["a?", "Same", "same", "secret.key", "x/fine"])
            _ = scratch.File("src/" + name, name);
        for (int i = 0; i < 25; i++)
            _ = scratch.File($"src/b/{i}:", $"{i}");
        Pack();
        string rules = Requirements("""{"forbiddenNames":["*.key","!ok.key"],"mostTinyFiles":0.9,"severities":{"portable-name":"error"}}""");
        var events = DataPrepProcess.Run("check", Out, "--requirements", rules, "--json").Expect(4).Events();
        string[] messages = [.. events.Where(e => e.GetProperty("type").GetString() == "finding").Select(e => $"{e.GetProperty("code").GetString()}: {e.GetProperty("message").GetString()}")];
        Assert.Contains(messages, message => message.StartsWith("forbidden-name: 'secret.key' matches *.key", StringComparison.Ordinal));
        Assert.Contains(messages, message => message.StartsWith("tiny-files: 30 of 31", StringComparison.Ordinal));
        Assert.Contains(messages, message => message.StartsWith("portable-name: 'a?' has a '?'", StringComparison.Ordinal));
        Assert.Contains(messages, message => message == "portable-name: 7 more of this kind");
        var few = DataPrepProcess.Run("check", Out, "--requirements", Requirements("""{"severities":{"tiny-files":"off"}}"""), "--json").Expect(0);
        Assert.DoesNotContain(few.Events(), e => e.GetProperty("type").GetString() == "finding" && e.GetProperty("code").GetString() == "tiny-files");
    }

    [Fact]
    public void RequirementsThatMakeNoSenseAreRefused()
    {
        _ = scratch.File("src/a", "a");
        Pack();
        foreach (string json in (string[])
        [
            "{\"unknown\":1}", "[]", "{\"mostPadding\":2}", "{\"mostPadding\":-0.1}", "{\"leastServedSize\":-1}", "{\"severities\":{\"no-code\":\"off\"}}",
            "{\"severities\":{\"padding\":\"fatal\"}}", "{\"forbiddenNames\":[\"a//b\"]}", "{\"forbiddenNames\":null}", "{\"mostPadding\":0.1,\"mostPadding\":0.2}", "{", "",
        ])
        {
            DataPrepProcess.Run("check", Out, "--requirements", Requirements(json)).Expect(1, "requirements.json");
        }

        DataPrepProcess.Run("check", Out, "--requirements", scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("check", Out, "--against", scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("check", scratch.At("src")).Expect(1, "dataset.json");
        DataPrepProcess.Run("check").Expect(2);
        DataPrepProcess.Run("check", Out, "--requirements", Requirements("{}")).Expect(0);
    }

    private static long Number(JsonElement summary, string name) => summary.GetProperty(name).GetInt64();
}
