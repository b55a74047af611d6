using System.Text.Json;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Signals, full disks, failing system calls and missing permissions.</summary>
public sealed class FaultTests : IDisposable
{
    private static readonly string[] WithoutPrivilege = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"];
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string Small()
    {
        _ = scratch.Noise("src/a", 5000);
        _ = scratch.Noise("src/sub/b", 5000, 2);
        return scratch.At("src");
    }

    /// <summary>Nothing that looks finished: no record of the dataset, no piece.</summary>
    private void ExpectNothing()
    {
        if (Directory.Exists(Out))
            Assert.Empty(Directory.GetFiles(Out));
    }

    [Theory]
    [InlineData(DataPrepProcess.SIGINT, 130)]
    [InlineData(DataPrepProcess.SIGTERM, 75)]
    public void ASignalEndsThePackCleanly(int signal, int exitCode)
    {
        string big = scratch.File("src/big", "");
        using (var file = File.OpenWrite(big))
            file.SetLength(16L << 30);
        var running = DataPrepProcess.Start("pack", scratch.At("src"), "-o", Out, "--threads", "1");
        string temporary = Path.Join(Out, ".dataprep/piece-0.car.part");
        Assert.True(SpinWait.SpinUntil(() => File.Exists(temporary), TimeSpan.FromSeconds(30)));
        Thread.Sleep(100);
        Assert.False(running.HasExited, "the pack ended before the signal");
        running.Signal(signal);
        var result = running.Finish(30).Expect(exitCode, "dataprep: ");
        Assert.Empty(result.Output);
        ExpectNothing();

        File.WriteAllText(big, "now small");
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out).Expect(0);
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void ASignalEndsTheWaitForStandardInput()
    {
        var running = DataPrepProcess.Start("commp", "-");
        Thread.Sleep(700);
        Assert.False(running.HasExited);
        running.Signal(DataPrepProcess.SIGINT);
        running.Finish(20).Expect(130, "cancelled");
    }

    [Fact]
    public void TooLittleRoomIsSaidBeforeTheFirstByte()
    {
        string source = Small();
        _ = scratch.Noise("src/c", 8 << 20);
        OnSmallDisk(() =>
        {
            DataPrepProcess.Run("pack", source, "-o", Path.Join(Out, "deeper")).Expect(1, "too little room", Out);
            Assert.Empty(Directory.GetFileSystemEntries(Out));
        });
    }

    [Fact]
    public void LeftoversDoNotCountAgainstTheRoom()
    {
        string source = scratch.Folder("src");
        _ = scratch.Noise("src/c", 2 << 20);
        OnSmallDisk(() =>
        {
            _ = Directory.CreateDirectory(Path.Join(Out, ".dataprep"));
            File.WriteAllBytes(Path.Join(Out, ".dataprep/piece-0.car.part"), new byte[3 << 20]);
            DataPrepProcess.Run("pack", source, "-o", Out).Expect(0);
        });
    }

    private void OnSmallDisk(Action test)
    {
        _ = scratch.Folder("out");
        if (DataPrepProcess.Shell("mount -t tmpfs -o size=4m tmpfs \"$1\"", Out).ExitCode != 0)
            Assert.Skip("A small tmpfs cannot be mounted here.");
        try
        {
            test();
        }
        finally
        {
            DataPrepProcess.Shell("umount \"$1\"", Out).Expect(0);
        }
    }

