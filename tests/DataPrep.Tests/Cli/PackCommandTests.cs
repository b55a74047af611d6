using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>What <c>pack</c> leaves behind and says.</summary>
public sealed class PackCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string Sample()
    {
        _ = scratch.Noise("src/data.bin", 300_000);
        _ = scratch.File("src/sub/readme", "hello");
        _ = scratch.File("src/empty", "");
        _ = scratch.Folder("src/hollow");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub/readme");
        return scratch.At("src");
    }

    private string Car(string folder) => Assert.Single(Directory.GetFiles(folder, "*.car"));

    [Fact]
    public void SummaryHasTheFieldsOfTheRecord()
    {
        var result = DataPrepProcess.Run("pack", Sample(), "-o", Out, "--json").Expect(0);
        var summary = result.Events()[^1];
        Assert.Equal("summary", summary.GetProperty("type").GetString());
        using var dataset = JsonDocument.Parse(File.ReadAllBytes(Path.Join(Out, "dataset.json")));
        foreach (var property in dataset.RootElement.EnumerateObject())
            Assert.Equal(property.Value.GetRawText(), summary.GetProperty(property.Name).GetRawText());
        Assert.True(summary.GetProperty("seconds").GetDouble() >= 0);
        Assert.True(summary.GetProperty("bytesPerSecond").GetInt64() > 0);
        foreach (string name in (string[])["rootCid", "name", "profile", "chunkSize", "maxLinks", "pieceSize", "files", "directories", "bytes", "pieces", "skipped", "tool", "previous"])
            Assert.True(dataset.RootElement.TryGetProperty(name, out _), name);
        Assert.Equal((3, 3), (dataset.RootElement.GetProperty("files").GetInt32(), dataset.RootElement.GetProperty("directories").GetInt32()));

        var piece = result.Event("piece");
        string cid = piece.GetProperty("pieceCid").GetString()!;
        Assert.Equal(Path.Join(Out, cid + ".car"), Car(Out));
        var commp = DataPrepProcess.Run("commp", Car(Out), "--json").Expect(0).Event("commp");
        Assert.Equal(["type", "path", "size", "pieceCid", "pieceCidV2", "pieceSize"], commp.EnumerateObject().Select(p => p.Name));
        foreach (string name in (string[])["pieceCid", "pieceCidV2", "pieceSize"])
            Assert.Equal(piece.GetProperty(name).GetRawText(), commp.GetProperty(name).GetRawText());
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void SecondRunFindsAllDoneAndWritesNothing()
    {
        string source = Sample();
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(0);
        var before = ScratchFolder.Snapshot(Out);
        var again = DataPrepProcess.Run("pack", source, "-o", Out).Expect(0);
        Assert.Contains("already", again.Output, StringComparison.Ordinal);
        Assert.True(DataPrepProcess.Run("pack", source, "-o", Out, "--json").Expect(0).Event("summary").GetProperty("alreadyDone").GetBoolean());
        Assert.Equal(before, ScratchFolder.Snapshot(Out));

        // Byte-identical elsewhere, whatever the number of threads and the slab size.
        DataPrepProcess.Run("pack", source, "-o", scratch.At("out2"), "--threads", "3", "--slab-size", "1MiB").Expect(0);
        foreach (string file in Directory.GetFiles(Out))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Join(scratch.At("out2"), Path.GetFileName(file))));
    }

    [Fact]
    public void AnotherDatasetIsNotOverwritten()
    {
        string source = Sample();
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(0);
        var before = ScratchFolder.Snapshot(Out);
        _ = scratch.File("src/zz", "new");
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(1, "another dataset", "'src'", "zz");
        File.Delete(scratch.At("src/zz"));
        DataPrepProcess.Run("pack", source, "-o", Out, "--chunk-size", "64KiB").Expect(1, "another dataset", "'src'");
        File.Delete(scratch.At("src/empty"));
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(1, "another dataset", "empty");
        Assert.Equal(before, ScratchFolder.Snapshot(Out));
    }

    [Fact]
    public void BrokenOutIsFoundBySecondRun()
    {
        string source = Sample();
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(0);
        string car = Car(Out), tree = Path.ChangeExtension(car, ".tree");
        byte[] carBytes = File.ReadAllBytes(car), treeBytes = File.ReadAllBytes(tree);

        File.WriteAllBytes(car, carBytes[..^1]);
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(1, Path.GetFileName(car), $"{carBytes.Length - 1} bytes");
        File.Delete(car);
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(1, Path.GetFileName(car), "missing");
        File.WriteAllBytes(car, carBytes);
        File.Delete(tree);
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(1, Path.GetFileName(tree), "missing");
        treeBytes[^1] ^= 1;
        File.WriteAllBytes(tree, treeBytes);
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(1, tree);

        // The advice of the message works.
        File.Delete(Path.Join(Out, "dataset.json"));
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(0);
        Assert.Equal(carBytes, File.ReadAllBytes(car));
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void DryRunWritesNothingAndIsExact()
    {
        string source = Sample();
        var before = ScratchFolder.Snapshot(scratch.Root);
        var plan = DataPrepProcess.Run("pack", source, "--dry-run", "--json").Expect(0).Event("plan");
        _ = DataPrepProcess.Run("pack", source, "--dry-run", "-o", Out).Expect(0);
        Assert.Equal(before, ScratchFolder.Snapshot(scratch.Root));
        Assert.False(Directory.Exists(Out));
        var piece = DataPrepProcess.Run("pack", source, "-o", Out, "--json").Expect(0).Event("piece");
        Assert.Equal(piece.GetProperty("carSize").GetInt64(), plan.GetProperty("carSize").GetInt64());
        Assert.Equal(piece.GetProperty("pieceSize").GetInt64(), plan.GetProperty("pieceSize").GetInt64());
        Assert.Equal(new FileInfo(Car(Out)).Length, plan.GetProperty("carSize").GetInt64());
    }

    [Fact]
    public void EmptyFolderPacksWithAWarning()
    {
        DataPrepProcess.Run("pack", scratch.Folder("nothing"), "-o", Out).Expect(0, "warning", "127");
        DataPrepProcess.Run("verify", Out).Expect(0);
        Assert.Empty(File.ReadAllBytes(Path.Join(Out, "files.jsonl")));
        Assert.Empty(DataPrepProcess.Run("ls", Out).Expect(0).Output);
    }

    [Fact]
    public void OneFileIsTheRootOrIsWrapped()
    {
        string file = scratch.File("note.txt", "text");
        DataPrepProcess.Run("pack", file, "-o", Out).Expect(0);
        DataPrepProcess.Run("pack", file, "-o", scratch.At("wrapped"), "--wrap").Expect(0);
        DataPrepProcess.Run("verify", Out, scratch.At("wrapped")).Expect(0);
        Assert.StartsWith("bafkrei", DataPrepProcess.Run("ls", Out).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal("note.txt\n", DataPrepProcess.Run("ls", scratch.At("wrapped")).Expect(0).Output);
        Assert.Contains("\"path\":\"note.txt\"", File.ReadAllText(Path.Join(Out, "files.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralSourcesStandInOneRoot()
    {
        string a = scratch.File("x/b.txt", "1"), b = Path.GetDirectoryName(scratch.File("y/a/in", "2"))!;
        DataPrepProcess.Run("pack", a, b + "/", "-o", Out).Expect(0);
        Assert.Equal("a/\na/in\nb.txt\n", DataPrepProcess.Run("ls", Out).Expect(0).Output);
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void SelectionOptionsLeaveOut()
    {
        string source = Sample();
        _ = scratch.File("src/.hidden/x", "x");
        DataPrepProcess.Run("pack", source, "-o", Out, "--no-hidden", "--no-empty-dirs", "--no-symlinks").Expect(0);
        Assert.Equal("data.bin\nempty\nsub/\nsub/readme\n", DataPrepProcess.Run("ls", Out).Expect(0).Output);
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void SocketsAndPipesAreSkippedAndListed()
    {
        string source = Sample();
        DataPrepProcess.Shell("mkfifo \"$1/pipe\"", source).Expect(0);
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(scratch.At("src/sock")));
        var result = DataPrepProcess.Run("pack", source, "-o", Out, "--json").Expect(3);
        Assert.Equal(2, result.Event("summary").GetProperty("skipped").GetInt32());
        string[] rows = File.ReadAllLines(Path.Join(Out, "skipped.jsonl"));
        Assert.Equal(["pipe fifo", "sock socket"], rows.Select(row => JsonDocument.Parse(row).RootElement).Select(r => $"{r.GetProperty("path")} {r.GetProperty("reason")}"));
        DataPrepProcess.Run("verify", Out).Expect(0);
        DataPrepProcess.Run("pack", source, "-o", Out, "-q").Expect(3);
    }

    [Fact]
    public void RunsAtOnceDoNotShareAFolder()
    {
        string source = Sample();
        _ = scratch.Folder("out/.dataprep");
        var result = DataPrepProcess.Shell("flock \"$1/.dataprep/lock\" \"$D\" pack \"$2\" -o \"$1\"", Out, source).Expect(1, "another run is packing", Out);
        Assert.Empty(result.Output);
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(0);
    }

    [Fact]
    public void LeftoversAreRemoved()
    {
        string source = Sample();
        _ = scratch.Noise("out/.dataprep/piece-0.car.part", 1000);
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(0);
        Assert.Empty(Directory.GetFiles(Path.Join(Out, ".dataprep"), "*.part"));
    }
}
