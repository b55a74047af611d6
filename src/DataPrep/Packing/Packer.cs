using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// Packs files into pieces: reads them once, makes the UnixFS DAG whose CIDs are those of <c>ipfs add</c>, writes it as CAR files that are pieces with
/// their piece commitments, and lists what lies where. Output is a function of the source and of the options that say so: neither the number of threads
/// nor interruptions change a byte of it. A run that was broken off is gone on with by the same call.
/// </summary>
public sealed class Packer
{
    private readonly PackOptions options;

    /// <param name="options">What to pack, where to, and how. Whether it makes sense is checked when packing begins.</param>
    public Packer(PackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
    }

    /// <summary>Packs, by as many threads as the options say, and returns when all pieces and records are durable under their names.</summary>
    /// <param name="progress">Is told four times a second, and at the end, on other threads than the caller's.</param>
    /// <param name="cancellationToken">Breaks off: what is finished is kept, and the same call goes on with it.</param>
    /// <exception cref="UsageException">The options make no sense.</exception>
    /// <exception cref="SourceException">The source as a whole cannot be read. What of it cannot is left out, and listed in the result.</exception>
    /// <exception cref="PassingFaultException">The source could not be reached for long; the same call goes on.</exception>
    /// <exception cref="BusyException">Another run is at work in the folder.</exception>
    /// <exception cref="IOException">The folder cannot be written, has too little room, or holds another dataset.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled. Nothing stands under a final name that is not complete.</exception>
    public PackResult Pack(IProgress<PackProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (options.Output.Length == 0)
            throw new UsageException("say where the pieces go: the output folder has no name");
        if (options.Logger is not { } logger)
            return Run(options, packer => packer.Run(), progress, cancellationToken);
        var log = new PackLog(logger);
        log.Started(options.Source?.Name ?? (options.Input is null ? string.Join(", ", options.Sources) : options.Name ?? "-"), options.Output);
        try
        {
            var result = Run(log.Route(options), packer => packer.Run(), progress, cancellationToken);
            log.Finished(result, options.Output);
            return result;
        }
        catch (OperationCanceledException)
        {
            log.Cancelled(options.Output);
            throw;
        }
        catch (Exception e)
        {
            log.Failed(options.Output, e.Message, e);
            throw;
        }
    }

    /// <summary>The same on a thread of its own.</summary>
    /// <inheritdoc cref="Pack"/>
    public Task<PackResult> PackAsync(IProgress<PackProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Factory.StartNew(() => Pack(progress, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Scans and cuts, and says exactly what packing would make. Nothing is read of the files, and nothing is written.</summary>
    /// <inheritdoc cref="Pack"/>
    public PackEstimate Estimate(IProgress<PackProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (options.Input is not null)
            throw new UsageException("a stream cannot be estimated: how long it is is not known before its end");
        var plan = Run(options, packer => packer.Plan(), progress, cancellationToken);
        return new PackEstimate(plan.Dataset.Name, plan.Dataset.Files, plan.Dataset.Bytes, [.. plan.Sizes(options.LeastCarSize)]);
    }

    private static T Run<T>(PackOptions options, Func<DatasetPacker, T> work, IProgress<PackProgress>? progress, CancellationToken cancel)
    {
        int given = (options.Sources.Count > 0 ? 1 : 0) + (options.Source is null ? 0 : 1) + (options.Input is null ? 0 : 1);
        if (given != 1)
            throw new UsageException(given == 0 ? "say what to pack: there is neither a file, nor a source, nor a stream" : "files, a source and a stream do not go together; pack them apart");
        using var source = options.Source is { } own ? new GivenSource(own, new RemoteLimits(), options.Warn) : null;
        var counters = new PackCounters();
        return PackProgress.Watch(counters, progress, () => work(new DatasetPacker(options with { Remote = source }, counters, cancel)));
    }
}

/// <summary>What packing would make.</summary>
/// <param name="Name">Of the dataset.</param>
/// <param name="Files">Number of files.</param>
/// <param name="Bytes">Content bytes of all files.</param>
/// <param name="Pieces">In their order.</param>
public sealed record PackEstimate(string Name, long Files, long Bytes, IReadOnlyList<PlannedPiece> Pieces);

/// <summary>A piece that packing would make.</summary>
/// <param name="Kind"><c>data</c> or <c>dag</c>.</param>
/// <param name="CarSize">Bytes of the CAR, zero-fill included.</param>
/// <param name="PieceSize">Padded size: a power of two.</param>
public sealed record PlannedPiece(string Kind, long CarSize, long PieceSize);
