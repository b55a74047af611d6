using DataPrep.Packing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataPrep.Hosting;

/// <summary>Looks at a folder from time to time, and enqueues those of its sub-folders that are complete and not packed yet.</summary>
internal sealed class FolderWatch(PackQueue queue, IOptions<DataPrepOptions> given, ILogger<FolderWatch> logger, TimeProvider? time = null) : BackgroundService
{
    private readonly WatchOptions watch = given.Value.Watch;
    private readonly TimeProvider time = time ?? TimeProvider.System;
    private readonly Dictionary<string, Seen> seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> faults = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (watch.Folder is null)
            return;
        while (!stoppingToken.IsCancellationRequested)
        {
            // Whatever looking takes, the start of the host does not wait for it.
            await Task.Run(() => Try(watch.Folder, () => Look(stoppingToken), stoppingToken), stoppingToken).ConfigureAwait(false);
            await Task.Delay(watch.Interval, time, stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task Look(CancellationToken stop)
    {
        string[] names = [.. Directory.EnumerateDirectories(watch.Folder!).Select(path => Path.GetFileName(path)!).Where(name => name[0] != '.').Order(StringComparer.Ordinal)];
        foreach (string gone in seen.Keys.Except(names).ToList())
        {
            _ = seen.Remove(gone);
            _ = faults.Remove(Path.Join(watch.Folder, gone));
        }

        foreach (string name in names)
        {
            stop.ThrowIfCancellationRequested();
            await Try(Path.Join(watch.Folder, name), () => Look(name, stop), stop).ConfigureAwait(false);
        }
    }

    /// <summary>Looks at a folder. One that cannot be looked at, say on a network file system that is away, is said once, and looked at again later.</summary>
    private async Task Try(string folder, Func<Task> look, CancellationToken stop)
    {
        try
        {
            await look().ConfigureAwait(false);
            _ = faults.Remove(folder);
        }
#pragma warning disable CA1031 // What is wrong with one folder is no cause to leave the others
        catch (Exception e) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (faults.GetValueOrDefault(folder) != e.Message)
                logger.Fault(folder, e.Message);
            faults[folder] = e.Message;
        }
    }

    private async Task Look(string name, CancellationToken stop)
    {
        string folder = Path.Join(watch.Folder, name), output = Path.Join(watch.Output, name);
        var before = seen.GetValueOrDefault(name);
        if (before?.Job is { HasEnded: false } || File.Exists(Path.Join(output, "dataset.json")))
            return;
        if (FolderState.Of(folder, watch.Marker) is not { } state)
        {
            _ = seen.Remove(name);
            return;
        }

        var now = time.GetUtcNow();
        if (before?.State != state)
            seen[name] = new Seen(state, now, null);
        // A job that has ended without a dataset has failed, or someone has cancelled it: until there is a change, that is how it stays.
        else if (before.Job is not null)
            return;
        // What was begun was complete then.
        bool isBegun = Directory.Exists(Path.Join(output, ".dataprep"));
        if (!state.IsMarked && !isBegun && (before?.State != state || watch.Quiet is not { } quiet || now - before.Since < quiet))
            return;
        logger.Found(folder, output);
        var job = await queue.EnqueueAsync(new PackRequest(OptionsOf(name, folder, output)), stop).ConfigureAwait(false);
        seen[name] = seen[name] with { Job = job };
    }

    private PackOptions OptionsOf(string name, string folder, string output)
    {
        var options = new PackOptions
        {
            Sources = [folder],
            Output = output,
            Name = name,
            PieceSize = watch.PieceSize,
            Threads = watch.Threads ?? Environment.ProcessorCount,
            Memory = watch.Memory,
            MaxRate = watch.MaxRate,
        };
        if (watch.Marker is { } marker)
            options = options with { Exclude = ["/" + marker] };
        return watch.Configure?.Invoke(options) ?? options;
    }

    private sealed record Seen(FolderState State, DateTimeOffset Since, PackJob? Job);
}
