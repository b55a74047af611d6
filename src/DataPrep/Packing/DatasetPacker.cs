using System.Diagnostics;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>The main job: scan, cut, pack, record.</summary>
internal sealed class DatasetPacker(PackOptions options, PackCounters progress, CancellationToken cancel)
{
    private readonly PieceFolders folders = new(((string[])[options.Output.Length > 0 ? options.Output : "/", .. options.MoreOutputs]).Select(path => new OutputFolder(path)), options.Target);

    private OutputFolder Folder => folders.Main;

    /// <summary>Scans and cuts without touching OUT.</summary>
    /// <exception cref="UsageException">The options make no sense, or something does not fit in a piece.</exception>
    /// <exception cref="SourceException">A source is missing or unreadable.</exception>
    public PackPlan Plan()
    {
        OptionCheck.Require(options);
        using var earlier = Earlier();
        return new DatasetPlanner(options, earlier, progress, cancel).Plan();
    }

    /// <summary>Packs into OUT, going on from where a run of the same command was broken off. Where OUT holds this dataset already, says so.</summary>
    /// <exception cref="IOException">OUT cannot be written, has too little room, or holds another dataset.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing stands under a final name that is not complete.</exception>
    public PackResult Run() => ObservedRun.Of("pack", progress, run => run.Made(Pack()));

    private PackResult Pack()
    {
        if (options.Input is not null)
            return new StreamPacker(this, options, folders, progress, cancel).Run();
        var clock = Stopwatch.StartNew();
        OptionCheck.Require(options);
        options.Target?.Begin(Folder);
        while (true)
        {
            if (File.Exists(Folder.FileOf(RecordFile.Dataset)))
                return Present(Plan(), clock);

            try
            {
                if (TryRun(clock) is { } result)
                    return result;
            }
            catch (PlanOutdatedException e)
            {
                options.Warn($"{e.Message}: it is packed anew, into several");
            }
        }
    }

    /// <summary>Says that OUT holds a dataset already.</summary>
    /// <exception cref="IOException">It is another one, or not whole.</exception>
    public PackResult Present(PackPlan planned, Stopwatch clock)
    {
        var present = new PresentDataset(Folder);
        present.RequireSame(planned);
        var pieces = present.RequireWhole(options.Target);
        Publish(pieces);
        HandOn(pieces);
        return new PackResult(present.Dataset, pieces, planned.Tree.Skipped, true, clock.Elapsed, new StageClock(), DatasetTotals.OfKept(planned.Tree));
    }

    /// <summary>Scans and cuts, and writes the plan for tasks on other machines.</summary>
    /// <param name="target">The file; in a folder that is there it is named by its hash.</param>
    /// <inheritdoc cref="Plan"/>
    public (PackPlan Plan, string Path, byte[] Hash) WritePlan(string target)
    {
        var plan = Plan();
        var header = new PlanHeader(options.SourceNames, Described, plan.Dataset, plan.DagSizes, Previous: options.Previous is { } previous ? Path.GetFullPath(previous) : null);
        var content = new PlanContent(header.Encode(), plan.Tree, plan.Pieces);
        if (!Directory.Exists(target))
            return (plan, target, PlanFile.WriteAs(target, content));
        string path = PlanFile.Write(target, content, withShares: true);
        return (plan, path, PlanFile.HashInName(path)!);
    }

    /// <summary>Ends a dataset whose data pieces tasks have made.</summary>
    /// <param name="fold">Takes over what they say of them.</param>
    public PackResult Finish(PackPlan plan, PlanHeader header, Action<Workspace> fold, Stopwatch clock)
    {
        DatasetRun.RequireMemory(options, plan);
        using var hold = folders.Hold();
        if (File.Exists(Folder.FileOf(RecordFile.Dataset)))
        {
            hold.Dispose();
            return Present(plan, clock);
        }

        using var space = Workspace.Find(Folder, header) ?? Workspace.Begin(Folder, plan, header);
        fold(space);
        if (space.Plan.IsOnePiece)
            space.Revise(space.Plan.LaidOutAgain(options.Profile, options.Capacity));
        return Make(space, header, clock);
    }

    /// <summary>The dataset's record as far as the options decide it.</summary>
    private DatasetRecord Described
    {
        get
        {
            using var earlier = Earlier();
            return new DatasetPlanner(options, earlier, progress, cancel).Describe(options.Name ?? "", new DatasetTotals(), 0, 0);
        }
    }

