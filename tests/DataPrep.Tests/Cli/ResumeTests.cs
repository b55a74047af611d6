using System.Security.Cryptography;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Runs that were killed or failed, and the same command after them. The scripts in tests/Faults try far more instants.</summary>
public sealed class ResumeTests : IDisposable
{
    private static readonly string[] Small = ["--piece-size", "2MiB", "--chunk-size", "64KiB", "--slab-size", "1MiB", "--checkpoint", "0", "--threads", "1"];
    private readonly ScratchFolder scratch = new();
    private string[] further = [];

    public ResumeTests()
    {
        foreach (var (name, length) in new[] { ("a", 1_000_000), ("b", 2_000_000), ("c", 12_000_000), ("z", 500_000) })
            _ = scratch.Noise("src/" + name, length, length);
    }

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string More => scratch.At("more");

    private string[] Command => ["pack", scratch.At("src"), "-o", Out, "-o", More, .. Small, .. further];

    [Theory]
    [InlineData]
    [InlineData("--inline")]
    public void NoKillLeavesHalfAFileAndTheEndIsThatOfAnUndisturbedRun(params string[] options)
    {
        further = options;
        var expected = Undisturbed();
        for (int kill = 0; kill < 10; kill++)
        {
            var running = DataPrepProcess.Start(Command);
            Thread.Sleep(60 + (kill * 37));
            if (running.HasExited)
            {
                _ = running.Finish().Expect(0);
                Assert.Equal(expected, Contents(Out));
                Directory.Delete(Out, true);
                Directory.Delete(More, true);
                continue;
            }

            running.Signal(9);
            _ = running.Finish();
            ExpectWhole(expected);
        }

        DataPrepProcess.Run(Command).Expect(0);
        Assert.Equal(expected, Contents(Out));
    }

    [Theory]
    [InlineData("*.car")]
    [InlineData("*.inline", "--inline")]
    public void APieceThatWasTakenAwayIsMadeAgainAndNotTakenForFinishedWhenThatIsBrokenOffToo(string pieces, params string[] options)
    {
        further = options;
        var expected = Undisturbed();
        KillAtReadOf("z");
        Assert.NotEmpty(Directory.GetFiles(Out, pieces));
        foreach (string car in Directory.GetFiles(Out, pieces))
            File.Delete(new FileInfo(car).LinkTarget ?? car);
        foreach (string car in Directory.GetFiles(Out, pieces))
            File.Delete(car);
        KillAtReadOf("b");
        DataPrepProcess.Run(Command).Expect(0);
        Assert.Equal(expected, Contents(Out));
    }