    [Theory]
    [InlineData("pwrite64:error=ENOSPC:when=1", "space")]
    [InlineData("pwrite64:error=EIO:when=1", "Input/output")]
    [InlineData("fallocate:error=ENOSPC", "space")]
    [InlineData("fsync:error=EIO", "Input/output")]
    [InlineData("fsync:error=EIO:when=1", "Input/output")]
    public void AFailedWriteLeavesNothing(string fault, string message)
    {
        Inject(fault, Small()).Expect(1, "dataprep: cannot", message, Out);
        ExpectNothing();
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out).Expect(0);
    }

    /// <summary>The piece is complete and named by then; the record that says so is missing.</summary>
    [Theory]
    [InlineData("pwrite64:error=ENOSPC:when=2", "space")]
    [InlineData("pwrite64:error=ENOSPC:when=5", "space")]
    [InlineData("pwrite64:error=ENOSPC:when=6", "space")]
    [InlineData("fsync:error=EIO:when=3", "Input/output")]
    [InlineData("fsync:error=EIO:when=9", "Input/output")]
    [InlineData("rename:error=EACCES:when=4", "denied")]
    public void AFailedRecordLeavesNoDataset(string fault, string message)
    {
        Inject(fault, Small()).Expect(1, message, Out);
        Assert.False(File.Exists(Path.Join(Out, "dataset.json")));
        foreach (string car in Directory.GetFiles(Out, "*.car"))
            DataPrepProcess.Run("verify", car).Expect(0);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", Out).Expect(0);
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Theory]
    [InlineData("fallocate:error=EOPNOTSUPP")]
    [InlineData("pwrite64:error=EINTR:when=1")]
    [InlineData("pwrite64:error=ENOSPC:when=4")] // the log of runs
    [InlineData("flock:error=ENOLCK")]
    [InlineData("renameat2:error=EINVAL")]
    public void AHarmlessFaultIsNone(string fault)
    {
        Inject(fault, Small()).Expect(0);
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void AFileThatCannotBeReadIsSkipped()
    {
        string source = Small();
        var result = DataPrepProcess.Under("strace", ["-f", "-o", "/dev/null", "-P", Path.Join(source, "a"), "-e", "inject=pread64:error=EIO"], "pack", source, "-o", Out);
        result.Expect(3, Path.Join(source, "a"), "Input/output", "offset 0");
        Assert.Equal(["a unreadable"], Skipped());
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    /// <summary>A file system may take the flag of direct I/O and refuse the writes.</summary>
    [Fact]
    public void RefusedDirectWritesGoThroughTheCache()
    {
        _ = scratch.Noise("src/large", 20 << 20);
        string[] refused = ["-f", "-o", "/dev/null", "-P", Path.Join(Out, ".dataprep/piece-0.car.part"), "-e", "inject=pwrite64:error=EINVAL:when=2"];
        DataPrepProcess.Under("strace", refused, "pack", scratch.At("src"), "-o", Out, "--slab-size", "32MiB", "--output-io", "direct").Expect(0);
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void AFailedWriteBackLeavesNothing()
    {
        _ = scratch.Noise("src/large", 20 << 20);
        RequireDisk();
        Inject("sync_file_range:error=EIO:when=2", scratch.At("src"), "--output-io", "cached").Expect(1, "dataprep: cannot write", "Input/output", Out);
        ExpectNothing();
    }

    private void RequireDisk()
    {
        using var file = File.OpenHandle(scratch.File("kind", ""));
        if (Posix.KindOf(file) == FileSystemKind.Memory)
            Assert.Skip("Temporary files are in memory here.");
    }

    private ProcessResult Inject(string fault, string source, params string[] options)
    {
        string call = fault[..fault.IndexOf(':', StringComparison.Ordinal)];
        if (call == "fallocate")
            RequireDisk();
        return DataPrepProcess.Under("strace", ["-f", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={fault}"], ["pack", source, "-o", Out, "--threads", "1", .. options]);
    }

    [Fact]
    public void WhatMayNotBeReadIsSkippedAndTheRestPacked()
    {
        string source = Small();
        scratch.Mode(scratch.Noise("src/locked", 10), 0);
        _ = scratch.Noise("src/vault/x", 10);
        scratch.Mode(scratch.At("src/vault"), 0);
        Unprivileged("pack", source, "-o", Out).Expect(3, "locked", "vault");
        Assert.Equal(["locked unreadable", "vault unreadable"], Skipped());
        Assert.Equal("a\nsub/\nsub/b\n", DataPrepProcess.Run("ls", Out).Expect(0).Output);
        DataPrepProcess.Run("verify", Out).Expect(0);
        Unprivileged("pack", source, "-o", Out).Expect(3);

        // With the reason gone it is the same dataset still, with inputs left out.
        Assert.Contains("2 skipped inputs", DataPrepProcess.Run("pack", source, "-o", Out).Expect(3).Output, StringComparison.Ordinal);
        _ = scratch.Noise("src/new", 10);
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(1, "another dataset", "'new'");
    }

    [Fact]
    public void WhatMayNotBeReadIsSkippedAlikeWithAnyNumberOfThreads()
    {
        for (int i = 0; i < 40; i++)
        {
            _ = scratch.Noise($"src/{i}/sub/file", 3);
            scratch.Mode(scratch.Noise($"src/{i}/locked", 3), i % 2 == 0 ? 0 : 0x124);
            _ = scratch.Noise($"src/{i}/vault/file", 3);
            scratch.Mode(scratch.At($"src/{i}/vault"), i % 3 == 0 ? 0 : i % 3 == 1 ? 0x124 : 0x1ED);
        }

        // One that may be listed but not searched gives the names of entries whose state is not to be had.
        string[] runs = [.. new[] { "1", "2", "8" }.Select(threads => Unprivileged("pack", scratch.At("src"), "--dry-run", "--json", "--threads", threads).Expect(3).Output)];
        Assert.Equal(20 + 14 + 13, runs[0].Split("\"unreadable\"").Length - 1);
        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(runs[0], runs[2]);
    }

    [Fact]
    public void AnUnreadableSourceIsExitOne()
    {
        string file = scratch.Noise("locked", 10), folder = scratch.Folder("vault");
        scratch.Mode(file, 0);
        scratch.Mode(folder, 0);
        Unprivileged("pack", file, "-o", Out).Expect(1, file);
        Unprivileged("pack", folder, "-o", Out).Expect(1, folder);
        Unprivileged("commp", file).Expect(1, file);
        ExpectNothing();
    }

    [Fact]
    public void AnUnwritableOutIsExitOne()
    {
        string source = Small(), output = scratch.Folder("out");
        scratch.Mode(output, 0x16D);
        Unprivileged("pack", source, "-o", output).Expect(1, output);
        Unprivileged("pack", source, "-o", Path.Join(output, "below")).Expect(1, output);
        DataPrepProcess.Run("pack", source, "-o", scratch.File("file", "")).Expect(1, scratch.At("file"));
        ExpectNothing();
    }

    internal static ProcessResult Unprivileged(params string[] arguments) =>
        Environment.IsPrivilegedProcess ? DataPrepProcess.Under("setpriv", WithoutPrivilege, arguments) : DataPrepProcess.Run(arguments);

    private IEnumerable<string> Skipped() => File.ReadAllLines(Path.Join(Out, "skipped.jsonl"))
        .Select(row => JsonDocument.Parse(row).RootElement)
        .Select(row => $"{row.GetProperty("path")} {row.GetProperty("reason")}");
}
