using DataPrep.Distribution.Exports;
using DataPrep.Tests.Cli;
using Xunit;

namespace DataPrep.Tests.Exports;

/// <summary>The real executable, and its scripts run by a shell.</summary>
public sealed class ExportCommandTests : IDisposable
{
    private readonly ExportSample sample = new();

    public void Dispose() => sample.Dispose();

    [Fact]
    public void AScriptRunsACommandForEachPieceWithTheWordsAsTheyWere()
    {
        string list = Path.Join(sample.Out, "pieces.jsonl");
        File.WriteAllText(list, File.ReadAllText(list).Replace("\"carFile\":\"baga", "\"carFile\":\"it's $(touch ran) `touch ran` \\n \\\"*; baga", StringComparison.Ordinal));
        var pieces = sample.Dataset.Pieces().Select(piece => piece.Record).ToList();
        string ids = sample.Write("ids", string.Concat(pieces.Select((piece, i) => $"{piece.PieceCid},{i + 7}\n"))), script = sample.At("import.sh");
        DataPrepProcess.Run("export", sample.Out, "--format", "boost-import-direct", "--client", "f1abc", "--allocation", ids, "--car-dir", "/a 'b'", "-o", script).Expect(0);
        _ = sample.Write("bin/boostd", "#!/bin/sh\nprintf '%s\\0' \"$@\" >> calls\nprintf '\\0' >> calls\n");
        const string Run = "cd \"$1\" && chmod +x bin/boostd && sh -n import.sh && PATH=$PWD/bin:$PATH sh import.sh";
        DataPrepProcess.Shell(Run, sample.At("")).Expect(0);
        string[] calls = File.ReadAllText(sample.At("calls")).Split("\0\0", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(pieces.Select((piece, i) => string.Join('\0', "import-direct", "--client-addr=f1abc", $"--allocation-id={i + 7}", piece.PieceCid, "/a 'b'/" + piece.CarFile)), calls);
        Assert.False(File.Exists(sample.At("ran")));

        _ = sample.Write("bin/boostd", "#!/bin/sh\nexit 3\n");
        DataPrepProcess.Shell(Run, sample.At("")).Expect(1, $"{pieces.Count} of {pieces.Count} commands failed", "failed: boostd import-direct");
    }

    [Fact]
    public void ADealIsProposedForEachPiece()
    {
        string script = sample.At("deal.sh");
        DataPrepProcess.Run("export", sample.Out, "--format", "boost-offline-deal", "--provider", "f01234", "--client", "f1abc", "--start-epoch", "5", "--verified", "false", "-o", script).Expect(0);
        _ = sample.Write("bin/boost", "#!/bin/sh\necho \"$@\"\n");
        var printed = DataPrepProcess.Shell("cd \"$1\" && chmod +x bin/boost && sh -n deal.sh && PATH=$PWD/bin:$PATH sh deal.sh", sample.At("")).Expect(0);
        Assert.Equal(
            sample.Dataset.Pieces().Select(piece => $"offline-deal --provider=f01234 --commp={piece.Record.PieceCid} --piece-size={piece.Record.PieceSize} --payload-cid={piece.Record.RootCid} --start-epoch=5 --duration=518400 --verified=false --wallet=f1abc"),
            printed.Lines);
    }

    [Fact]
    public void StandardOutputAndFilesAreTheSameAndNothingIsOverwritten()
    {
        string printed = DataPrepProcess.Run("export", sample.Out, "--format", "csv").Expect(0).Output, file = sample.At("pieces.csv");
        var written = DataPrepProcess.Run("export", sample.Out, "--format", "csv", "-o", file, "--json").Expect(0).Event("export");
        Assert.Equal("csv", written.GetProperty("format").GetString());
        Assert.Equal(printed, File.ReadAllText(file));
        DataPrepProcess.Run("export", sample.Out, "--format", "csv", "-o", file).Expect(1, file);

        string[] lines = DataPrepProcess.Run("export", sample.Out, "--format", "slingshot").Expect(0).Lines;
        string folder = sample.At("manifests");
        _ = Directory.CreateDirectory(folder);
        DataPrepProcess.Run("export", sample.Out, "--format", "slingshot", "-o", folder).Expect(0);
        Assert.Equal(lines, sample.Dataset.Pieces().Select(piece => File.ReadAllText(Path.Join(folder, piece.Record.PieceCid + ".json")).TrimEnd('\n')));
        DataPrepProcess.Run("export", sample.Out, "--format", "slingshot", "-o", folder).Expect(1, folder);

        File.Delete(Path.Join(sample.Out, sample.Dataset.Pieces().Last().Record.CarFile));
        DataPrepProcess.Run("export", sample.Out, "--format", "slingshot", "-o", folder + "2").Expect(1, ".car");
        Assert.Empty(Directory.GetFileSystemEntries(sample.At(""), "manifests2*"));
        DataPrepProcess.Run("export", sample.Out, "--format", "singularity").Expect(0);
    }

    [Fact]
    public void PiecesOfEarlierVersionsAreTakenOnRequest()
    {
        string next = sample.At("next");
        File.AppendAllText(sample.At("climate/wide/3"), "more");
        DataPrepProcess.Run("pack", sample.At("climate"), "-o", next, "--previous", sample.Out, "--chunk-size", "1KiB", "--max-links", "2", "--hamt-threshold", "200", "--hamt-fanout", "8", "-q").Expect(0);
        int before = sample.Dataset.Pieces().Count(), now = new ExportDataset(next).Pieces().Count();
        var alone = DataPrepProcess.Run("export", next, "--format", "csv").Expect(0, "--with-previous");
        Assert.Equal(1 + now, alone.Lines.Length);
        var all = DataPrepProcess.Run("export", next, "--format", "csv", "--with-previous").Expect(0);
        Assert.Equal(1 + before + now, all.Lines.Length);
        Assert.Empty(all.Error);
        DataPrepProcess.Run("export", next, "--format", "generate-car", "--with-previous").Expect(0);
        Directory.Move(sample.Out, sample.At("moved"));
        DataPrepProcess.Run("export", next, "--format", "csv", "--with-previous").Expect(1, "--previous OLD_OUT");
        DataPrepProcess.Run("export", next, "--format", "csv", "--with-previous", "--previous", sample.At("moved")).Expect(0);
    }

    [Fact]
    public void WhatMakesNoSenseIsRefused()
    {
        DataPrepProcess.Run("export", sample.Out).Expect(2, "--format");
        DataPrepProcess.Run("export", sample.Out, "--format", "boost").Expect(2, "'boost'", "boost-allocate");
        DataPrepProcess.Run("export", sample.Out, "--format", "boost-allocate").Expect(2, "--provider");
        DataPrepProcess.Run("export", sample.Out, "--format", "csv", "--provider", "f01").Expect(2, "--provider");
        DataPrepProcess.Run("export", sample.Out, "--format", "csv", "--json").Expect(2, "-o");
        DataPrepProcess.Run("export", sample.Out, "--format", "aria2", "--url", "https://a/").Expect(2, "{pieceCid}");
        DataPrepProcess.Run("export", sample.Out, "--format", "boost-import-direct", "--client", "f1abc", "--allocation", "5").Expect(2, "--allocation 5");
        DataPrepProcess.Run("export", sample.Out, "--format", "curio-add-url", "--url", ExportSample.Url, "--uuids", sample.Write("none", "# none\n\n")).Expect(2, "baga6ea4seaq");
        DataPrepProcess.Run("export", sample.At("climate"), "--format", "csv").Expect(1, "dataset.json");
        DataPrepProcess.Run("export", sample.At("nowhere"), "--format", "csv").Expect(1, "nowhere");
        Assert.Contains("graphsplit-plain", DataPrepProcess.Run("export", "--help").Expect(0).Output, StringComparison.Ordinal);
    }
}
