using DataPrep.Packing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataPrep.Hosting;

/// <summary>Packs what is enqueued. Nothing that goes wrong with a job ends it; when the host stops, runs at work are broken off at once, and can be gone on with.</summary>
internal sealed class PackService(PackQueue queue, IOptions<DataPrepOptions> given, ILogger<PackService> logger, ILogger<Packer> packLogger) : BackgroundService
{
    private readonly DataPrepOptions options = given.Value;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(Enumerable.Range(0, options.Workers).Select(_ => Task.Run(() => Work(stoppingToken), CancellationToken.None))).ConfigureAwait(false);
        }
        finally
        {
            queue.Close();
        }
    }

    private async Task Work(CancellationToken stop)
    {
        try
        {
            await foreach (var job in queue.ReadAllAsync(stop).ConfigureAwait(false))
                await Run(job, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task Run(PackJob job, CancellationToken stop)
    {
        if (!job.TryStart())
            return;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(stop, job.Cancelled);
        try
        {
            var wanted = job.Request.Options;
            var result = await new Packer(wanted with { Logger = wanted.Logger ?? packLogger }).PackAsync(new Listener(job), cancel.Token).ConfigureAwait(false);
            _ = job.End(PackJobState.Done, result);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            _ = job.End(PackJobState.Cancelled, null);
        }
#pragma warning disable CA1031 // What one job fails of is no cause to end the others
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (job.Fail(e))
            {
                var delay = DelayOf(job.Tries);
                logger.Retried(job.Id, delay, job.Tries, e.Message);
                _ = Again(job, delay, stop);
            }
            else
            {
                logger.GivenUp(job.Id, job.Request.Options.Output, job.Tries, e.Message);
                _ = job.End(PackJobState.Failed, null);
            }
        }
    }

    private async Task Again(PackJob job, TimeSpan delay, CancellationToken stop)
    {
        try
        {
            await Task.Delay(delay, stop).ConfigureAwait(false);
            await queue.ReturnAsync(job, stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or System.Threading.Channels.ChannelClosedException)
        {
            _ = job.End(PackJobState.Cancelled, null);
        }
    }

    private TimeSpan DelayOf(int tries)
    {
        double factor = Math.Pow(2, Math.Min(tries - 1, 40));
        return options.RetryDelay * factor < options.LongestRetryDelay ? options.RetryDelay * factor : options.LongestRetryDelay;
    }

    private sealed class Listener(PackJob job) : IProgress<PackProgress>
    {
        public void Report(PackProgress value) => job.Report(value);
    }
}
