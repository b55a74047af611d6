using System.Diagnostics;
using System.Text.Json;
using DataPrep.Packing;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>status, clean, and the rate of reading, which gives them runs that can be broken off.</summary>
public sealed class StatusTests : IDisposable
{
    private const int MiB = 1 << 20;
    private readonly ScratchFolder scratch = new();

    public StatusTests() => _ = scratch.Noise("src/big", 6 * MiB);

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string More => scratch.At("more");

    private string Journal => Path.Join(Out, ".dataprep/journal");

    private DataPrepProcess.Running StartSlowly(params string[] options) =>
        DataPrepProcess.Start(["pack", scratch.At("src"), "-o", Out, "--piece-size", "1MiB", "--chunk-size", "64KiB", "--max-rate", "1MiB", "--threads", "1", "--checkpoint", "0", .. options]);

    /// <summary>A run is killed when it has finished some pieces.</summary>
    private void BreakOff(params string[] options)
    {
        var running = StartSlowly(options);
        AwaitPieces(3);
        running.Signal(9);
        _ = running.Finish();
    }

    private void AwaitPieces(int count)
    {
        for (int i = 0; i < 3000 && (!Directory.Exists(Out) || Directory.GetFiles(Out, "*.car").Length < count); i++)
            Thread.Sleep(10);
        Assert.True(Directory.GetFiles(Out, "*.car").Length >= count, "the pack made no pieces");
    }

    private static JsonElement Status(string path) => DataPrepProcess.Run("status", path, "--json").Expect(0).Event("status");

    private static string State(JsonElement status) => status.GetProperty("state").GetString()!;

    private static long Number(JsonElement status, string name) => status.GetProperty(name).GetInt64();

    [Fact]
    public void ARunIsSeenWhileItLastsAndNotDisturbed()
    {
        var running = StartSlowly();
        AwaitPieces(2);
        var status = Status(Out);
        Assert.Equal("running", State(status));
        Assert.InRange(Number(status, "piecesFinished"), 1, Number(status, "pieces") - 1);
        Assert.InRange(Number(status, "bytesFinished") + Number(status, "bytesInMaking"), MiB, Number(status, "bytes"));
        DataPrepProcess.Run("clean", Out).Expect(1, "another run", Out);
        Assert.False(running.HasExited);
        running.Signal(DataPrepProcess.SIGTERM);
        var clock = Stopwatch.StartNew();
        running.Finish().Expect(75);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 20);

        List<string> before = ScratchFolder.Snapshot(Out);
        var broken = Status(Out);
        Assert.Equal("interrupted", State(broken));
        Assert.Equal(Number(status, "pieces"), Number(broken, "pieces"));
        Assert.True(Number(broken, "leftoverBytes") > 0);
        Assert.Equal(before, ScratchFolder.Snapshot(Out));
        var shown = DataPrepProcess.Run("status", Out).Expect(0, "same pack command", "dataprep clean");
        Assert.Contains("was broken off", shown.Output, StringComparison.Ordinal);

        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "--piece-size", "1MiB", "--chunk-size", "64KiB").Expect(0);
        var complete = Status(Out);
        Assert.Equal(("complete", Number(status, "pieces"), 0L), (State(complete), Number(complete, "piecesFinished"), Number(complete, "leftoverBytes")));
        Assert.Contains("is complete", DataPrepProcess.Run("status", Out).Expect(0).Output, StringComparison.Ordinal);
        List<string> all = ScratchFolder.Snapshot(Out);
        Assert.Contains("nothing to remove", DataPrepProcess.Run("clean", Out).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(all, ScratchFolder.Snapshot(Out));
    }

    [Fact]
    public void AFolderOfOthersIsExitOne()
    {
        string other = scratch.Folder("other");
        _ = scratch.Noise("other/x.car", 10);
        foreach (string command in (string[])["status", "clean"])
        {
            DataPrepProcess.Run(command, other).Expect(1, other);
            DataPrepProcess.Run(command, scratch.At("nowhere")).Expect(1, scratch.At("nowhere"));
        }

        Assert.Equal(["x.car"], Directory.GetFileSystemEntries(other).Select(Path.GetFileName));
        Assert.False(Directory.Exists(scratch.At("nowhere")));
    }

    [Fact]
    public void WhatABrokenOffRunLeftIsRemovedInAllItsFolders()
    {
        BreakOff("-o", More);
        _ = scratch.Noise("out/mine.car", 10);
        _ = scratch.Noise("more/mine.car", 10);
        List<string> before = [.. ScratchFolder.Snapshot(Out), .. ScratchFolder.Snapshot(More)];
        var listed = DataPrepProcess.Run("clean", "--dry-run", Out, More).Expect(0);
        Assert.Contains("would remove", listed.Output, StringComparison.Ordinal);
        Assert.Contains(Journal, listed.Output, StringComparison.Ordinal);
        Assert.Equal(before, [.. ScratchFolder.Snapshot(Out), .. ScratchFolder.Snapshot(More)]);

        Assert.Contains("removing", DataPrepProcess.Run("clean", Out, More).Expect(0).Output, StringComparison.Ordinal);
        foreach (string folder in (string[])[Out, More])
            Assert.Equal([".dataprep/lock", "mine.car"], Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal));
        DataPrepProcess.Run("status", Out).Expect(1, Out);
    }

    [Fact]
    public void PiecesOfAFinishedDatasetStay()
    {
        BreakOff();
        string[] kept = [.. Directory.GetFiles(Path.Join(Out, ".dataprep")).Where(file => Path.GetFileName(file) != RunLog.FileName)];
        foreach (string file in kept)
            File.Copy(file, Path.Join(scratch.Folder("kept"), Path.GetFileName(file)));
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "--piece-size", "1MiB", "--chunk-size", "64KiB").Expect(0);
        List<string> dataset = ScratchFolder.Snapshot(Out);

        // As after a crash between the last record and the end.
        foreach (string file in kept)
            File.Copy(scratch.At("kept/" + Path.GetFileName(file)), file, overwrite: true);
        DataPrepProcess.Run("clean", Out).Expect(0);
        Assert.Equal(dataset.Where(line => !line.Contains("/lock ", StringComparison.Ordinal)), ScratchFolder.Snapshot(Out).Where(line => !line.Contains("/lock ", StringComparison.Ordinal)));
    }

    [Fact]
    public void ADamagedJournalKeepsThePieces()
    {
        BreakOff();
        int cars = Directory.GetFiles(Out, "*.car").Length;
        File.WriteAllBytes(Journal, new byte[100]);
        DataPrepProcess.Run("status", Out).Expect(1, Journal);
        DataPrepProcess.Run("clean", Out).Expect(0, "warning: ", Journal);
        Assert.Equal(cars, Directory.GetFiles(Out, "*.car").Length);
        Assert.False(File.Exists(Journal));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("4")]
    public void TheSourceIsReadAtTheRateThatWasAskedFor(string threads)
    {
        _ = scratch.Noise("src/more", 9 * MiB, 2);
        var summary = DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "--max-rate", "3MiB", "--threads", threads, "--json").Expect(0).Event("summary");
        // The machine may be slower than asked, when it has much else to do; faster never.
        Assert.InRange(15 / summary.GetProperty("seconds").GetDouble(), 1, 3.3);
        DataPrepProcess.Run("verify", Out).Expect(0);
    }
}
