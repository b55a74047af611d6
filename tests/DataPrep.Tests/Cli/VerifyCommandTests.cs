using Xunit;

namespace DataPrep.Tests.Cli;

public sealed class VerifyCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Source => scratch.At("src");

    private string Out => scratch.At("out");

    private string Pack()
    {
        _ = scratch.Noise("src/a", 3_000_000);
        DataPrepProcess.Run("pack", Source, "-o", Out, "-q").Expect(0);
        return Assert.Single(Directory.GetFiles(Out, "*.car"));
    }

    [Fact]
    public void TheSourceIsCompared()
    {
        _ = Pack();
        var summary = DataPrepProcess.Run("verify", Out, "--source", Source, "--json").Expect(0).Event("summary");
        Assert.Equal((true, 1L), (summary.GetProperty("ok").GetBoolean(), summary.GetProperty("sourceFiles").GetInt64()));
        byte[] bytes = File.ReadAllBytes(scratch.At("src/a"));
        bytes[2_345_678] ^= 1;
        File.WriteAllBytes(scratch.At("src/a"), bytes);
        Assert.Contains("at offset 2345678: has other content than was packed [source]", DataPrepProcess.Run("verify", Out, "--source", Source, "--quick").Expect(4).Output, StringComparison.Ordinal);
        DataPrepProcess.Run("verify", Out, "--source", scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("verify", Out, Out, "--source", Source).Expect(2);
    }

    /// <summary>What needs no reading of CARs is found; a flipped bit in one is not.</summary>
    [Fact]
    public void QuickLooksAtNamesSizesAndSidecars()
    {
        string car = Pack(), tree = Path.ChangeExtension(car, ".tree");
        Assert.Contains("names, sizes and sidecars", DataPrepProcess.Run("verify", Out, "--quick").Expect(0).Output, StringComparison.Ordinal);
        byte[] bytes = File.ReadAllBytes(car);
        bytes[1_000_000] ^= 1;
        File.WriteAllBytes(car, bytes);
        DataPrepProcess.Run("verify", Out, "--quick").Expect(0);
        File.WriteAllBytes(car, bytes[..^1]);
        Assert.Equal("car-size", Code());
        File.WriteAllBytes(car, bytes);

        byte[] nodes = File.ReadAllBytes(tree);
        nodes[70] ^= 1;
        File.WriteAllBytes(tree, nodes);
        Assert.Equal("sidecar", Code());
        File.Delete(tree);
        Assert.Equal("sidecar", Code());
        nodes[70] ^= 1;
        File.WriteAllBytes(tree, nodes);

        File.Move(car, car + ".away");
        Assert.Equal("missing-piece", Code());
        File.Move(car + ".away", car);
        File.Move(Path.Join(Out, "files.jsonl"), Path.Join(Out, "files"));
        Assert.Equal("manifest", Code());
        DataPrepProcess.Run("verify", car, "--quick").Expect(2, "--quick");

        string Code() => DataPrepProcess.Run("verify", Out, "--quick", "--json").Expect(4).Events().First(e => e.GetProperty("type").GetString() == "finding").GetProperty("code").GetString()!;
    }
}
