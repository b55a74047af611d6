using System.Text.Json;
using DataPrep.Packing;
using DataPrep.Records;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Pieces that a command takes over.</summary>
public sealed class HandOverTests : IDisposable
{
    private const int MiB = 1 << 20;
    private readonly ScratchFolder scratch = new();

    public HandOverTests()
    {
        _ = scratch.Noise("src/big", 5 * MiB);
        _ = scratch.Folder("away");
    }

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string Away => scratch.At("away");

    private string Log => scratch.At("log");

    private string Note => $"printf '%s %s\\n' \"$DATAPREP_PIECE_CID\" \"$DATAPREP_KIND\" >> '{Log}'";

    private string Move => $"{Note}; mv \"$DATAPREP_CAR_FILE\" '{Away}'";

    private string[] Logged => File.Exists(Log) ? File.ReadAllLines(Log) : [];

    private List<JsonElement> Pieces => [.. File.ReadLines(Path.Join(Out, "pieces.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];

    private string[] Expected => [.. Pieces.Select(piece => $"{piece.GetProperty("pieceCid").GetString()} {piece.GetProperty("kind").GetString()}")];

    private string[] Arguments(string command, params string[] options) =>
        ["pack", scratch.At("src"), "-o", Out, "--piece-size", "1MiB", "--chunk-size", "64KiB", "--threads", "2", "--on-piece", command, .. options];

    /// <summary>One is in the way at first, which another name for it mends.</summary>
    [Fact]
    public void PiecesMoveToAnotherDiskAndLinksStay()
    {
        string[] pack = ["pack", scratch.At("src"), "-o", Out, "--piece-size", "1MiB", "--chunk-size", "64KiB", "--threads", "2"];
        DataPrepProcess.Run([.. pack[..3], scratch.At("ref"), .. pack[4..]]).Expect(0);
        string[] cars = [.. Directory.GetFiles(scratch.At("ref"), "*.car").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
        string[] move = [.. pack, "--move-to", Away, "--max-staged", "2MiB"];
        File.WriteAllText(Path.Join(Away, cars[1]), "something else");
        DataPrepProcess.Run(move).Expect(1, "--move-to", cars[1], "run the same command again");
        File.Delete(Path.Join(Away, cars[1]));
        DataPrepProcess.Run(move).Expect(0);
        Assert.Equal(cars, Directory.GetFiles(Away, "*.car").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.All(cars, car => Assert.Equal(Path.Join(Away, car), new FileInfo(Path.Join(Out, car)).LinkTarget));
        DataPrepProcess.Shell("diff -rq -x .dataprep \"$1\" \"$2\"", scratch.At("ref"), Out).Expect(0);
        DataPrepProcess.Run("verify", Out).Expect(0);
        DataPrepProcess.Run(move).Expect(0);

        // Of a dataset that was packed without it, all pieces move when it is said.
        string[] late = [.. pack[..3], scratch.At("ref"), .. pack[4..], "--move-to", scratch.At("late")];
        DataPrepProcess.Run(late).Expect(0);
        Assert.Equal(cars.Length, Directory.GetFiles(scratch.At("late"), "*.car").Length);
        DataPrepProcess.Run("verify", scratch.At("ref")).Expect(0);
    }

    [Fact]
    public void WhatDoesNotGoWithMovingIsSaid()
    {
        string[] pack = ["pack", scratch.At("src"), "-o", Out, "--move-to"];
        DataPrepProcess.Run([.. pack, Out]).Expect(2, "OUT itself");
        DataPrepProcess.Run([.. pack, ""]).Expect(2, "empty");
        DataPrepProcess.Run([.. pack, Away, "--on-piece", "true"]).Expect(2, "--on-piece");
        DataPrepProcess.Run([.. pack, Away, "--inline"]).Expect(2, "--inline");
        DataPrepProcess.Run([.. pack, Away, "-o", scratch.At("more")]).Expect(2, "second -o");
    }

    [Fact]
    public void EveryPieceIsHandedOnOnceAndMayLeave()
    {
        string more = scratch.At("more");
        string[] arguments = Arguments($"{Move}; echo told", "-o", more, "--max-staged", "2MiB", "--json");
        var first = DataPrepProcess.Run(arguments).Expect(0, "told");
        Assert.Equal(Expected.Order(), Logged.Order());
        Assert.Empty(Directory.GetFiles(Out, "*.car"));
        Assert.Empty(Directory.GetFiles(more, "*.car"));
        Assert.Equal(Pieces.Count, Directory.GetFiles(Away).Length);
        Assert.False(first.Event("summary").GetProperty("alreadyDone").GetBoolean());

        Assert.True(DataPrepProcess.Run(arguments).Expect(0).Event("summary").GetProperty("alreadyDone").GetBoolean());
        DataPrepProcess.Run([.. arguments.Where(argument => argument is not "--max-staged" and not "2MiB")]).Expect(0);
        Assert.Equal(Pieces.Count, Logged.Length);
        DataPrepProcess.Run("clean", Out).Expect(0);
        DataPrepProcess.Run(arguments).Expect(0);
        foreach (string car in Directory.GetFiles(Away))
            File.Move(car, Path.Join(Out, Path.GetFileName(car)));
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void TheCommandIsToldWhatItGets()
    {
        string command = $"printf '%s|' \"$DATAPREP_PIECE_CID\" \"$DATAPREP_PIECE_CID_V2\" \"$DATAPREP_PIECE_SIZE\" \"$DATAPREP_CAR_SIZE\" \"$DATAPREP_ROOT_CID\" \"$DATAPREP_KIND\" \"$DATAPREP_CAR_FILE\" \"$DATAPREP_TREE_FILE\" > '{Log}'; test -f \"$DATAPREP_CAR_FILE\" && test -f \"$DATAPREP_TREE_FILE\"";
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out, "--on-piece", command).Expect(0);
        var piece = Assert.Single(Pieces);
        string[] fields = [.. new[] { "pieceCid", "pieceCidV2", "pieceSize", "carSize", "rootCid", "kind" }.Select(name => piece.GetProperty(name).ToString())];
        Assert.Equal([.. fields, Path.Join(Out, fields[0] + ".car"), Path.Join(Out, fields[0] + ".tree"), ""], File.ReadAllText(Log).Split('|'));
    }

    [Fact]
    public void WhatFailsIsRunAgainAndEndsTheRunTheSecondTime()
    {
        // The first call of all fails.
        DataPrepProcess.Run(Arguments($"{Note}; mkdir '{scratch.At("once")}' 2>/dev/null && exit 7; true")).Expect(0, "warning: --on-piece", "ended with 7", "again");
        Assert.Equal(Pieces.Count + 1, Logged.Length);

        Directory.Delete(Out, recursive: true);
        File.Delete(Log);
        DataPrepProcess.Run(Arguments($"{Note}; test $DATAPREP_KIND = data")).Expect(1, "failed twice for 1 piece", Out);
        Assert.True(File.Exists(Path.Join(Out, "dataset.json")));
        Assert.Equal(Pieces.Count + 1, Logged.Length);
        DataPrepProcess.Run("verify", Out).Expect(0);

        File.Delete(Log);
        DataPrepProcess.Run(Arguments(Note)).Expect(0);
        Assert.Equal([Expected[^1]], Logged);
    }

    [Fact]
    public void ACommandThatAlwaysFailsDoesNotHangARunWithLittleRoom()
    {
        DataPrepProcess.Run(Arguments("false", "--max-staged", "2MiB")).Expect(1, "--max-staged", "failed twice");
        Assert.InRange(Directory.GetFiles(Out, "*.car").Length, 1, 2);
        Assert.False(File.Exists(Path.Join(Out, "dataset.json")));
        DataPrepProcess.Run(Arguments(Move, "--max-staged", "2MiB")).Expect(0);
        Assert.Equal(Expected.Order(), Logged.Order());
    }

    [Theory]
    [InlineData("2MiB")]
    [InlineData(null)]
    public void ARunThatWasKilledHandsOnTheRest(string? staged)
    {
        string[] room = staged is null ? [] : ["--max-staged", staged];
        var running = DataPrepProcess.Start(Arguments(Move, [.. room, "--max-rate", "1MiB"]));
        for (int i = 0; i < 3000 && Directory.GetFiles(Away).Length < 2; i++)
            Thread.Sleep(10);
        running.Signal(9);
        _ = running.Finish();
        // The command of one piece may have been cut off between its work and the note of it.
        int before = Logged.Length;
        Assert.InRange(before, 2, 5);
        DataPrepProcess.Run(Arguments(Note, room)).Expect(0);
        Assert.InRange(Logged.Length, Pieces.Count, Pieces.Count + 1);
        Assert.Equal(Expected.Order(), Logged.Distinct().Order());
    }

    [Fact]
    public void NoMoreIsStagedThanWasAllowed()
    {
        string command = $"ls -l '{Out}'/*.car '{Out}'/.dataprep/*.part 2>/dev/null | awk '{{ bytes += $5 }} END {{ print bytes }}' >> '{scratch.At("sizes")}'; sleep 0.1; {Move}";
        DataPrepProcess.Run(Arguments(command, "--max-staged", "3MiB")).Expect(0);
        Assert.Equal(Pieces.Count, Logged.Length);
        // Trees and records in the making are small beside pieces.
        Assert.All(File.ReadAllLines(scratch.At("sizes")), line => Assert.InRange(long.Parse(line), 1, (3 * MiB) + 100_000));
    }

    [Fact]
    public void ASignalEndsTheCommandToo()
    {
        var running = DataPrepProcess.Start(Arguments($"echo $$ > '{Log}'; sleep 1000"));
        for (int i = 0; i < 3000 && Logged.Length == 0; i++)
            Thread.Sleep(10);
        running.Signal(DataPrepProcess.SIGTERM);
        running.Finish(30).Expect(75);
        Assert.False(Directory.Exists("/proc/" + Logged[0]));
    }

    /// <summary>A note that was cut off in the middle is none, and spoils none behind it.</summary>
    [Fact]
    public void AnUnfinishedNoteIsNone()
    {
        var folder = new OutputFolder(scratch.Folder("out"));
        _ = scratch.File("out/.dataprep/handed-on", "whole\nbro");
        var handedOn = new HandedOn(folder);
        Assert.True(handedOn.Contains("whole"));
        Assert.False(handedOn.Contains("bro"));
        handedOn.Add("next");
        handedOn.Add("last");
        Assert.Equal("whole\nnext\nlast\n", File.ReadAllText(scratch.At("out/.dataprep/handed-on")));
    }
}
