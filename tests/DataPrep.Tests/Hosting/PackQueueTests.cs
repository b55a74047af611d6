using DataPrep.Hosting;
using DataPrep.Packing;
using DataPrep.Source;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace DataPrep.Tests.Hosting;

public sealed class PackQueueTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task WhatIsEnqueuedIsPackedInTurnAndKeptForAWhile()
    {
        await using var packing = await HostedPacking.Start(options => options.JobsKept = 2);
        var jobs = new List<PackJob>();
        for (int i = 0; i < 4; i++)
        {
            scratch.File($"data{i}/a", ScratchFolder.Bytes(1_000_000 + i, i));
            jobs.Add(await packing.Queue.EnqueueAsync(Request($"data{i}", $"out{i}"), Cancel));
        }

        foreach (var job in jobs)
        {
            var result = await job.Completion.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
            Assert.Equal(PackJobState.Done, job.State);
            Assert.True(File.Exists(Path.Join(job.Request.Options.Output, "dataset.json")));
            Assert.Equal(job.Progress.BytesTotal, job.Progress.BytesDone);
            Assert.Equal(result.Pieces.Sum(piece => piece.PayloadSize), job.Progress.BytesDone);
            Assert.Equal((1, null), (job.Tries, job.Error));
            Assert.NotNull(job.Ended);
        }

        await HostedPacking.Until(() => packing.Queue.Jobs.Count == 2);
        Assert.Equal([3L, 4L], packing.Queue.Jobs.Select(job => job.Id));
        Assert.Null(packing.Queue.Find(1));
        Assert.Same(jobs[3], packing.Queue.Find(4));
        Assert.Equal(4, packing.Log.Count("PackStarted"));
        Assert.Equal(4, packing.Log.Count("PackFinished"));
    }

    [Fact]
    public async Task JobsAreCancelledOneByOne()
    {
        scratch.Noise("data/large", 40 << 20);
        scratch.File("other/a", "a");
        await using var packing = await HostedPacking.Start(_ => { });
        var slow = await packing.Queue.EnqueueAsync(new PackRequest(Options("data", "out") with { MaxRate = 16 << 20 }), Cancel);
        var queued = await packing.Queue.EnqueueAsync(Request("other", "never"), Cancel);
        var last = await packing.Queue.EnqueueAsync(Request("other", "last"), Cancel);
        queued.Cancel();
        Assert.Equal(PackJobState.Cancelled, queued.State);
        await HostedPacking.Until(() => slow.Progress.BytesDone > 24 << 20);
        Assert.Equal(PackJobState.Running, slow.State);
        slow.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow.Completion);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued.Completion);
        _ = await last.Completion.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.False(Directory.Exists(scratch.At("never")));
        // What was broken off is gone on with.
        var again = await packing.Queue.EnqueueAsync(Request("data", "out"), Cancel);
        _ = await again.Completion.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Contains("Resumed", packing.Log.Names);
    }

    [Fact]
    public async Task FailuresAreTriedAgainAndNeverStopTheService()
    {
        await using var packing = await HostedPacking.Start(options => (options.MostTries, options.RetryDelay) = (3, TimeSpan.FromMilliseconds(20)));
        var missing = await packing.Queue.EnqueueAsync(Request("nowhere", "x"), Cancel);
        var senseless = await packing.Queue.EnqueueAsync(new PackRequest(Options("nowhere", "y") with { PieceSize = 12345 }), Cancel);
        await Assert.ThrowsAsync<SourceException>(() => missing.Completion.WaitAsync(TimeSpan.FromSeconds(30), Cancel));
        await Assert.ThrowsAsync<UsageException>(() => senseless.Completion.WaitAsync(TimeSpan.FromSeconds(30), Cancel));
        Assert.Equal((PackJobState.Failed, 3), (missing.State, missing.Tries));
        Assert.Equal((PackJobState.Failed, 1), (senseless.State, senseless.Tries));
        Assert.Equal(2, packing.Log.Count("JobRetried"));
        await HostedPacking.Until(() => packing.Log.Count("JobGivenUp") == 2);

        var late = await packing.Queue.EnqueueAsync(Request("late", "late-out"), Cancel);
        await HostedPacking.Until(() => late.State == PackJobState.Waiting || late.Tries > 1);
        scratch.File("late/a", "a");
        _ = await late.Completion.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Null(late.Error);
    }

    [Fact]
    public async Task SourceThatIsAwayIsWaitedFor()
    {
        var source = new AwaySource(5);
        await using var packing = await HostedPacking.Start(options => (options.MostTries, options.RetryDelay) = (2, TimeSpan.FromMilliseconds(1)));
        var job = await packing.Queue.EnqueueAsync(new PackRequest(Options("x", "out") with { Sources = [], Source = source }), Cancel);
        var result = await job.Completion.WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        Assert.Equal(1, result.Dataset.Files);
        Assert.Equal(6, job.Tries);
    }

    [Fact]
    public async Task FullQueueMakesWait()
    {
        scratch.Noise("data/large", 40 << 20);
        scratch.File("other/a", "a");
        await using var packing = await HostedPacking.Start(options => options.QueueLength = 1);
        var slow = await packing.Queue.EnqueueAsync(new PackRequest(Options("data", "out") with { MaxRate = 1 << 20 }), Cancel);
        await HostedPacking.Until(() => slow.State == PackJobState.Running);
        var waits = await packing.Queue.EnqueueAsync(Request("other", "other-out"), Cancel);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var further = packing.Queue.EnqueueAsync(Request("other", "further"), limit.Token).AsTask();
        await Task.Delay(100, Cancel);
        Assert.False(further.IsCompleted);
        await limit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => further);
        Assert.Equal(2, packing.Queue.Jobs.Count);
        await packing.Stop();
        Assert.Equal((PackJobState.Cancelled, PackJobState.Cancelled), (slow.State, waits.State));
        await Assert.ThrowsAsync<InvalidOperationException>(() => packing.Queue.EnqueueAsync(Request("other", "late"), Cancel).AsTask());
    }

    [Fact]
    public void OptionsThatMakeNoSenseAreToldAllAtOnce()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddDataPrep(options =>
        {
            options.Workers = 0;
            options.RetryDelay = TimeSpan.Zero;
            options.Watch = new WatchOptions { Folder = "/a", Output = "/a/b", Quiet = null, Marker = "a/b", PieceSize = 3 << 20 };
        });
        using var host = builder.Build();
        var e = Assert.Throws<OptionsValidationException>(host.Start);
        Assert.Equal(5, e.Failures.Count());
        Assert.Contains("Workers is 0", e.Message, StringComparison.Ordinal);
        Assert.Contains("must not be one within the other", e.Message, StringComparison.Ordinal);
        Assert.Contains("Watch.Marker 'a/b'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsComeFromAConfigurationSection()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["DataPrep:Workers"] = "2",
            ["DataPrep:RetryDelay"] = "00:00:05",
            ["DataPrep:Watch:Folder"] = "/in",
            ["DataPrep:Watch:Output"] = "/out",
            ["DataPrep:Watch:Marker"] = ".ready",
            ["DataPrep:Watch:PieceSize"] = "1073741824",
        }).Build();
        using var provider = new ServiceCollection().AddDataPrep(configuration.GetSection("DataPrep"), options => options.Workers++).BuildServiceProvider();
        var options = provider.GetRequiredService<IOptions<DataPrepOptions>>().Value;
        Assert.Equal((3, TimeSpan.FromSeconds(5)), (options.Workers, options.RetryDelay));
        Assert.Equal(("/in", "/out", ".ready", 1L << 30), (options.Watch.Folder, options.Watch.Output, options.Watch.Marker, options.Watch.PieceSize));
    }

    private PackRequest Request(string source, string output) => new(Options(source, output));

    private PackOptions Options(string source, string output) => new() { Sources = [scratch.At(source)], Output = scratch.At(output), PieceSize = 64 << 20, Threads = 2, Checkpoint = TimeSpan.FromMilliseconds(10) };

    /// <summary>Cannot be reached for a number of times.</summary>
    private sealed class AwaySource(int faults) : ISource
    {
        private int left = faults;

        public string Name => "away";

        public async IAsyncEnumerable<SourceFile> ListAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            if (left-- > 0)
                throw new PassingFaultException("away is away");
            yield return new SourceFile("a", 3) { Modified = DateTimeOffset.UnixEpoch };
        }

        public Task<SourceFile?> StatAsync(string path, CancellationToken cancellationToken) => Task.FromResult<SourceFile?>(new SourceFile("a", 3) { Modified = DateTimeOffset.UnixEpoch });

        public Task<Stream> OpenAsync(string path, long offset, long length, CancellationToken cancellationToken) => Task.FromResult<Stream>(new MemoryStream("abc"u8.ToArray()[(int)offset..(int)(offset + length)]));
    }
}
