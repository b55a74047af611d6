using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>What goes to which output, also where names or the outputs themselves are awkward.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string Packed()
    {
        for (int i = 0; i < 400; i++)
            _ = scratch.File($"src/file-with-a-longer-name-{i:D4}", $"{i}");
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "-q").Expect(0);
        return Out;
    }

    [Fact]
    public void ControlCharactersInNamesBreakNoLine()
    {
        string name = "a\nb\tc\x1b[31m";
        _ = scratch.File($"src/{name}", "x");
        DataPrepProcess.Shell("mkfifo \"$1\"", scratch.At($"src/{name}.pipe")).Expect(0);
        var packed = DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "--name", name).Expect(3);
        Assert.Single(packed.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("Packed a\\nb\\tc\\x1b", packed.Output, StringComparison.Ordinal);
        Assert.Equal("a\\nb\\tc\\x1b[31m\n", DataPrepProcess.Run("ls", Out).Expect(0).Output);
        Assert.Single(DataPrepProcess.Run("ls", "-l", Out).Expect(0).Lines);
        Assert.Equal(name, DataPrepProcess.Run("ls", Out, "--json").Expect(0).Event("entry").GetProperty("path").GetString());
        DataPrepProcess.Run("verify", Out).Expect(0);

        string car = scratch.At("bad\nname.car");
        File.Copy(Assert.Single(Directory.GetFiles(Out, "*.car")), car);
        Assert.Equal(5, DataPrepProcess.Run("commp", car).Expect(0).Lines.Length);
        Assert.Equal(2, DataPrepProcess.Run("verify", car).Expect(0).Lines.Length);
        Assert.StartsWith("/", DataPrepProcess.Run("inspect", car).Expect(0).Lines[0], StringComparison.Ordinal);
        File.WriteAllText(car, "no car");
        Assert.Single(DataPrepProcess.Run("inspect", car).Expect(1).Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void NamesThatAreNotUtf8AreKept()
    {
        _ = scratch.Folder("src");
        DataPrepProcess.Shell("printf x > \"$1/\"$'a\\xff'", scratch.At("src")).Expect(0);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out).Expect(0);
        using var row = JsonDocument.Parse(Assert.Single(File.ReadAllLines(Path.Join(Out, "files.jsonl"))));
        Assert.Equal("61ff", row.RootElement.GetProperty("pathHex").GetString());
        Assert.Equal("61ff", DataPrepProcess.Run("ls", Out, "--json").Expect(0).Event("entry").GetProperty("pathHex").GetString());
        DataPrepProcess.Run("verify", Out).Expect(0);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out).Expect(0);
    }

    [Theory]
    [InlineData("ls \"$1\"")]
    [InlineData("ls \"$1\" --json")]
    [InlineData("inspect \"$1\"/*.car --blocks --json")]
    public void AClosedPipeIsNoError(string command)
    {
        _ = Packed();
        var result = DataPrepProcess.Shell($"\"$D\" {command} | head -1; exit ${{PIPESTATUS[0]}}", Out);
        Assert.Contains(result.ExitCode, (int[])[0, 141]);
        Assert.Empty(result.Error);
        Assert.Single(result.Lines);
    }

    [Theory]
    [InlineData("ls \"$1\"")]
    [InlineData("ls \"$1\" --json")]
    [InlineData("verify \"$1\" --json")]
    [InlineData("pack \"$2\" -o \"$1\" --json")]
    public void AFullOutputIsExitOne(string command)
    {
        _ = Packed();
        DataPrepProcess.Shell($"\"$D\" {command} > /dev/full", Out, scratch.At("src")).Expect(1, "dataprep: ", "space");
    }

    [Fact]
    public void QuietSaysNothingButResults()
    {
        _ = scratch.File("src/a", "a");
        Assert.Empty(DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "-q").Expect(0).Error);
        Assert.Empty(DataPrepProcess.Run("verify", Out, "--no-progress").Expect(0).Error);
    }

    [Fact]
    public void CommpOfStandardInputIsThatOfTheFile()
    {
        foreach (int length in (int[])[0, 1, 127, 128, 2_000_000])
        {
            byte[] bytes = ScratchFolder.Bytes(length, length);
            var file = DataPrepProcess.Run("commp", "--json", scratch.File("data", bytes)).Expect(0).Event("commp");
            var input = DataPrepProcess.RunWithInput(bytes, "commp", "--json", "-").Expect(0).Event("commp");
            Assert.Equal("-", input.GetProperty("path").GetString());
            Assert.Equal(length, input.GetProperty("size").GetInt64());
            foreach (string name in (string[])["size", "pieceCid", "pieceCidV2", "pieceSize"])
                Assert.Equal(file.GetProperty(name).GetRawText(), input.GetProperty(name).GetRawText());
        }
    }

    [Fact]
    public void CommpPadsUpWithZerosAsPayload()
    {
        string file = scratch.Noise("data", 1000);
        byte[] padded = new byte[4096 / 128 * 127];
        File.ReadAllBytes(file).CopyTo(padded, 0);
        var grown = DataPrepProcess.Run("commp", "--json", "--piece-size", "4KiB", file).Expect(0).Event("commp");
        var literal = DataPrepProcess.Run("commp", "--json", scratch.File("padded", padded)).Expect(0).Event("commp");
        Assert.Equal(1000, grown.GetProperty("size").GetInt64());
        foreach (string name in (string[])["pieceCid", "pieceCidV2", "pieceSize"])
            Assert.Equal(literal.GetProperty(name).GetRawText(), grown.GetProperty(name).GetRawText());
        DataPrepProcess.Run("commp", "--piece-size", "512", file).Expect(2, "data");
    }

    [Fact]
    public void InspectOfADamagedCarNamesItsPlace()
    {
        _ = scratch.Noise("src/a", 300);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out).Expect(0);
        byte[] car = File.ReadAllBytes(Assert.Single(Directory.GetFiles(Out, "*.car")));
        string cut = scratch.File("cut.car", car[..100]);
        DataPrepProcess.Run("inspect", cut).Expect(1, cut, "offset");
        DataPrepProcess.Run("ls", cut).Expect(1, cut, "offset");
        car[59] ^= 0x80;
        string flipped = scratch.File("flipped.car", car);
        DataPrepProcess.Run("inspect", "--blocks", flipped).Expect(1, flipped, "offset");
        DataPrepProcess.Run("verify", flipped).Expect(4);
        var finding = DataPrepProcess.Run("verify", "--json", flipped).Expect(4).Events()[0];
        Assert.Equal(["type", "severity", "code", "path", "offset", "message"], finding.EnumerateObject().Select(p => p.Name));
        DataPrepProcess.Run("inspect", scratch.File("none.car", "")).Expect(1, "none.car", "offset");
    }
}
