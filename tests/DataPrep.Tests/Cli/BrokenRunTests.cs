using System.Globalization;
using System.Text.Json;
using DataPrep.Packing;
using DataPrep.Piece;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>What stands between two runs of a command: a run at work, one that was ended, files that changed, a plan that is damaged.</summary>
public sealed class BrokenRunTests : IDisposable
{
    private const int MiB = 1 << 20, Chunk = 64 << 10, Kinds = 4;

    /// <summary>Bytes of two slabs; of the first slab of a piece in the making nothing counts yet.</summary>
    private const long Some = 2_000_000;

    // With the least memory there is one worker, whatever the disk: it makes slab after slab, in order.
    private static readonly string[] Small = ["--memory", "68MiB", "--chunk-size", "64KiB", "--slab-size", "1MiB", "--checkpoint", "0", "--threads", "1", "--io-order", "sequential", "--input-io", "cached"];
    private readonly ScratchFolder scratch = new();

    public BrokenRunTests()
    {
        foreach (var (name, length) in new[] { ("b", 900_000), ("c", 5_500_000) })
            _ = scratch.Noise("src/" + name, length, length);
        for (int i = 0; i < Kinds; i++)
        {
            _ = scratch.Noise($"src/a{i}", 150_000, i);
            _ = scratch.Noise($"src/z{i}", 100_000, i);
        }
    }

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    /// <summary>One piece holds all, or it takes several.</summary>
    private static string[] Form(bool one) => ["--piece-size", one ? "16MiB" : "2MiB", .. Small];

    private string[] Command(bool one, params string[] more) => ["pack", scratch.At("src"), "-o", Out, .. Form(one), .. more];

    [Fact]
    public void ASecondRunIsRefusedWhileTheFirstIsAtWorkAndNotWhenThatWasKilled()
    {
        var expected = Fresh(one: false);
        var first = DataPrepProcess.Start(Command(false, "--max-rate", "4MiB"));
        Await(() => Directory.Exists(Out) && Directory.GetFiles(Out, "*.car").Length > 0);
        DataPrepProcess.Run(Command(false)).Expect(1, "another run", Out);
        DataPrepProcess.Run(Command(false, "--restart")).Expect(1, "another run", Out);
        Assert.False(first.HasExited);
        first.Signal(9);
        _ = first.Finish();
        DataPrepProcess.Run(Command(false)).Expect(0);
        Assert.Equal(expected, ResumeTests.Contents(Out));
    }

