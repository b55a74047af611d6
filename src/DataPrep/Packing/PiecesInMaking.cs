using System.Diagnostics;
using System.Globalization;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// The pieces of a run: those at work, those whose making was broken off, and those that are finished, by their number
/// within the dataset. Goes on from what the workspace holds of them.
/// </summary>
internal sealed class PiecesInMaking(PackOptions options, Workspace space, PieceFolders folders, PieceHandOver handOver, PackedEntries entries, PackCounters progress, CancellationToken cancel) : IDisposable
{
    private readonly Dictionary<int, PieceRecord> finished = [];

    // Pieces in the making: by the job at work, and by their number those whose making was ended.
    private readonly List<Making> jobs = [];
    private readonly Dictionary<int, Making> brokenOff = [];

    /// <summary>Only while no worker is at work.</summary>
    public IReadOnlyDictionary<int, PieceRecord> Finished => finished;

    public bool IsFinished(int number)
    {
        lock (finished)
            return finished.ContainsKey(number);
    }

    /// <summary>Takes over the pieces of runs before this one: their bytes are where they were left, under their name or still without it.</summary>
    public void TakeFinished()
    {
        foreach (var (number, piece) in space.Finished)
            TakeFinished(number, piece);
    }

    private void TakeFinished(int number, PieceRecord piece)
    {
        if (options.Sha256)
        {
            // It was noted before the piece was. Where that was lost, the piece is made again, which ends with the same bytes.
            if (PieceSum.Noted(folders.Main, piece.PieceCid) is not { } sum)
                return;
            piece = piece with { Sha256 = sum };
        }

        if (folders.Has(piece))
        {
            if (handOver.Claim(piece))
                handOver.Take(number, piece);
        }
        else if (!handOver.WasHandedOn(piece.PieceCid))
        {
            using var file = folders.Complete(PartOf(number, space.TimesFinished(number) - 1), piece, options.OutputIo);
            if (file is null)
                return;
            Place(number, file, piece);
        }

        finished.Add(number, piece);
        progress.Add(piece.PayloadSize);
    }

    /// <summary>Begins a piece, or goes on with its file.</summary>
    /// <param name="onSlab">Told of each slab that has ended.</param>
    /// <param name="stop">Ends the wait for room.</param>
    /// <param name="wasThere">Whether the file is that of a run before this one, or of a try, with what that has written.</param>
    public PieceJob Begin(int number, PieceLayout layout, SlabPlan slabs, ISourceReader reader, PartialTree part, Action<long>? onSlab, CancellationToken stop, out bool wasThere)
    {
        long fileSize = Math.Max(layout.CarSize, options.LeastCarSize);
        handOver.Begin(number, fileSize, stop);
        var file = options.Inline
            ? folders.Create(number, PartOf(number), InlineSink.SizeOf(layout), layout.LeafEnd, OutputIo.Cached)
            : folders.Create(number, PartOf(number), fileSize, layout.LeafEnd, options.OutputIo);
        wasThere = file.WasThere;
        var job = new PieceJob(layout, slabs, reader, options.Inline ? new InlineSink(layout, file) : file, progress, part, fileSize)
        {
            SlabEnded = (job, slab) =>
            {
                space.Note(job.Describe(slab, number), options.Checkpoint, Sync);
                onSlab?.Invoke(slab);
            },
        };
        lock (jobs)
            jobs.Add(new Making(job, number, file, space.Order, Stopwatch.GetTimestamp()));
        return job;
    }

    /// <summary>Whether this run has made a part of a piece.</summary>
    public bool IsBrokenOff(int number) => brokenOff.ContainsKey(number);

    /// <summary>Takes over what was made of a piece before, by this run or another.</summary>
    /// <param name="firstEntry">The piece's first entry in the whole tree; less than nothing where its file is a new one.</param>
    public void TakeSlabs(PieceJob job, int number, int firstEntry)
    {
        var slabs = new FinishedSlabs(job, firstEntry, space.Changed);
        _ = brokenOff.Remove(number, out var before);
        if (firstEntry > int.MinValue)
            progress.Add(before is not null ? slabs.TakeFrom(before.Job, before.Order) : slabs.TakeFrom(space.SlabsOf(number)));
        space.ForgetSlabs(number);
        before?.Job.Dispose();
    }

    /// <summary>When the run ends before its work is done: makes durable what was done of it, as far as that can be.</summary>
    public void Keep()
    {
        try
        {
            space.Flush(Sync);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // What ended the run may be in the way of this too, and is what is reported.
        }
    }

    /// <summary>What was made of pieces that are not finished is kept, for the next try or the next run.</summary>
    public void BreakOff()
    {
        lock (jobs)
        {
            foreach (var piece in jobs)
            {
                piece.File.Dispose();
                brokenOff[piece.Number] = piece;
            }

            jobs.Clear();
        }
    }

    /// <summary>Makes durable what has been written to pieces in the making.</summary>
    public void Sync()
    {
        Making[] pieces;
        lock (jobs)
            pieces = [.. jobs];
        foreach (var piece in pieces)
            piece.File.Sync();
    }

