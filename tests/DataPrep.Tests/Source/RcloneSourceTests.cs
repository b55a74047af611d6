using System.Diagnostics;
using DataPrep.Source;
using DataPrep.Tests.Cli;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class RcloneSourceTests : IDisposable
{
    private readonly RemotePack pack = new();

    public void Dispose() => pack.Dispose();

    private static void RequireRclone()
    {
        if (DataPrepProcess.Shell("command -v rclone").ExitCode != 0)
            Assert.Skip("rclone is not installed.");
    }

    [Fact]
    public void ARemoteIsPackedAsIfItWereLocal()
    {
        RequireRclone();
        _ = pack.RandomFiles(4, 25, 1 << 20);
        string local = pack.NewOutput(), remote = pack.NewOutput(), one = pack.NewOutput();
        using (var source = new RcloneSource(pack.Folder, RemotePack.Quick))
        {
            Assert.Empty(pack.Pack(source, remote).Skipped);
            Assert.Equal([$"rclone:{pack.Folder}"], source.Names);
        }

        Assert.Equal(pack.PackLocal(local).Dataset.RootCid, DataPrep.Records.RecordFile.Read(Path.Join(remote, "dataset.json"), DataPrep.Records.RecordJson.Default.DatasetRecord).RootCid);
        string file = Directory.EnumerateFiles(pack.Folder).First();
        using var single = new RcloneSource(file, RemotePack.Quick);
        Assert.Equal(1, pack.Pack(single, one).Dataset.Files);
    }

    [Fact]
    public void AFileThatIsReplacedIsNeverPackedTorn()
    {
        RequireRclone();
        byte[] before = ScratchFolder.Bytes(3 << 20, 1), after = ScratchFolder.Bytes(3 << 20, 2);
        pack.File("big", before);
        pack.File("other", [1, 2, 3]);
        using var source = new RcloneSource(pack.Folder, RemotePack.Quick);
        var tree = RemotePack.Scan(source);
        pack.File("big", after);
        File.SetLastWriteTimeUtc(Path.Join(pack.Folder, "big"), DateTime.UtcNow);
        using var reader = new RemoteReader(tree, source, 1);
        using var open = reader.Open(1);
        byte[] bytes = new byte[3 << 20];
        open.Expect(0, bytes.Length);
        Assert.Equal("changed", Assert.Throws<SourceChangedException>(() => open.Read(0, bytes)).Reason);
    }

    [Fact]
    public void SecretsOfARemoteAreNotKept()
    {
        RequireRclone();
        pack.File("s3cret/f", [1, 2, 3]);
        using var source = new RcloneSource($":alias,remote='{pack.Folder}/s3cret':", RemotePack.Quick);
        Assert.StartsWith("rclone::alias,sha256=", Assert.Single(source.Names), StringComparison.Ordinal);
    }

    [Fact]
    public void RcloneEndsWithUsHoweverWeEnd()
    {
        RequireRclone();
        string marker = pack.NewOutput();
        pack.File("a", [1]);
        // A run that is killed while its rclone serves: the rate holds it up.
        pack.File("big", new byte[4 << 20]);
        var run = DataPrepProcess.Start(DataPrepProcess.Executable, ["pack", $"rclone:{pack.Folder}", "-o", marker, "--max-rate", "200KiB"], environment: variables => variables["RCLONE_USER_AGENT"] = marker);
        Assert.True(SpinWait.SpinUntil(() => Children(marker) > 0 && Directory.Exists(Path.Join(marker, ".dataprep")), 20_000));
        run.Signal(9);
        Assert.Equal(137, run.Finish().ExitCode);
        Assert.True(SpinWait.SpinUntil(() => Children(marker) == 0, 10_000));
    }

    /// <summary>Processes called rclone with a value in their environment.</summary>
    private static int Children(string marker) => Process.GetProcessesByName("rclone").Count(process =>
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/environ").Contains(marker, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });

    [Fact]
    public void WhatIsMissingIsSaid()
    {
        DataPrepProcess.Start("/bin/bash", ["-c", "mkdir -p \"$1/bin\" && ln -s /bin/sh \"$1/bin/sh\" && PATH=\"$1/bin\" \"$D\" pack rclone:x:y -o \"$1/o\"", "bash", pack.NewOutput()]).Finish().Expect(1, "apt install rclone");
        RequireRclone();
        DataPrepProcess.Run("pack", "rclone:nosuchremote:x", "-o", pack.NewOutput()).Expect(1, "rclone says: didn't find section in config file");
        DataPrepProcess.Run("pack", "rclone:a:", "rclone:b:", "-o", pack.NewOutput()).Expect(2, "one remote of rclone at a time");
    }
}