    [Theory]
    [InlineData(DataPrepProcess.SIGINT, 130)]
    [InlineData(DataPrepProcess.SIGTERM, 75)]
    public void ASignalInTheMiddleOfAPieceIsGoneOnFrom(int signal, int exitCode)
    {
        var expected = Fresh(one: true);
        var running = DataPrepProcess.Start(Command(true, "--max-rate", "4MiB"));
        Await(() => DoneOf(Out) > Some);
        running.Signal(signal);
        running.Finish(20).Expect(exitCode, "the same command goes on from here");
        Assert.Empty(Directory.GetFiles(Out));
        Assert.InRange(DoneOf(Out), Some, Some + (3 * MiB));
        DataPrepProcess.Run(Command(true)).Expect(0, "going on");
        Assert.Equal(expected, ResumeTests.Contents(Out));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void OnlyWhatIsNotInTheJournalIsReadAgain(bool one)
    {
        const int Slabs = 8;
        var expected = Fresh(one);
        long all = Directory.GetFiles(scratch.At("src")).Sum(file => new FileInfo(file).Length), done = KillInTheMiddleOfC(one);
        // A file for each thread, or the lines of threads that take turns would be cut.
        string log = scratch.Folder("log");
        DataPrepProcess.Under("strace", ["-ff", "-y", "-o", log + "/of", "-e", "trace=pread64"], Command(one)).Expect(0);
        Assert.Equal(expected, ResumeTests.Contents(Out));
        long read = Directory.GetFiles(log).SelectMany(File.ReadLines)
            .Where(line => line.Contains($"<{scratch.At("src")}/", StringComparison.Ordinal))
            .Sum(line => long.Parse(line.AsSpan(line.LastIndexOf('=') + 1), CultureInfo.InvariantCulture));
        // Besides, a leaf that crosses from a finished slab into another one. Segments that wait for the header or the tail are not counted as done.
        Assert.InRange(read, all - done - (2 * SubTreeHasher.SegmentRaw), all - done + (Slabs * Chunk) - (one ? SubTreeHasher.SegmentRaw : 0));
    }

    /// <summary>What is finished stays as it was; what is not is packed as it is now, and all of it.</summary>
    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 3)]
    [InlineData(false, 1)]
    public void FilesThatChangeBetweenTwoRunsAreOfOneState(bool one, int kind)
    {
        _ = KillInTheMiddleOfC(one);
        for (int i = 0; i < Kinds; i++)
        {
            File.Copy(scratch.At($"src/a{i}"), scratch.At($"a{i}"));
            Change($"a{i}", i);
            Change($"z{i}", i);
        }

        Change("c", kind);
        DataPrepProcess.Run(Command(one)).Expect(3, "going on", scratch.At("src/c"), scratch.At("src/z2"));
        DataPrepProcess.Run("verify", Out).Expect(0);
        List<string?> found = [.. Cars(Out)];
        string root = RootOf(Out);

        for (int i = 0; i < Kinds; i++)
            File.Copy(scratch.At($"a{i}"), scratch.At($"src/a{i}"), overwrite: true);
        _ = Fresh(one);
        Assert.Equal(RootOf(scratch.At("fresh")), root);
        // Of several pieces, those of changed files come behind the others.
        if (one)
            Assert.Equal(Cars(scratch.At("fresh")), found);
    }

    [Fact]
    public void AChangeThatIsToEndTheRunLeavesTheWayOutThatItNames()
    {
        _ = KillInTheMiddleOfC(one: false);
        Change("c", 0);
        var failed = DataPrepProcess.Run(Command(false, "--on-change", "fail")).Expect(1, scratch.At("src/c"), "offset", "--on-change retry", "--restart");
        Assert.Empty(failed.Output);
        Assert.Empty(Directory.GetFiles(Out, "*.json*"));
        Assert.NotEmpty(Cars(Out));
        DataPrepProcess.Run(["verify", .. Directory.GetFiles(Out, "*.car")]).Expect(0);
        DataPrepProcess.Run(Command(false, "--on-change", "retry")).Expect(0);
        DataPrepProcess.Run("verify", Out).Expect(0);
        _ = Fresh(one: false);
        Assert.Equal(RootOf(scratch.At("fresh")), RootOf(Out));
    }

    /// <summary>The one file that the source is was left out: the run after that must not go on with nothing.</summary>
    [Fact]
    public void ASourceThatIsOneFileAndWasLeftOutIsSaidToBeAgain()
    {
        string[] command = ["pack", scratch.At("src/c"), "-o", Out, .. Form(true), "--on-change", "skip"];
        Under(["-P", scratch.At("src/c"), "-e", "trace=pread64", "-e", "inject=pread64:signal=SIGKILL:when=1"], command);
        Change("c", 0);
        for (int i = 0; i < 2; i++)
            DataPrepProcess.Run(command).Expect(1, scratch.At("src/c"), "grew", "--restart");
        DataPrepProcess.Run([.. command, "--restart"]).Expect(0);
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void ADamagedPlanIsAnErrorAndBeginningAnewTheWayOut()
    {
        _ = KillInTheMiddleOfC(one: false);
        string plan = Assert.Single(Directory.GetFiles(Path.Join(Out, ".dataprep"), "*.plan"));
        byte[] bytes = File.ReadAllBytes(plan);
        foreach (int at in (int[])[8, 200, bytes.Length - 1])
        {
            File.WriteAllBytes(plan, bytes[..at]);
            DataPrepProcess.Run(Command(false)).Expect(1, plan, "offset ");
        }

        bytes[200] ^= 4;
        File.WriteAllBytes(plan, bytes);
        DataPrepProcess.Run(Command(false)).Expect(1, plan, "offset ");
        DataPrepProcess.Run(Command(false, "--restart")).Expect(0);
        var found = ResumeTests.Contents(Out);
        Assert.Equal(Fresh(one: false), found);
    }

    [Fact]
    public void BeginningAnewAndCleanTakeTheDagPiecesToo()
    {
        KillAtRename("files.jsonl");
        Change("z1", 0);
        DataPrepProcess.Run(Command(false, "--restart")).Expect(0);
        var found = ResumeTests.Contents(Out);
        Assert.Equal(Fresh(one: false), found);

        Directory.Delete(Out, recursive: true);
        KillAtRename("files.jsonl");
        Assert.NotEmpty(Directory.GetFiles(Out, "*.car"));
        DataPrepProcess.Run("clean", Out).Expect(0);
        Assert.Empty(Directory.GetFiles(Out));
    }

    [Fact]
    public void TheFoldersOfANewOutAreFlushed()
    {
        string log = scratch.At("log"), deep = scratch.At("new/deeper/out");
        DataPrepProcess.Under("strace", ["-f", "-y", "-o", log, "-e", "trace=fsync"], ["pack", scratch.At("src"), "-o", deep, .. Form(true)]).Expect(0);
        string[] flushed = [.. File.ReadLines(log)];
        foreach (string folder in (string[])[scratch.Root, scratch.At("new"), scratch.At("new/deeper"), deep])
            Assert.Contains(flushed, line => line.Contains($"<{folder}>", StringComparison.Ordinal));
    }

    private void Change(string name, int number)
    {
        string path = scratch.At("src/" + name);
        int length = (int)new FileInfo(path).Length;
        switch (number % 4)
        {
            case 0:
                File.AppendAllText(path, "and more");
                break;
            case 1:
                _ = scratch.Noise("src/" + name, length / 2, 5);
                break;
            case 2:
                File.Delete(path);
                break;
            default:
                _ = scratch.Noise("src/" + name, length, 6);
                break;
        }
    }

    /// <summary>Kills a run when each a is in a finished slab, or in a finished piece, c in part, and no z has been read.</summary>
    /// <returns>Bytes of CARs that the journal tells of.</returns>
    private long KillInTheMiddleOfC(bool one)
    {
        var running = DataPrepProcess.Start(Command(one, "--max-rate", "4MiB"));
        Await(() => DoneOf(Out) > Some);
        running.Signal(9);
        Assert.Equal(128 + 9, running.Finish().ExitCode);
        long done = DoneOf(Out);
        Assert.InRange(done, Some, Some + (3 * MiB));
        return done;
    }

    private void KillAtRename(string record) =>
        Under(["-P", Path.Join(Out, ".dataprep", record + ".part"), "-e", "trace=rename", "-e", "inject=rename:signal=SIGKILL"], Command(false));

    private static void Under(string[] strace, string[] command) =>
        Assert.NotEqual(0, DataPrepProcess.Under("strace", ["-f", "-o", "/dev/null", .. strace], command).ExitCode);

    /// <summary>What a run on the present source makes that nothing disturbs.</summary>
    private SortedDictionary<string, string> Fresh(bool one)
    {
        DataPrepProcess.Run(["pack", scratch.At("src"), "-o", scratch.At("fresh"), .. Form(one)]).Expect(0);
        return ResumeTests.Contents(scratch.At("fresh"));
    }

    private static IEnumerable<string?> Cars(string output) => Directory.GetFiles(output, "*.car").Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private static string RootOf(string output) =>
        JsonDocument.Parse(File.ReadAllText(Path.Join(output, "dataset.json"))).RootElement.GetProperty("rootCid").GetString()!;

    /// <summary>Bytes of CARs that the journal tells of.</summary>
    private static long DoneOf(string output)
    {
        if (!File.Exists(Path.Join(output, ".dataprep/journal")))
            return 0;
        var status = DatasetStatus.Of(output);
        return status.BytesFinished + status.BytesInMaking;
    }

    private static void Await(Func<bool> condition)
    {
        for (int i = 0; i < 1000 && !condition(); i++)
            Thread.Sleep(10);
        Assert.True(condition(), "it did not come to it");
    }
}
