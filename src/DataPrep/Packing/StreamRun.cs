using DataPrep.Hashing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>
/// Makes the pieces of one stream, whose length is not known. Where a leaf stands in a piece depends only on where the piece
/// begins, so each is begun as if the stream went on behind it. When the stream ends before that, its last piece is laid out
/// anew for what it holds, and goes on from the slabs that are done. What runs before this one have made is held against
/// the stream, which comes from its beginning once more.
/// </summary>
internal sealed class StreamRun : IDisposable
{
    private readonly PackOptions options;
    private readonly Workspace space;
    private readonly PieceFolders folders;
    private readonly Func<SourceTree, PackPlan> cut;
    private readonly PackCounters progress;
    private readonly CancellationToken cancel;
    private readonly int file;
    private readonly PackedEntries entries;
    private readonly PiecesInMaking making;
    private readonly StreamCutter cutter;
    private readonly SlabPlan slabs;
    private readonly RateLimit? rate;
    private readonly StreamWindow window;
    private readonly StreamSource source;
    private readonly StreamLeaves leaves;
    private readonly CancellationTokenRegistration wake;

    // Pieces of a stream that goes on, and those that this run has begun or held against the stream.
    private readonly List<StreamCut> cuts = [];
    private readonly HashSet<int> seen = [];

    // As far as the stream went in runs before this one.
    private long known;

    /// <param name="name">Of the stream's entry.</param>
    /// <param name="cut">Makes the plan of the stream, once its length is known.</param>
    public StreamRun(PackOptions options, string name, Func<SourceTree, PackPlan> cut, Workspace space, PieceFolders folders, PieceHandOver handOver, PackCounters progress, CancellationToken cancel)
    {
        (this.options, this.cut, this.space, this.folders, this.progress, this.cancel) = (options, cut, space, folders, progress, cancel);
        file = StreamTree.File(options.Scan.Wrap);
        entries = new PackedEntries(folders.Main, Tree, Profile, space.Finished.Count > 0) { KeepsLeaves = true };
        making = new PiecesInMaking(options, space, folders, handOver, entries, progress, cancel);
        cutter = new StreamCutter(name, options.Scan.Wrap, Profile, options.Cut, cancel);
        var demand = SlabDemand.OfStream(Profile, options.Capacity);
        slabs = options.SlabsOfRun(demand, space.SlabSize, folders.IsOnDevice);
        rate = options.MaxRate is { } most ? new RateLimit(most) : null;
        window = new StreamWindow(options.Input!(), slabs.WindowSize(demand));
        source = new StreamSource(window);
        leaves = new StreamLeaves(window, Profile, source.Pass, rate);
        wake = cancel.Register(window.Wake);
    }

    /// <summary>What the workers' time went into.</summary>
    public StageClock Times { get; } = new();

    /// <summary>Whether a piece is finished.</summary>
    public bool HasPieces => making.Finished.Count > 0;

    private PackPlan Plan => space.Plan;

    private SourceTree Tree => space.Plan.Tree;

    private UnixFsProfile Profile => options.Profile;

    private bool HasEnded => space.StreamSize is not null;

    /// <summary>Makes all pieces and records.</summary>
    /// <exception cref="PieceTooSmallException">A leaf or another block does not fit in a piece.</exception>
    /// <exception cref="IOException">The stream cannot be read, or is another than before.</exception>
    public (DatasetRecord Dataset, IReadOnlyList<PieceRecord> Pieces) Make()
    {
        progress.Begin(0);
        making.TakeFinished();
        if (space.StreamSize is { } size)
            PlanFor(size);
        else if (HasPieces)
            CutTo(making.Finished.Keys.Max());
        if (HasPieces)
            _ = entries.LeavesOf(file, LeavesBefore(making.Finished.Keys.Max() + 1), LeavesBefore(making.Finished.Keys.Max() + 1));
        if (!HasEnded && !window.Reaches(cutter.LongestLeaf + 1, cancel, out size))
            End(size);
        while (!TryMake())
        {
        }

        size = Tree[file].Size;
        if (window.Reaches(size + 1, cancel, out _))
            throw Another($"goes on behind offset {size}, where it ended before");
        var whole = Plan.Whole;
        List<PieceRecord> dagPieces = [];
        if (!Plan.IsOnePiece)
        {
            var dag = new DatasetDag(Tree, Profile, new HashSet<int> { file });
            dagPieces = making.MakeDag(dag, Plan.Pieces.Count, Times);
            whole = dag.Whole;
        }

        var writer = new DatasetWriter(folders.Main, Plan, [CutRound.OfPlan(Tree, Plan.Pieces)], space.Changed, entries, whole!, null, options.Threads);
        making.RemoveOthers(dagPieces);
        return writer.Write(making.Finished, dagPieces);
    }