    private bool IsBegun => Workspace.PlanIn(Folder.Work) is not null && !options.Restart;

    /// <summary>One run; null where another one changed what stands in OUT before this one kept others out.</summary>
    private PackResult? TryRun(Stopwatch clock)
    {
        // A scan comes before anything is made, since it may find that there is nothing to pack.
        bool isBegun = IsBegun;
        if (new ArrayFolder(Folder.Path) is { IsInUse: true } array && !options.Restart)
            throw new IOException($"{Folder.Path} holds pieces that tasks have made of the plan {array.Read()?.Plan}: finish PLAN -o OUT makes the dataset of them, --restart begins anew");
        var plan = isBegun ? null : Plan();
        if (plan is not null)
            DatasetRun.RequireMemory(options, plan);
        bool isNew = !Directory.Exists(Folder.Work);
        if (plan is not null && isNew)
            RequireRoom(plan, 0);
        using var hold = folders.Hold();
        if (File.Exists(Folder.FileOf(RecordFile.Dataset)) || isBegun != IsBegun)
            return null;
        if (plan is not null && !isNew)
        {
            BeginAnew();
            RequireRoom(plan, 0);
        }

        var (space, header) = Open(plan);
        using (space)
        {
            if (space.IsResumed)
                options.Resumed($"going on with what was begun before ({space.Finished.Count} of {space.Plan.Pieces.Count} data pieces are finished); --restart begins anew");
            return Make(space, header, clock);
        }
    }

    private PackResult Make(Workspace space, PlanHeader header, Stopwatch clock)
    {
        PackResult result;
        using var handOver = new PieceHandOver(options, Folder, cancel);
        using (var log = new RunLog(Folder, progress, options.Threads, options.Remote is null ? options.Sources : header.Sources))
        using (var run = new DatasetRun(options, space, header, folders, handOver, progress, cancel))
        {
            try
            {
                var (dataset, pieces) = run.Make();
                log.Done(space.Plan.Tree);
                space.Dispose();
                options.Target?.Publish(pieces);
                folders.Clear();
                result = new PackResult(dataset, pieces, space.Plan.Tree.Skipped, false, clock.Elapsed, run.Times, DatasetTotals.OfKept(space.Plan.Tree));
            }
            catch (PlanOutdatedException)
            {
                folders.Clear();
                throw;
            }
            catch (SourceChangedException e)
            {
                throw new IOException($"{e.Message}; to go on with its new state, run the command again with --on-change retry, or begin anew with --restart");
            }
        }

        handOver.Finish();
        return result with { Elapsed = clock.Elapsed };
    }

    /// <summary>Puts the records of a finished dataset beside its pieces, where a run was ended before it did so.</summary>
    public void Publish(IReadOnlyList<PieceRecord> pieces)
    {
        if (options.Target is null)
            return;
        using var hold = folders.Hold();
        options.Target.Publish(pieces);
        options.Target.Clear();
    }

    /// <summary>Hands on the pieces of a finished dataset that have not been.</summary>
    public void HandOn(IReadOnlyList<PieceRecord> pieces)
    {
        var before = new HandedOn(Folder);
        if (!options.HandsOn || pieces.All(piece => before.Contains(piece.PieceCid)))
            return;
        using var hold = folders.Hold();
        using var handOver = new PieceHandOver(options, Folder, cancel);
        for (int i = 0; i < pieces.Count; i++)
        {
            if (handOver.Claim(pieces[i]))
                handOver.Take(i, pieces[i]);
        }

        handOver.Finish();
    }

    private (Workspace Space, PlanHeader Header) Open(PackPlan? plan)
    {
        var described = Described;
        var wanted = new PlanHeader(options.SourceNames, described, described, []);
        if (plan is not null)
        {
            wanted = wanted with { Dataset = plan.Dataset, DagSizes = plan.DagSizes };
            return (Workspace.Begin(Folder, plan, wanted), wanted);
        }

        var space = Workspace.Find(Folder, wanted)!;
        try
        {
            if (space.Plan.IsOnePiece)
                space.Revise(space.Plan.LaidOutAgain(options.Profile, options.Capacity));
            var handedOn = new HandedOn(Folder);
            long gone = space.Finished.Values.Where(piece => handedOn.Contains(piece.PieceCid)).Sum(piece => piece.CarSize);
            RequireRoom(space.Plan, folders.Unfinished + space.Finished.Values.Sum(piece => piece.Inline ? LinkedFile.Length(Folder.FileOf(StoredPiece.NameOf(piece))) : piece.CarSize), gone);
            DatasetRun.RequireMemory(options, space.Plan);
            return (space, wanted with { Dataset = space.Plan.Dataset, DagSizes = space.Plan.DagSizes });
        }
        catch (PlanOutdatedException)
        {
            // Or the next try would find the same plan, with the same files changed.
            space.Dispose();
            folders.Clear();
            throw;
        }
        catch
        {
            space.Dispose();
            throw;
        }
    }

