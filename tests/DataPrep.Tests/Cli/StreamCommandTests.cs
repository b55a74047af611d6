using System.Security.Cryptography;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary><c>dataprep pack -</c> as its users run it.</summary>
public sealed class StreamCommandTests : IDisposable
{
    private const string Small = "--piece-size 1MiB --chunk-size 32KiB --slab-size 1MiB --checkpoint 0";
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    [Theory]
    [InlineData("pack - FILE -o OUT", "no other SOURCE")]
    [InlineData("pack - - -o OUT", "no other SOURCE")]
    [InlineData("pack -", "-o OUT")]
    [InlineData("pack - -o OUT --dry-run", "--dry-run does not go with -")]
    [InlineData("pack - -o OUT --balance", "--balance does not go with -")]
    [InlineData("pack - -o OUT --on-change skip", "--on-change does not go with -")]
    [InlineData("pack - -o OUT --include a", "--include does not go with -")]
    [InlineData("pack - -o OUT --files-from list", "--files-from does not go with -")]
    [InlineData("pack - -o OUT --no-hidden", "--no-hidden does not go with -")]
    [InlineData("pack - -o OUT --preserve-mtime", "--preserve-mtime does not go with -")]
    [InlineData("pack - -o OUT --io-order sequential", "--io-order does not go with -")]
    [InlineData("pack - -o OUT --name a/b", "--name 'a/b'")]
    [InlineData("pack - -o OUT --name ..", "--name '..'")]
    public void WhatDoesNotGoWithAStreamIsWrongUsage(string command, string message)
    {
        string[] arguments = [.. command.Split(' ').Select(word => word switch { "OUT" => Out, "FILE" => scratch.File("file", "x"), _ => word })];
        DataPrepProcess.RunWithInput("x"u8.ToArray(), arguments).Expect(2, message);
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void ATerminalIsNoInput()
    {
        var result = DataPrepProcess.Shell("command -v script > /dev/null || exit 77; script -qec \"$D pack - -o $1\" /dev/null", Out);
        Assert.SkipWhen(result.ExitCode == 77, "script is not installed.");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("standard input is a terminal", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--wrap --name data.tar")]
    [InlineData("--threads 1 --profile unixfs-v0-2015")]
    public void SlowBitsGiveWhatTheFileGives(string more)
    {
        string name = more.Contains("data.tar", StringComparison.Ordinal) ? "data.tar" : "stdin";
        string file = scratch.Noise(name, 3_000_000);
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        scratch.Mode(file, 0x1A4);
        DataPrepProcess.Shell($"$D pack $1 -o $2 {Small} {more}", file, scratch.At("expected")).Expect(0);
        DataPrepProcess.Shell($"(for i in $(seq 0 9); do head -c $((i * 11)) /dev/null; dd if=$1 bs=300000 skip=$i count=1 status=none; sleep 0.02; done) | $D pack - -o $2 {Small} {more}", file, Out).Expect(0);
        Assert.Equal(Contents(scratch.At("expected")), Contents(Out));
        DataPrepProcess.Run("verify", Out).Expect(0);
        Assert.Contains("already, complete", DataPrepProcess.Shell($"cat $1 | $D pack - -o $2 {Small} {more}", file, Out).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEmptyStreamIsAnEmptyFile()
    {
        DataPrepProcess.Shell("$D pack - -o $1 < /dev/null", Out).Expect(0);
        Assert.Contains("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", File.ReadAllText(Path.Join(Out, "dataset.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatCannotBeReadIsAnErrorThatSaysWhere()
    {
        DataPrepProcess.Shell("$D pack - -o $1 < /", Out).Expect(1, "cannot read standard input at offset 0", "feed the stream again");
        DataPrepProcess.Shell("printf hello | $D pack - -o $1", Out).Expect(0);
    }

    [Fact]
    public void NoKillLeavesHalfAFileAndTheEndIsThatOfAnUndisturbedRun()
    {
        string file = scratch.Noise("stdin", 12_000_000);
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        scratch.Mode(file, 0x1A4);
        DataPrepProcess.Shell($"$D pack $1 -o $2 {Small}", file, scratch.At("expected")).Expect(0);
        var expected = Contents(scratch.At("expected"));
        bool wasBroken = false;
        for (int kill = 0; kill < 8; kill++)
        {
            _ = DataPrepProcess.Shell($"(head -c 6000000 $1; sleep 0.2; tail -c +6000001 $1) | timeout -s KILL 0.{15 + (kill * 9)} $D pack - -o $2 {Small}", file, Out);
            if (!Directory.Exists(Out) || File.Exists(Path.Join(Out, "dataset.json")))
                continue;
            wasBroken = true;
            foreach (var (name, content) in Contents(Out))
                Assert.Equal((name, expected[name]), (name, content));
        }

        Assert.True(wasBroken);
        DataPrepProcess.Shell($"cat $1 | $D pack - -o $2 {Small}", file, Out).Expect(0);
        Assert.Equal(expected, Contents(Out));
    }

    [Fact]
    public void StatusAndCleanKnowAStreamThatWasBrokenOff()
    {
        string file = scratch.Noise("stdin", 6_000_000);
        var running = DataPrepProcess.Start("/bin/bash", ["-c", $"(cat $1; sleep 20) | exec $D pack - -o $2 {Small}", "bash", file, Out]);
        while (!Directory.Exists(Out) || Directory.GetFiles(Out, "*.car").Length < 3)
            Thread.Sleep(20);
        Assert.Contains("is being packed now", DataPrepProcess.Run("status", Out).Expect(0).Output, StringComparison.Ordinal);
        DataPrepProcess.Shell("kill -INT $(for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2> /dev/null | grep -q \"dataprep pack - -o $1 \" && basename $p; done | tail -1)", Out).Expect(0);
        Assert.Equal(130, running.Finish().Expect(130, "cancelled").ExitCode);

        Assert.Contains("not known", DataPrepProcess.Run("status", Out).Expect(0, "from its beginning").Output, StringComparison.Ordinal);
        var status = DataPrepProcess.Run("status", Out, "--json").Expect(0).Event("status");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, status.GetProperty("pieces").ValueKind);
        Assert.True(status.GetProperty("piecesFinished").GetInt32() >= 3);
        DataPrepProcess.Shell($"cat $1 | $D pack - -o $2 {Small} --name other", file, Out).Expect(1, "--restart");
        DataPrepProcess.Shell($"tail -c +2 $1 | $D pack - -o $2 {Small}", file, Out).Expect(1, "has other bytes from offset 0 on");
        DataPrepProcess.Run("clean", Out).Expect(0);
        Assert.All(Directory.GetFiles(Out, "*", SearchOption.AllDirectories), left => Assert.True(Path.GetFileName(left) is "lock" or "inodes", left));
    }

    /// <summary>Name to hash of all that stands in a folder.</summary>
    private static SortedDictionary<string, string> Contents(string folder) =>
        new(Directory.GetFiles(folder).ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))), StringComparer.Ordinal);
}
