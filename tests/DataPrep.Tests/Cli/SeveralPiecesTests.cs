using System.Globalization;
using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>verify, ls and inspect on a dataset of several pieces.</summary>
public sealed class SeveralPiecesTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public SeveralPiecesTests()
    {
        _ = scratch.Noise("src/big", 3_000_000);
        for (int i = 0; i < 30; i++)
            _ = scratch.Noise($"src/sub/{i:D2}", i * 1000, i);
        _ = scratch.Folder("src/void");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub/00");
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "-o", More, "--piece-size", "1MiB", "--chunk-size", "64KiB").Expect(0);
    }

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string More => scratch.At("more");

    private List<(string Car, string Kind)> Pieces => [.. File.ReadLines(Path.Join(Out, "pieces.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Select(piece => (Path.Join(Out, piece.GetProperty("carFile").GetString()), piece.GetProperty("kind").GetString()!))];

    [Fact]
    public void AllIsVerifiedFromEitherFolder()
    {
        int pieces = Pieces.Count, links = Pieces.Count(piece => new FileInfo(piece.Car).LinkTarget is not null);
        Assert.InRange(links, 1, pieces - 1);
        var summary = DataPrepProcess.Run("verify", Out, "--json").Expect(0).Event("summary");
        Assert.Equal((pieces, 0, 0), (summary.GetProperty("pieces").GetInt32(), summary.GetProperty("errors").GetInt32(), summary.GetProperty("warnings").GetInt32()));
        Assert.True(summary.GetProperty("bytes").GetInt64() > 3_000_000);

        // The other folder has CARs and nothing else.
        var more = DataPrepProcess.Run("verify", More, Out, "--json");
        Assert.Equal("no-records", more.Events().First(e => e.GetProperty("type").GetString() == "finding").GetProperty("code").GetString());
        Assert.Equal(pieces + links, more.Event("summary").GetProperty("pieces").GetInt32());
        DataPrepProcess.Run("verify", scratch.Folder("nothing")).Expect(4);
        DataPrepProcess.Run(["verify", .. Pieces.Select(piece => piece.Car)]).Expect(0);
    }

    [Fact]
    public void EveryKindOfDamageIsExitFourWithItsPlace()
    {
        var (dag, _) = Pieces.Single(piece => piece.Kind == "dag");
        var alone = DataPrepProcess.Run("verify", dag, "--json").Expect(4).Events().First(e => e.GetProperty("type").GetString() == "finding");
        Assert.Equal(("missing-block", dag), (alone.GetProperty("code").GetString(), alone.GetProperty("path").GetString()));
        Assert.True(alone.GetProperty("offset").GetInt64() >= 57);

        string moved = new FileInfo(Pieces.First(piece => new FileInfo(piece.Car).LinkTarget is not null).Car).FullName;
        string target = new FileInfo(moved).LinkTarget!;
        File.Move(target, target + ".away");
        var missing = DataPrepProcess.Run("verify", Out).Expect(4);
        Assert.Contains($"error: {moved}: the piece is a symlink to {target}, where no file is [missing-piece]", missing.Output, StringComparison.Ordinal);
        File.Move(target + ".away", target);

        foreach (var (car, _) in Pieces)
        {
            byte[] bytes = File.ReadAllBytes(car);
            bytes[^1] ^= 1;
            File.WriteAllBytes(car, bytes);
            var findings = DataPrepProcess.Run("verify", Out, "--json").Expect(4).Events().Where(e => e.GetProperty("type").GetString() == "finding").ToList();
            Assert.Contains(findings, e => e.GetProperty("code").GetString() == "block-hash" && e.GetProperty("path").GetString() == car && e.GetProperty("offset").GetInt64() >= 57);
            bytes[^1] ^= 1;
            File.WriteAllBytes(car, bytes);
        }

        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void TheDatasetIsListedAsItIsAndAPieceAsWhatItHolds()
    {
        string[] expected = ["big", "link", "sub/", .. Enumerable.Range(0, 30).Select(i => $"sub/{i:D2}"), "void/"];
        Assert.Equal(expected, DataPrepProcess.Run("ls", Out).Expect(0).Lines);
        var big = DataPrepProcess.Run("ls", Out, "--json").Expect(0).Events()[0];
        Assert.Equal(("big", 3_000_000L), (big.GetProperty("path").GetString(), big.GetProperty("size").GetInt64()));
        using var row = JsonDocument.Parse(File.ReadLines(Path.Join(Out, "files.jsonl")).First());
        Assert.Equal(row.RootElement.GetProperty("cid").GetString(), big.GetProperty("cid").GetString());

        var parts = row.RootElement.GetProperty("parts").EnumerateArray().ToList();
        Assert.True(parts.Count > 2);
        foreach (var part in parts)
        {
            string car = Path.Join(Out, part.GetProperty("pieceCid").GetString() + ".car");
            string name = part.GetProperty("fileOffset").GetInt64().ToString("D20", CultureInfo.InvariantCulture);
            var listed = DataPrepProcess.Run("ls", car, "--json").Expect(0).Events().Single(e => e.GetProperty("path").GetString() == $"big/{name}");
            Assert.Equal(part.GetProperty("length").GetInt64(), listed.GetProperty("size").GetInt64());
        }
    }

    [Fact]
    public void ListingSaysWhichPieceIsNotThere()
    {
        string data = Pieces[0].Car;
        File.Move(data, data + ".away");
        DataPrepProcess.Run("ls", Out).Expect(1, data, "is not there");
        File.Delete(Path.Join(Out, "dataset.json"));
        DataPrepProcess.Run("ls", Out).Expect(1, Out, "dataset.json");
    }

    [Fact]
    public void PiecesOfEitherKindAreInspected()
    {
        foreach (var (car, kind) in Pieces)
        {
            var summary = DataPrepProcess.Run("inspect", car, "--blocks", "--json").Expect(0).Event("summary");
            Assert.Equal(File.ReadAllBytes(car).Length, summary.GetProperty("size").GetInt64());
            Assert.Equal(0, summary.GetProperty("zeroPadding").GetInt64());
            Assert.Equal(kind == "data", summary.GetProperty("codecs").TryGetProperty("raw", out _));
        }
    }
}
