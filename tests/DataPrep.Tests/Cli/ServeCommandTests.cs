using System.Text.RegularExpressions;
using Xunit;

namespace DataPrep.Tests.Cli;

public sealed partial class ServeCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DataPrepProcess.SIGINT, 130)]
    [InlineData(DataPrepProcess.SIGTERM, 75)]
    public async Task ItServesUntilItIsStopped(int signal, int exitCode)
    {
        _ = scratch.Noise("src/a", 3_000_000);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("out")).Expect(0);
        string car = Assert.Single(Directory.GetFiles(scratch.At("out"), "*.car")), log = scratch.At("log");
        var running = DataPrepProcess.Start("/bin/sh", ["-c", "exec \"$D\" serve \"$1\" --listen 127.0.0.1:0 > \"$2\"", "sh", scratch.At("out"), log]);
        Match address;
        while (!(address = Address().Match(File.Exists(log) ? await File.ReadAllTextAsync(log, Cancel) : "")).Success)
        {
            Assert.False(running.HasExited);
            await Task.Delay(50, Cancel);
        }

        using (var client = new HttpClient())
        {
            byte[] got = await client.GetByteArrayAsync(new Uri($"{address.Value}/piece/{Path.GetFileNameWithoutExtension(car)}"), Cancel);
            Assert.Equal(await File.ReadAllBytesAsync(car, Cancel), got);
        }

        running.Signal(signal);
        running.Finish().Expect(exitCode);
    }

    [Theory]
    [InlineData("--listen", "here", 2)]
    [InlineData("--listen", "127.0.0.1", 2)]
    [InlineData("--listen", "192.0.2.1:0", 1)] // an address of nobody
    [InlineData("--max-connections", "0", 2)]
    [InlineData("--token-file", "/dev/null", 2)]
    [InlineData("--token-file", "/nonexistent", 1)]
    public void WhatCannotBeIsSaid(string option, string value, int exitCode)
    {
        _ = scratch.File("src/a", "a");
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("out")).Expect(0);
        DataPrepProcess.Run("serve", scratch.At("out"), option, value).Expect(exitCode, "dataprep: ");
    }

    [Fact]
    public void AFolderWithoutADatasetIsRefused() =>
        DataPrepProcess.Run("serve", scratch.Folder("empty")).Expect(1, "no packed dataset");

    public void Dispose() => scratch.Dispose();

    [GeneratedRegex(@"http://[0-9.:]+")]
    private static partial Regex Address();
}