    public void Dispose()
    {
        wake.Dispose();
        window.Dispose();
        leaves.Dispose();
        entries.Dispose();
        making.Dispose();
    }

    /// <summary>Makes the pieces that are not there yet; false where the stream ended on the way.</summary>
    private bool TryMake()
    {
        try
        {
            using var engine = new SlabEngine(slabs, cancel, options.Threads) { Rate = rate, Progress = progress };
            using var wakeWorkers = engine.Stopped.Register(window.Wake);
            source.Stop = engine.Stopped;
            source.Reset();
            try
            {
                engine.Run(Jobs(engine.Stopped), making.Finish);
            }
            finally
            {
                Times.Add(engine.Times);
                making.Keep();
                making.BreakOff();
            }

            return true;
        }
        catch (StreamEndedException e)
        {
            End(e.Size);
            return false;
        }
    }

    /// <summary>The stream has ended: from now on the pieces are those of a file of its length.</summary>
    private void End(long size)
    {
        if (HasEnded || size < known)
            throw Another($"ends at offset {size}, but {(HasEnded ? $"had {Tree[file].Size}" : $"at least {known}")} bytes came before");
        space.Note(new StreamEnded { Size = size }, making.Sync);
        PlanFor(size);
    }

    private void PlanFor(long size)
    {
        Tree.Renew(file, StreamTree.Stamp(size));
        var plan = cut(Tree);
        for (int i = 0; i < cuts.Count && cuts[i].Most < size; i++)
        {
            if (plan.Pieces[i] != cuts[i].Range)
                throw new InvalidOperationException($"Piece {i} is {plan.Pieces[i]}, and was {cuts[i].Range} while the stream's length was not known.");
        }

        space.Revise(plan with { Dataset = space.Plan.Dataset });
        source.Unbound();
        progress.Begin(plan.CarSize);
        progress.Add(making.Finished.Values.Sum(piece => piece.PayloadSize));
    }

    private IEnumerable<PieceJob> Jobs(CancellationToken stop)
    {
        for (int number = 0; PieceAt(number, stop) is { } range; number++)
        {
            bool isFinished = making.IsFinished(number), isSeen = !seen.Add(number);
            if (isFinished && isSeen)
                continue;
            var part = PartialTree.Of(HasEnded ? Tree : cutter.Tree, Profile, range.Begin, range.End);
            var layout = ReferenceEquals(part.Tree, Tree) && Plan.Whole is { } whole ? whole : PieceLayout.Create(part.Tree, Profile);
            if (isFinished)
            {
                long first = range.Begin.Leaf;
                Compare(layout, part, entries.LeavesOf(file, first, first + layout.LeafCount), first, layout.LeafCount, number, stop);
                continue;
            }

            RequireRoom(number, layout.CarSize);
            PieceJob job = null!;
            job = making.Begin(number, layout, slabs, source, part, slab => source.End(job, slab), stop, out bool wasThere);
            if (making.IsBrokenOff(number))
                making.TakeSlabs(job, number, wasThere ? 0 : int.MinValue);
            else if (wasThere && Restore(job, number) is > 0 and var done)
                Compare(layout, part, job.Leaves, 0, done, number, stop);
            space.ForgetSlabs(number);
            source.Begin(job, part.FileOffset(layout.FileEntry(0)));
            yield return job;
        }
    }

