using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

public sealed class SampleCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    [Fact]
    public void ASampleSaysWhatItDrewAndWhatThatProves()
    {
        _ = scratch.Noise("src/a", 3_000_000);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "-q").Expect(0);
        var summary = DataPrepProcess.Run("sample", Out, "--samples", "2", "--seed", "s", "--source", scratch.At("src"), "--json").Expect(0).Event("summary");
        Assert.Equal(2, summary.GetProperty("samples").GetInt64());
        Assert.Equal(3, summary.GetProperty("population").GetInt64());
        Assert.Equal("s", summary.GetProperty("seed").GetString());
        Assert.Equal(2, summary.GetProperty("detectableSegments").GetInt64());
        using (var schema = JsonDocument.Parse(File.ReadAllBytes(Path.Join(Checkout.Root, "docs", "schema", "sample-summary.schema.json"))))
        {
            Assert.Equal(schema.RootElement.GetProperty("required").EnumerateArray().Select(name => name.GetString()), summary.EnumerateObject().Select(property => property.Name));
            Assert.Equal(schema.RootElement.GetProperty("properties").EnumerateObject().Select(property => property.Name), summary.EnumerateObject().Select(property => property.Name));
        }

        // What a seed drew, that seed draws again.
        string seed = DataPrepProcess.Run("sample", Out, "--json").Expect(0).Event("summary").GetProperty("seed").GetString()!;
        Assert.Equal(32, seed.Length);
        Assert.Contains(seed, DataPrepProcess.Run("sample", Out, "--seed", seed, "--strata", "none").Expect(0).Output, StringComparison.Ordinal);

        string car = Assert.Single(Directory.GetFiles(Out, "*.car"));
        byte[] bytes = File.ReadAllBytes(car);
        bytes[2_500_000] ^= 1;
        File.WriteAllBytes(car, bytes);
        var damaged = DataPrepProcess.Run("sample", Out, "--json", "--detect", "1%", "--confidence", "99%").Expect(4);
        var finding = damaged.Events().First(e => e.GetProperty("type").GetString() == "finding");
        Assert.Equal(["type", "severity", "code", "path", "offset", "message"], finding.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("segment", 2_080_768L), (finding.GetProperty("code").GetString(), finding.GetProperty("offset").GetInt64()));
        Assert.False(damaged.Event("summary").GetProperty("ok").GetBoolean());
        Assert.Contains("FAILED", DataPrepProcess.Run("sample", Out).Expect(4).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatMakesNoSenseIsRefused()
    {
        _ = scratch.Noise("src/a", 3000);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "-q").Expect(0);
        foreach (string arguments in (string[])["--samples 0", "--samples -1", "--samples x", "--samples 3 --detect 1%", "--detect 0%", "--detect 101%", "--detect x", "--detect -1%", "--confidence 100%", "--confidence 0", "--strata colour"])
            DataPrepProcess.Run(["sample", Out, .. arguments.Split(' ')]).Expect(2);
        DataPrepProcess.Run("sample").Expect(2);
        DataPrepProcess.Run("sample", scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("sample", scratch.At("src")).Expect(1, "src");
        DataPrepProcess.Run("sample", Out, "--source", scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("sample", Out, "--detect", "0.5", "--confidence", "0.9").Expect(0);
    }
}