    [Fact]
    public void APieceInAnotherFolderGetsItsMissingLink()
    {
        var expected = Undisturbed();
        KillAtReadOf("z");
        var links = Directory.GetFiles(Out, "*.car").Where(car => new FileInfo(car).LinkTarget is not null).ToList();
        Assert.NotEmpty(links);
        var written = Directory.GetFiles(More, "*.car").ToDictionary(car => car, File.GetLastWriteTimeUtc);
        links.ForEach(File.Delete);
        DataPrepProcess.Run(Command).Expect(0);
        Assert.Contains("already, complete", DataPrepProcess.Run(Command).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(expected, Contents(Out));
        Assert.All(written, car => Assert.Equal(car.Value, File.GetLastWriteTimeUtc(car.Key)));
    }

    [Theory]
    [InlineData("*.car")]
    [InlineData("*.inline", "--inline")]
    public void BeginningAnewLeavesNoPieceOfTheRunBefore(string pieces, params string[] options)
    {
        further = options;
        KillAtReadOf("z");
        Assert.NotEmpty(Directory.GetFiles(More, pieces));
        _ = scratch.Noise("src/a", 1_000_001, 77);
        _ = scratch.Noise("src/0", 300_000, 78);
        DataPrepProcess.Run([.. Command, "--restart"]).Expect(0);
        var named = File.ReadAllText(Path.Join(Out, "pieces.jsonl"));
        foreach (string car in Directory.GetFiles(Out, pieces).Concat(Directory.GetFiles(More, pieces)))
            Assert.Contains(Path.GetFileNameWithoutExtension(car), named, StringComparison.Ordinal);
        Assert.Equal(Undisturbed(), Contents(Out));
    }

    /// <summary>A tree is there before the journal speaks of its piece, which then comes to be another one.</summary>
    [Theory]
    [InlineData("--restart")]
    [InlineData("--on-change=retry")]
    public void ATreeWhosePieceWasNeverFinishedDoesNotStay(string option)
    {
        // Or the first flush of the folder would be for the work folder in it.
        _ = scratch.Folder("out/.dataprep");
        Under(["-P", Out, "-e", "trace=fsync", "-e", "inject=fsync:signal=SIGKILL"], Command);
        Assert.NotEmpty(Directory.GetFiles(Out, "*.tree"));
        Assert.Empty(Directory.GetFiles(Out, "*.car").Concat(Directory.GetFiles(More, "*.car")));
        foreach (string file in Directory.GetFiles(scratch.At("src")))
            _ = scratch.Noise("src/" + Path.GetFileName(file), (int)new FileInfo(file).Length, 79);
        DataPrepProcess.Run([.. Command, option]).Expect(0);
        string named = File.ReadAllText(Path.Join(Out, "pieces.jsonl"));
        Assert.All(Directory.GetFiles(Out, "*.tree"), tree => Assert.Contains(Path.GetFileNameWithoutExtension(tree), named, StringComparison.Ordinal));
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void ADamagedJournalIsAnErrorAndBeginningAnewTheWayOut()
    {
        var expected = Undisturbed();
        KillAtReadOf("z");
        string journal = Path.Join(Out, ".dataprep/journal");
        byte[] bytes = File.ReadAllBytes(journal);
        bytes[20] ^= 1;
        File.WriteAllBytes(journal, bytes);
        DataPrepProcess.Run(Command).Expect(1, journal);
        DataPrepProcess.Run([.. Command, "--restart"]).Expect(0, journal);
        Assert.Equal(expected, Contents(Out));
    }

    [Fact]
    public void MissingTablesOfFinishedPiecesAreAnError()
    {
        var expected = Undisturbed();
        KillAtReadOf("z");
        File.Delete(Path.Join(Out, ".dataprep/entries"));
        DataPrepProcess.Run(Command).Expect(1, ".dataprep/entries", "--restart");
        DataPrepProcess.Run([.. Command, "--restart"]).Expect(0);
        Assert.Equal(expected, Contents(Out));
    }

    [Fact]
    public void ADatasetThatOutgrewItsOnePieceIsPlannedAnewThoughThatWasBrokenOff()
    {
        string[] one = ["pack", scratch.At("src"), "-o", Out, "--piece-size", "16MiB", .. Small[2..]];
        Under(["-P", scratch.At("src/z"), "-e", "trace=pread64", "-e", "inject=pread64:signal=SIGKILL"], one);
        string plan = Assert.Single(Directory.GetFiles(Path.Join(Out, ".dataprep"), "*.plan"));
        _ = scratch.Noise("src/z", 6_000_000);
        Under(["-P", plan, "-e", "trace=unlink", "-e", "inject=unlink:error=EIO"], one);
        Assert.True(File.Exists(plan));
        DataPrepProcess.Start(one).Finish(50).Expect(0, "does not fit in one piece any more");
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    /// <summary>Also when the run ends early, slabs are on the device before the journal speaks of them.</summary>
    [Fact]
    public void AFailedRunFlushesItsPiecesBeforeTheirJournal()
    {
        string log = scratch.At("log");
        _ = scratch.Noise("src/y", 20_000_000);
        string[] one = ["pack", scratch.At("src"), "-o", Out, "--piece-size", "64MiB", "--slab-size", "1MiB", "--threads", "1", "--on-change", "fail"];
        // The plan has the last file as it was before.
        Under(["-P", scratch.At("src/a"), "-e", "trace=pread64", "-e", "inject=pread64:signal=SIGKILL"], one);
        _ = scratch.Noise("src/z", 400_000, 9);
        var result = DataPrepProcess.Under("strace", ["-f", "-y", "-o", log, "-e", "trace=pwrite64,fsync"], one);
        _ = result.Expect(1, "--on-change retry");
        string[] calls = File.ReadAllLines(log);
        int Last(string call, string file) => Array.FindLastIndex(calls, line => line.Contains(call + "(", StringComparison.Ordinal) && line.Contains(file + ">", StringComparison.Ordinal));
        int written = Last("pwrite64", ".car.part"), flushed = Last("fsync", ".car.part"), noted = Last("pwrite64", "/journal");
        Assert.True(written >= 0 && written < flushed && flushed < noted, $"written at {written}, flushed at {flushed}, noted at {noted}");
    }

    private SortedDictionary<string, string> Undisturbed()
    {
        string at = scratch.At("expected");
        DataPrepProcess.Run(["pack", scratch.At("src"), "-o", at, .. Small, .. further]).Expect(0);
        var contents = Contents(at);
        Directory.Delete(at, true);
        return contents;
    }

    private void ExpectWhole(SortedDictionary<string, string> expected)
    {
        if (!Directory.Exists(Out))
            return;
        foreach (var (name, content) in Contents(Out))
        {
            if (Path.GetExtension(name) is ".car" or ".tree" or ".inline")
                Assert.Equal((name, expected[name]), (name, content));
        }
    }

    private void KillAtReadOf(string file) => Under(["-P", scratch.At("src/" + file), "-e", "trace=pread64", "-e", "inject=pread64:signal=SIGKILL"], Command);

    private static void Under(string[] strace, string[] command) =>
        Assert.NotEqual(0, DataPrepProcess.Under("strace", ["-f", "-o", "/dev/null", .. strace], command).ExitCode);

    /// <summary>Name to hash of all that stands in a folder, through symlinks.</summary>
    internal static SortedDictionary<string, string> Contents(string folder) =>
        new(Directory.GetFiles(folder).ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))), StringComparer.Ordinal);
}
