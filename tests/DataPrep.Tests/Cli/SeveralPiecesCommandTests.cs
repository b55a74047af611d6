using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary><c>pack</c> of datasets that are cut into several pieces.</summary>
public sealed class SeveralPiecesCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    /// <summary>A little over 3 MiB.</summary>
    private string Sample()
    {
        _ = scratch.Noise("src/data.bin", 2_600_000);
        _ = scratch.Noise("src/sub/more", 700_001, 2);
        for (int i = 0; i < 20; i++)
            _ = scratch.Noise($"src/small/{i}", i * 100, i);
        _ = scratch.Folder("src/hollow");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub/more");
        return scratch.At("src");
    }

    [Theory]
    [InlineData("--piece-size 1MiB", 5)]
    [InlineData("--piece-size 1MiB --balance", 5)]
    [InlineData("--piece-size 1MiB --keep-files-whole", 5)]
    [InlineData("--piece-size 2MiB --min-piece-size 2MiB", 3)]
    [InlineData("--max-car-size 300000 --min-piece-size 1MiB --balance", 14)]
    [InlineData("--max-car-size 600KiB --profile unixfs-v0-2015 --chunk-size 10000", 7)]
    [InlineData("--max-car-size 300000 --preserve-mode --preserve-mtime --max-links 2 --hamt-threshold 100", 14)]
    public void DryRunSaysExactlyWhatIsMade(string options, int pieces)
    {
        string[] arguments = ["pack", Sample(), "--chunk-size", "64KiB", "--json", .. options.Split(' ')];
        if (options.Contains("--chunk-size", StringComparison.Ordinal))
            arguments = [.. arguments[..2], .. arguments[4..]];
        var dry = DataPrepProcess.Run([.. arguments, "--dry-run"]).Expect(0);
        Assert.False(Directory.Exists(Out));
        var made = DataPrepProcess.Run([.. arguments, "-o", Out]).Expect(0);

        var planned = Of(dry, "plannedPiece");
        var real = Of(made, "piece");
        string[] figures = ["kind", "carSize", "pieceSize"];
        Assert.Equal(real.Select(piece => string.Join(' ', figures.Select(name => piece.GetProperty(name)))), planned.Select(piece => string.Join(' ', figures.Select(name => piece.GetProperty(name)))));
        Assert.Equal(pieces, real.Count);
        JsonElement plan = dry.Event("plan"), summary = made.Event("summary");
        foreach (string name in (string[])["name", "files", "directories", "links", "bytes", "pieces", "skipped"])
            Assert.Equal(summary.GetProperty(name).GetRawText(), plan.GetProperty(name).GetRawText());
        Assert.Equal(summary.GetProperty("dagPieces").GetArrayLength(), plan.GetProperty("dagPieces").GetInt32());
        foreach (string name in (string[])["carSize", "pieceSize"])
            Assert.Equal(real.Sum(piece => piece.GetProperty(name).GetInt64()), plan.GetProperty(name).GetInt64());

        // And these figures are those of the files.
        foreach (var piece in real)
            Assert.Equal(piece.GetProperty("carSize").GetInt64(), new FileInfo(Path.Join(Out, piece.GetProperty("carFile").GetString())).Length);
        var commp = Of(DataPrepProcess.Run(["commp", "--json", .. Directory.GetFiles(Out, "*.car")]).Expect(0), "commp");
        Assert.Equal(real.Count, commp.Count);
        Assert.All(commp, e => Assert.Equal(e.GetProperty("pieceCid").GetString(), Path.GetFileNameWithoutExtension(e.GetProperty("path").GetString())));
    }

    [Theory]
    [InlineData("--piece-size 3MiB", "--piece-size must be a power of two from 1MiB to 64GiB")]
    [InlineData("--min-piece-size 3MiB", "--min-piece-size must be a power of two from 1MiB to --piece-size")]
    [InlineData("--min-piece-size 4MiB --piece-size 2MiB", "--min-piece-size must be a power of two from 1MiB to --piece-size")]
    [InlineData("--max-car-size 0", "--max-car-size must be more than nothing")]
    [InlineData("--max-car-size much", "--max-car-size: 'much' is no size; write it as 32GiB")]
    [InlineData("-o OUT", "a folder is named twice")]
    [InlineData("-o LINK", "are one folder")]
    [InlineData("-o SRC/new", "inside the source")]
    public void WrongValuesAreSaidToBeSo(string options, string message)
    {
        string source = Sample();
        _ = scratch.Folder("out");
        _ = Directory.CreateSymbolicLink(scratch.At("link"), Out);
        string[] given = options.Replace("OUT", Out, StringComparison.Ordinal).Replace("LINK", scratch.At("link"), StringComparison.Ordinal).Replace("SRC", source, StringComparison.Ordinal).Split(' ');
        DataPrepProcess.Run(["pack", source, "-o", Out, .. given]).Expect(2, "dataprep: ", message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Out));
        Assert.False(Directory.Exists(scratch.At("src/new")));
    }

    [Fact]
    public void WhatDoesNotFitInAPieceIsNamedWithWhatItNeeds()
    {
        string source = Sample();
        _ = scratch.Noise("src/sub/one chunk", 2_000_000);
        string[] arguments = ["pack", source, "--piece-size", "1MiB", "--chunk-size", "2000000"];
        DataPrepProcess.Run([.. arguments, "-o", Out]).Expect(2, "data.bin does not fit in a piece", "and a piece takes 1040384;", "--piece-size", "--chunk-size");
        DataPrepProcess.Run([.. arguments, "--dry-run"]).Expect(2, "data.bin does not fit in a piece");
        File.Delete(scratch.At("src/data.bin"));
        DataPrepProcess.Run([.. arguments, "-o", Out]).Expect(2, "sub/one chunk does not fit in a piece: its CAR would be 2000");
        DataPrepProcess.Run("pack", source, "--max-car-size", "1000", "--chunk-size", "100", "-o", Out).Expect(2, "small does not fit in a piece");
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void DatasetLargerThanThePieceIsCutAndTheNextRunFindsItDone()
    {
        string source = Sample();
        string[] arguments = ["pack", source, "-o", Out, "--piece-size", "1MiB", "--chunk-size", "64KiB"];
        var result = DataPrepProcess.Run(arguments).Expect(0);
        Assert.Equal(4, result.Lines.Count(line => line.StartsWith("  piece   baga6ea4seaq", StringComparison.Ordinal)));
        Assert.Single(result.Lines, line => line.StartsWith("  dag     baga6ea4seaq", StringComparison.Ordinal));
        Assert.Equal(5, Directory.GetFiles(Out, "*.car").Length);
        Assert.Equal(5, Directory.GetFiles(Out, "*.tree").Length);

        // The root is that of the dataset in one piece.
        var whole = DataPrepProcess.Run("pack", source, "-o", scratch.At("whole"), "--chunk-size", "64KiB", "--json").Expect(0).Event("summary");
        Assert.Contains($"  root    {whole.GetProperty("rootCid")}", result.Output, StringComparison.Ordinal);

        var before = ScratchFolder.Snapshot(Out);
        Assert.Contains("already", DataPrepProcess.Run(arguments).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(before, ScratchFolder.Snapshot(Out));
        foreach (string[] other in (string[][])[["--balance"], ["--keep-files-whole"], ["--max-car-size", "1000000"], ["--min-piece-size", "1MiB"]])
            DataPrepProcess.Run([.. arguments, .. other]).Expect(1, "another dataset");
        File.Delete(Directory.GetFiles(Out, "*.car")[3]);
        DataPrepProcess.Run(arguments).Expect(1, "is missing");
    }

    [Fact]
    public void ManyPiecesAreNotAllPrinted()
    {
        string[] arguments = ["pack", Sample(), "-o", Out, "--max-car-size", "100000", "--chunk-size", "16KiB"];
        Assert.Contains("more", DataPrepProcess.Run([.. arguments, "--dry-run"]).Expect(0).Lines[^1], StringComparison.Ordinal);
        var result = DataPrepProcess.Run(arguments).Expect(0);
        int pieces = File.ReadAllLines(Path.Join(Out, "pieces.jsonl")).Length;
        Assert.Contains($"  ... and {pieces - 20} pieces more; pieces.jsonl lists them all", result.Output, StringComparison.Ordinal);
    }

    /// <summary>All is in the first folder, but for the CARs that others hold: these are links there.</summary>
    [Fact]
    public void PiecesAreSpreadOverFolders()
    {
        string source = Sample();
        string[] arguments = ["pack", source, "--piece-size", "1MiB", "--chunk-size", "64KiB", "-o"];
        DataPrepProcess.Run([.. arguments, Out]).Expect(0);
        string first = scratch.At("first"), second = scratch.At("x/second"), third = scratch.At("third");
        string[] several = [.. arguments, first, "-o", second, "-o", third];
        DataPrepProcess.Run(several).Expect(0);
        Assert.Equal(Directory.GetFiles(Out).Select(Path.GetFileName).Order(StringComparer.Ordinal), Directory.GetFiles(first).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string file in Directory.GetFiles(Out))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Join(first, Path.GetFileName(file))));
        var targets = Directory.GetFiles(first, "*.car").Select(file => new FileInfo(file).LinkTarget).ToList();
        Assert.Equal(2, targets.Count(target => target is null));
        Assert.Equal([2, 1], ((string[])[second, third]).Select(folder => targets.Count(target => Path.GetDirectoryName(target) == folder)));
        Assert.All(Directory.GetFiles(second).Concat(Directory.GetFiles(third)), file => Assert.EndsWith(".car", file, StringComparison.Ordinal));

        var before = ScratchFolder.Snapshot(scratch.Root);
        Assert.Contains("already", DataPrepProcess.Run(several).Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("already", DataPrepProcess.Run([.. arguments, first]).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(before, ScratchFolder.Snapshot(scratch.Root));
        string linked = Directory.GetFiles(first, "*.car").First(file => new FileInfo(file).LinkTarget is not null);
        Assert.Equal(
            DataPrepProcess.Run("inspect", Path.Join(Out, Path.GetFileName(linked))).Expect(0).Output.Replace(Out, "", StringComparison.Ordinal),
            DataPrepProcess.Run("inspect", linked).Expect(0).Output.Replace(first, "", StringComparison.Ordinal));
        File.Delete(targets.First(target => target is not null)!);
        DataPrepProcess.Run(several).Expect(1, "is missing");
    }

    [Fact]
    public void AFileThatNeverRestsIsLeftOutAndTheExitIsThree()
    {
        string source = Sample(), restless = scratch.Noise("src/restless", 20_000_000);
        var run = DataPrepProcess.Start("pack", source, "-o", Out, "--piece-size", "8MiB", "--threads", "1", "--json");
        using (var file = new FileStream(restless, FileMode.Append))
        {
            while (!run.HasExited)
            {
                file.WriteByte(1);
                file.Flush();
                Thread.Sleep(1);
            }
        }

        var result = run.Finish().Expect(3);
        string[] said = [.. result.Error.Split('\n').Where(line => line.Contains("restless: grew", StringComparison.Ordinal))];
        Assert.Equal(3, said.Count(line => line.Contains("packing it again", StringComparison.Ordinal)));
        Assert.Single(said, line => line.Contains("left out", StringComparison.Ordinal));
        var row = JsonDocument.Parse(Assert.Single(File.ReadAllLines(Path.Join(Out, "skipped.jsonl")))).RootElement;
        Assert.Equal("restless changed", $"{row.GetProperty("path")} {row.GetProperty("reason")}");
        Assert.DoesNotContain("restless", File.ReadAllText(Path.Join(Out, "files.jsonl")), StringComparison.Ordinal);
        File.Delete(restless);
        var without = DataPrepProcess.Run("pack", source, "-o", scratch.At("without"), "--json").Expect(0).Event("summary");
        Assert.Equal(without.GetProperty("rootCid").GetString(), result.Event("summary").GetProperty("rootCid").GetString());
    }

    private static List<JsonElement> Of(ProcessResult result, string type) => [.. result.Events().Where(e => e.GetProperty("type").GetString() == type)];
}
