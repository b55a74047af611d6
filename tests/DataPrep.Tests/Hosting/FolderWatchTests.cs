using DataPrep.Hosting;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Hosting;

public sealed class FolderWatchTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task FolderWithItsMarkerIsPackedWithoutIt()
    {
        scratch.File("in/one/a", "a");
        scratch.File("in/.hidden/.ready", "");
        scratch.File("in/file", "no folder");
        await using var packing = await Start(watch => (watch.Quiet, watch.Marker) = (null, ".ready"));
        await Task.Delay(200, Cancel);
        Assert.Empty(packing.Queue.Jobs);
        scratch.File("in/one/.ready", "");
        await HostedPacking.Until(() => IsPacked("one"));
        var manifest = DatasetManifest.Read(scratch.At("out/one"));
        Assert.Equal(("one", "a"), (manifest.Dataset.Name, Assert.Single(manifest.Files()).Path));
        await Task.Delay(100, Cancel);
        Assert.Single(packing.Queue.Jobs);
        Assert.Single(Directory.EnumerateDirectories(scratch.At("out")));
    }

    [Fact]
    public async Task FolderIsPackedWhenItHasBeenQuiet()
    {
        Directory.CreateDirectory(scratch.At("in/one/empty"));
        Directory.CreateDirectory(scratch.At("in/nothing"));
        await using var packing = await Start(watch => watch.Quiet = TimeSpan.FromMilliseconds(600));
        for (int i = 0; i < 10; i++)
        {
            // What grows is not taken, however long it takes.
            File.AppendAllText(scratch.At("in/one/a"), "more");
            await Task.Delay(100, Cancel);
            Assert.False(IsPacked("one"));
        }

        await HostedPacking.Until(() => IsPacked("one"));
        Assert.Equal(40, Assert.Single(DatasetManifest.Read(scratch.At("out/one")).Files(), file => file.Path == "a").Size);
        Assert.False(Directory.Exists(scratch.At("out/nothing")));
    }

    [Fact]
    public async Task WhatIsPackedIsNotPackedAgainAfterARestart()
    {
        scratch.File("in/one/a", "a");
        await using (var packing = await Start(watch => watch.Quiet = TimeSpan.Zero))
            await HostedPacking.Until(() => IsPacked("one") && packing.Queue.Jobs.All(job => job.HasEnded));
        scratch.File("in/one/b", "it has another content now");
        scratch.File("in/two/a", "a");
        await using var again = await Start(watch => watch.Quiet = TimeSpan.Zero);
        await HostedPacking.Until(() => IsPacked("two"));
        Assert.Equal(1, again.Log.Count("PackStarted"));
    }

    [Fact]
    public async Task RunThatTheHostBrokeOffIsGoneOnWithAfterARestart()
    {
        scratch.Noise("in/one/large", 40 << 20);
        var whole = new Packer(new PackOptions { Sources = [scratch.At("in/one")], Output = scratch.At("whole"), Name = "one", PieceSize = 16 << 20 }).Pack(cancellationToken: Cancel);
        await using (var packing = await Start(Slow))
        {
            await HostedPacking.Until(() => packing.Queue.Jobs is [{ Progress.BytesDone: > 24 << 20 }]);
            long begun = Environment.TickCount64;
            await packing.Stop();
            Assert.InRange(Environment.TickCount64 - begun, 0, 5_000);
            Assert.Equal(PackJobState.Cancelled, Assert.Single(packing.Queue.Jobs).State);
            Assert.Contains("PackCancelled", packing.Log.Names);
            Assert.DoesNotContain("PackFailed", packing.Log.Names);
        }

        Assert.False(IsPacked("one"));
        // It was complete when it was begun, and is not waited for again.
        await using var again = await Start(watch => (watch.Quiet, watch.PieceSize) = (TimeSpan.FromDays(1), 16 << 20));
        await HostedPacking.Until(() => IsPacked("one") && again.Queue.Jobs is [{ HasEnded: true }]);
        Assert.Contains("Resumed", again.Log.Names);
        foreach (string name in (string[])[RecordFile.Dataset, RecordFile.Pieces, RecordFile.Files, .. whole.Pieces.Select(piece => piece.CarFile)])
            Assert.Equal(File.ReadAllBytes(scratch.At($"whole/{name}")), File.ReadAllBytes(scratch.At($"out/one/{name}")));

        static void Slow(WatchOptions watch) => (watch.Quiet, watch.PieceSize, watch.MaxRate, watch.Configure) = (TimeSpan.Zero, 16 << 20, 16 << 20, options => options with { Checkpoint = TimeSpan.FromMilliseconds(1) });
    }

    [Fact]
    public async Task FolderThatFailsIsGivenUpUntilItChangesAndDoesNotStopTheOthers()
    {
        scratch.File("in/one/a", "a");
        scratch.File("in/two/a", "a");
        scratch.File("out/one", "a file is in the way");
        await using var packing = await Start(watch => watch.Quiet = TimeSpan.Zero, options => (options.MostTries, options.RetryDelay) = (2, TimeSpan.FromMilliseconds(10)));
        await HostedPacking.Until(() => IsPacked("two") && packing.Log.Count("JobGivenUp") == 1);
        await Task.Delay(200, Cancel);
        Assert.Equal(1, packing.Log.Count("JobGivenUp"));
        File.Delete(scratch.At("out/one"));
        scratch.File("in/one/b", "b");
        await HostedPacking.Until(() => IsPacked("one"));
        Assert.True(new PieceVerifier().VerifyDataset(scratch.At("out/one"), cancellationToken: Cancel).IsSound);
    }

    [Fact]
    public async Task WhatIsWrongWithOneFolderIsSaidOnceAndLeavesTheOthers()
    {
        scratch.File("in/one/a", "a");
        scratch.File("in/two/a", "a");
        await using var packing = await Start(watch => (watch.Quiet, watch.Configure) = (TimeSpan.Zero, options => options.Name == "one" ? throw new NotSupportedException("not this one") : options));
        await HostedPacking.Until(() => IsPacked("two"));
        await Task.Delay(200, Cancel);
        Assert.Contains("not this one", Assert.Single(packing.Log.All, each => each.Id.Name == "WatchFault").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FolderThatIsAwayIsLookedForAgain()
    {
        await using var packing = await Start(watch => watch.Quiet = TimeSpan.Zero);
        await HostedPacking.Until(() => packing.Log.Count("WatchFault") == 1);
        await Task.Delay(200, Cancel);
        Assert.Equal(1, packing.Log.Count("WatchFault"));
        scratch.File("in/one/a", "a");
        await HostedPacking.Until(() => IsPacked("one"));
    }

    private Task<HostedPacking> Start(Action<WatchOptions> configure, Action<DataPrepOptions>? more = null) => HostedPacking.Start(options =>
    {
        options.Watch = new WatchOptions { Folder = scratch.At("in"), Output = scratch.At("out"), Interval = TimeSpan.FromMilliseconds(20), PieceSize = 64 << 20, Threads = 2 };
        configure(options.Watch);
        more?.Invoke(options);
    });

    private bool IsPacked(string name) => File.Exists(scratch.At($"out/{name}/dataset.json"));
}
