using DataPrep.Tests.Source;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Remote sources on the command line.</summary>
public sealed class RemoteCommandTests : IDisposable
{
    private readonly RemotePack pack = new();

    public void Dispose() => pack.Dispose();

    [Fact]
    public void AUrlIsAFileOfItsName()
    {
        pack.File("a b.bin", ScratchFolder.Bytes(3 << 20, 1));
        pack.Server.PutAll(pack.Folder);
        string remote = pack.NewOutput(), local = pack.NewOutput(), wrapped = pack.NewOutput();
        DataPrepProcess.Run("pack", $"{pack.Server.Url}/a%20b.bin", "-o", remote).Expect(0);
        DataPrepProcess.Run("pack", Path.Join(pack.Folder, "a b.bin"), "-o", local).Expect(0);
        RemotePack.AssertSame(local, remote);
        DataPrepProcess.Run("pack", $"{pack.Server.Url}/a%20b.bin", "-o", wrapped, "--wrap").Expect(0);
        Assert.Contains("\"path\":\"a b.bin\"", File.ReadAllText(Path.Join(wrapped, "files.jsonl")), StringComparison.Ordinal);
        DataPrepProcess.Run("pack", $"{pack.Server.Url}/a%20b.bin", "-o", remote).Expect(0);
        DataPrepProcess.Run("verify", remote).Expect(0);
    }

    [Fact]
    public void AListComesOnStandardInputToo()
    {
        pack.Server.Put("/x/a", [1]);
        pack.Server.Put("/x/b", [2, 3]);
        string output = pack.NewOutput();
        DataPrepProcess.RunWithInput(System.Text.Encoding.UTF8.GetBytes($"{pack.Server.Url}/x/a\n{pack.Server.Url}/x/b\n{pack.Server.Url}/x/gone\n"), "pack", "--urls-from", "-", "-o", output)
            .Expect(3, "x/gone");
        Assert.Contains("\"vanished\"", File.ReadAllText(Path.Join(output, "skipped.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void AServerThatIsAwayForLongEndsTheRunToBeGoneOnWith()
    {
        pack.Server.Put("/a", [1]);
        pack.Server.Fault = _ => new ServedFault { Status = 503 };
        DataPrepProcess.Run("pack", $"{pack.Server.Url}/a", "-o", pack.NewOutput(), "--source-patience", "100ms").Expect(75, "503", "run the same command again");
        pack.Server.Fault = _ => new ServedFault { Status = 401 };
        DataPrepProcess.Run("pack", $"{pack.Server.Url}/a", "-o", pack.NewOutput()).Expect(1, "401", "--http-header");
    }

    [Fact]
    public void AnEarlierVersionIsToldByTags()
    {
        pack.Server.Put("/a", ScratchFolder.Bytes(300_000, 1), "\"1\"");
        pack.Server.Put("/b", ScratchFolder.Bytes(300_000, 2), "\"2\"");
        string list = pack.List("/a", "/b"), first = pack.NewOutput(), second = pack.NewOutput();
        DataPrepProcess.Run("pack", "--urls-from", list, "-o", first).Expect(0);
        // The same size and time, but another version
        pack.Server.Put("/b", ScratchFolder.Bytes(300_000, 3), "\"3\"");
        pack.Server.Requests.Clear();
        Assert.Contains("kept    1 file", DataPrepProcess.Run("pack", "--urls-from", list, "-o", second, "--previous", first).Expect(0).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(pack.Server.Requests, request => request is { Method: "GET", Path: "/a" });
    }

    [Theory]
    [InlineData("xyz: is no kind of source", "xyz://a/b")]
    [InlineData("different kinds", "https://h/a", "/tmp")]
    [InlineData("names no file", "https://h/a/")]
    [InlineData("takes the place of SOURCE", "--urls-from", "l", "a")]
    [InlineData("--inline does not go with a remote source", "https://h/a", "--inline")]
    [InlineData("--files-from does not go with a remote source", "https://h/a", "--files-from", "/dev/null")]
    [InlineData("--connections needs a remote source", ".", "--connections", "3")]
    [InlineData("NAME: VALUE", "https://h/a", "--http-header", "x")]
    [InlineData("Range is set by the program", "https://h/a", "--http-header", "Range: bytes=0-1")]
    [InlineData("two sources have the name 'a'", "https://h/a", "https://h/b/a")]
    public void WhatMakesNoSenseIsRefused(string message, params string[] arguments) =>
        DataPrepProcess.Run(["pack", .. arguments, "-o", pack.NewOutput()]).Expect(2, message);

    [Fact]
    public void PasswordsAreNotShown()
    {
        var run = DataPrepProcess.Run("pack", "http://user:s3cret@127.0.0.1:1/a?sig=s3cret", "-o", pack.NewOutput(), "--source-patience", "50ms");
        Assert.DoesNotContain("s3cret", run.Expect(75, "http://127.0.0.1:1/a").Error, StringComparison.Ordinal);
    }
}