    /// <summary>Called by the workers of the engine, for one piece at a time each.</summary>
    public void Finish(PackedPiece packed)
    {
        Making made;
        lock (jobs)
            made = jobs.Find(piece => piece.Job == packed.Job)!;
        var (_, number, file, _, begun) = made;
        entries.Take(packed);
        entries.Flush();
        var piece = PieceRecord.Of(packed.Root, packed.Commitment, packed.Layout.CarSize, "data", packed.Layout.FileCount) with { Inline = options.Inline };
        file.Complete(piece.Inline ? InlineSink.SizeOf(packed.Layout) : piece.PayloadSize);
        if (piece.Inline)
            file.Append(stream => InlineWriter.Append(stream, packed, space.Plan.Tree));
        WriteTree(piece, packed.Commitment, packed.Nodes);
        piece = WithSum(piece, file);
        space.Note(number, piece, packed.Commitment, Sync);
        Place(number, file, piece);
        lock (jobs)
            _ = jobs.Remove(made);
        file.Dispose();
        packed.Dispose();
        lock (finished)
            finished.Add(number, piece);
        ObservedRun.Piece(piece, begun);
        options.Finished(piece);
    }

    /// <summary>Makes the pieces of the dataset DAG, behind the data pieces.</summary>
    /// <param name="first">Number of the first of them within the dataset.</param>
    /// <param name="times">Takes what the time went into.</param>
    public List<PieceRecord> MakeDag(DatasetDag dag, int first, StageClock times)
    {
        var records = new List<PieceRecord>();
        var begun = Stopwatch.GetTimestamp();
        using var writer = new DagWriter(
            dag.Measure(options.Capacity),
            dag.HeaderLength,
            options.Profile,
            (number, size) =>
            {
                begun = Stopwatch.GetTimestamp();
                long fileSize = Math.Max(size, options.LeastCarSize);
                handOver.Begin(first + number, fileSize, cancel);
                return folders.Create(first + number, PartOf(first + number), fileSize, 0, options.OutputIo);
            },
            (file, packed) =>
            {
                var piece = PieceRecord.Of(packed.Root, packed.Commitment, packed.PayloadSize, "dag", 0);
                file.Complete(piece.PayloadSize);
                WriteTree(piece, packed.Commitment, packed.Nodes);
                piece = WithSum(piece, file);
                Place(first + records.Count, file, piece);
                records.Add(piece);
                ObservedRun.Piece(piece, begun);
                options.Finished(piece);
            },
            progress,
            cancel);
        progress.Join(writer.Clock, new SlowFiles());
        dag.Emit(entries, writer);
        writer.Clock.Enter(Stage.Wait);
        times.Add(writer.Clock);
        return records;
    }

    /// <summary>Removes what has the name of a piece that was made and is none of the dataset, since files changed after a run that was broken off had made it.</summary>
    public void RemoveOthers(IReadOnlyList<PieceRecord> dagPieces)
    {
        var kept = finished.Values.Concat(dagPieces).Select(piece => piece.PieceCid).ToHashSet();
        foreach (string cid in Leftovers.NotedPieces(folders.Main).Where(cid => !kept.Contains(cid)))
            folders.Remove(cid + ".car");
    }

    public void Dispose()
    {
        foreach (var piece in brokenOff.Values)
            piece.Job.Dispose();
    }

    /// <summary>
    /// What a piece in the making is called. One that was finished and then lost, say moved away, is made again under another
    /// name: what stands under the former one is complete, and nothing else ever is.
    /// </summary>
    private string PartOf(int number) => PartOf(number, space.TimesFinished(number));

    private static string PartOf(int number, int times) =>
        string.Create(CultureInfo.InvariantCulture, $"piece-{number}{(times > 0 ? $"-{times}" : "")}.car");

    private void WriteTree(PieceRecord piece, PieceCommitment commitment, ReadOnlySpan<byte> nodes)
    {
        Leftovers.NotePiece(folders.Main, piece.PieceCid);
        folders.Main.Write(piece.PieceCid + ".tree", new TreeSidecar(commitment, nodes).Write);
    }

    private PieceRecord WithSum(PieceRecord piece, IPieceFile file)
    {
        if (!options.Sha256)
            return piece;
        string sum = file.Sha256(cancel);
        PieceSum.Note(folders.Main, piece.PieceCid, sum);
        return piece with { Sha256 = sum };
    }

    private void Place(int number, IPieceFile file, PieceRecord piece)
    {
        if (!handOver.Claim(piece))
        {
            file.Discard();
            handOver.Forget(number);
            return;
        }

        folders.Place(file, StoredPiece.NameOf(piece));
        handOver.Take(number, piece);
    }

    /// <param name="Order">How much had been noted when it was begun.</param>
    /// <param name="Begun">When this run began with it, as a timestamp of the stopwatch.</param>
    private sealed record Making(PieceJob Job, int Number, IPieceFile File, int Order, long Begun);
}