    /// <summary>The range of a piece; null behind the last. That there is one is known when the stream goes on behind the piece before.</summary>
    private PieceRange? PieceAt(int number, CancellationToken stop)
    {
        if (HasEnded)
            return number < Plan.Pieces.Count ? Plan.Pieces[number] : null;
        if (number > 0)
            source.Require(cuts[number - 1].Most + 1, stop);
        CutTo(number);
        source.Bound(cuts[number].Range.End.Leaf * Profile.ChunkSize, cuts[number].Most);
        return cuts[number].Range;
    }

    private void CutTo(int number)
    {
        while (cuts.Count <= number)
            cuts.Add(cutter.Next(LeavesBefore(cuts.Count)));
    }

    /// <summary>Leaves of the stream that stand before a piece.</summary>
    private long LeavesBefore(int number) =>
        number == 0 ? 0
        : !HasEnded ? cuts[number - 1].Range.End.Leaf
        : number < Plan.Pieces.Count ? Plan.Pieces[number].Begin.Leaf
        : BalancedFile.LeafCount(Profile, Tree[file].Size);

    /// <summary>Takes over the slabs that the journal has of a piece, as far as they follow each other from its beginning: the stream comes in order.</summary>
    /// <returns>How many leaves begin in them.</returns>
    private long Restore(PieceJob job, int number)
    {
        long done = 0;
        foreach (var (_, payload) in space.SlabsOf(number).OrderBy(noted => SlabDone.Read(noted.Payload).Slab))
        {
            var slab = SlabDone.Read(payload);
            if (slab.Slab != done || !job.Restore(slab))
                continue;
            done++;
            progress.Add(slab.Nodes.Length / PieceSize.NodeLength * (long)SubTreeHasher.SegmentRaw);
        }

        return done < job.Slabs ? new Slab(job.Layout, slabs, done).FirstLeafNumber : job.Layout.LeafCount;
    }

    /// <summary>Holds leaves from a piece's beginning on against what they were when the stream was read before.</summary>
    /// <param name="before">Digests; that of the piece's first leaf is in row <paramref name="row"/>.</param>
    private void Compare(PieceLayout layout, PartialTree part, DigestTable before, long row, long count, int number, CancellationToken stop)
    {
        long offset = part.FileOffset(layout.FileEntry(0));
        long end = offset + Math.Min(layout.ContentSize, count * Profile.ChunkSize);
        if (!HasEnded)
            known = Math.Max(known, count < layout.LeafCount ? end : cuts[number].Most + 1);
        leaves.Hash(layout.Leaves(0), offset, 0, count, Take, stop);
        if (!HasEnded)
            source.Require(known, stop);

        void Take(long first, ReadOnlySpan<byte> digests)
        {
            int same = digests.CommonPrefixLength(before.Rows(row + first, digests.Length / DigestTable.RowSize));
            if (same < digests.Length)
                throw Another($"has other bytes from offset {offset + ((first + (same / DigestTable.RowSize)) * Profile.ChunkSize)} on than when it was read before");
        }
    }

    private void RequireRoom(int number, long carSize)
    {
        if (options.Target is not null)
            return;
        long free = folders.FreeSpace, needed = HasEnded ? carSize - folders.Unfinished : carSize;
        // Of a stream that may be short, no room is taken that it may not need.
        folders.Reserve = HasEnded || (number > 0 && free >= needed);
        if (free >= needed || options.MaxStaged is not null)
            return;
        if (HasEnded)
            throw new IOException($"too little room in {folders.Main.Path}: {needed} bytes are needed, {free} are free");
        if (number > 0)
            options.Warn($"{free} bytes are free in {folders.Main.Path}, less than the {needed} of a full piece: where they do not suffice, the run ends, and the same command goes on when there is more room");
    }

    private static IOException Another(string difference) =>
        new($"standard input {difference}; run the same command and feed the same stream from its beginning, or begin anew with --restart");
}