    /// <summary>Throws away what a broken-off run left: its finished pieces too, which no manifest names.</summary>
    public void BeginAnew()
    {
        if (Workspace.PlanIn(Folder.Work) is { } && options.Restart)
        {
            try
            {
                foreach (string car in new Leftovers(Folder).PieceNames())
                    folders.Remove(car);
            }
            catch (Exception e) when (e is IOException or MalformedDataException)
            {
                // Beginning anew is the way out of a damaged journal.
                options.Warn($"{e.Message}; pieces that the run before this one finished may be left in {Folder.Path}");
            }
        }

        var array = new ArrayFolder(Folder.Path);
        if (array.IsInUse)
        {
            array.RequireIdle();
            foreach (string car in array.PieceNames())
                folders.Remove(car);
            array.Clear();
        }

        folders.Clear();
    }

    private EarlierVersion? Earlier() => options.Previous is { } previous ? new EarlierVersion(previous, options.Profile) : null;

    /// <summary>About what the records of the entries take: their paths, and the rest of a line.</summary>
    private static long RecordRoom(SourceTree tree)
    {
        const int Line = 360;
        long bytes = 0;
        int[] paths = new int[tree.Count];
        for (int i = 1; i < tree.Count; i++)
        {
            paths[i] = paths[tree[i].Parent] + tree[i].Name.Length + 1;
            bytes += Line + paths[i];
        }

        return bytes;
    }

    /// <param name="there">Bytes of it that were made already.</param>
    /// <param name="gone">Those of them that were handed on.</param>
    private void RequireRoom(PackPlan plan, long there, long gone = 0)
    {
        long free = folders.FreeSpace;
        // What goes to a target takes room for its trees alone.
        long cars = plan.Pieces.Select(piece => piece.CarSize).Concat(plan.DagSizes).Sum(size => Math.Max(size, options.LeastCarSize));
        long holes = options.Inline || options.Remote is not null ? 0 : HolesOf(plan.Tree);
        folders.Reserve = holes == 0;
        // Around each leaf a little of a hole is written.
        long written = options.Target is not null ? 0 : (options.Inline ? InlineRoom(plan) : cars - (holes / 20 * 19)) - there;
        long atOnce = Math.Min(written, options.MaxStaged is { } most ? Math.Max(0, most - (there - gone)) : long.MaxValue);
        long needed = atOnce + (cars / SubTreeHasher.SegmentRaw * 32) + RecordRoom(plan.Tree) + (1 << 16);
        if (free < needed)
            throw new IOException($"too little room in {Folder.Path}: {needed} bytes are needed, {free} are free");
    }

    /// <summary>About what is stored of inline data pieces, and of dag pieces, which are CARs.</summary>
    private long InlineRoom(PackPlan plan)
    {
        var (all, kept) = (DatasetTotals.Of(plan.Tree), DatasetTotals.OfKept(plan.Tree));
        long stripped = plan.Pieces.Sum(piece => piece.CarSize) - (all.Bytes - kept.Bytes);
        return Math.Max(0, stripped) + InlineWriter.RoomFor(plan.Tree) + plan.DagSizes.Sum(size => Math.Max(size, options.LeastCarSize));
    }

    /// <summary>Bytes of large files that are holes, and will be holes in the pieces.</summary>
    private static long HolesOf(SourceTree tree)
    {
        const long Large = 16 << 20;
        long holes = 0;
        for (int i = 0; i < tree.Count; i++)
        {
            if (tree[i].Kind == EntryKind.File && tree[i].Size >= Large && !tree[i].IsKept)
                holes += Posix.Holes(tree.Location(i), tree[i].Size);
        }

        return holes;
    }
}
