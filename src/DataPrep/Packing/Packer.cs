using System.Diagnostics;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>The main job: scan, cut, pack, record.</summary>
internal sealed class Packer(PackOptions options, PackProgress progress, CancellationToken cancel)
{
    private readonly PieceFolders folders = new([options.Output.Length > 0 ? options.Output : "/", .. options.MoreOutputs]);

    private OutputFolder Folder => folders.Main;

    /// <summary>Scans and cuts without touching OUT.</summary>
    /// <exception cref="UsageException">The options make no sense, or something does not fit in a piece.</exception>
    /// <exception cref="SourceException">A source is missing or unreadable.</exception>
    public PackPlan Plan()
    {
        Check();
        using var earlier = Earlier();
        return new DatasetPlanner(options, earlier, progress, cancel).Plan();
    }

    /// <summary>Packs into OUT, going on from where a run of the same command was broken off. Where OUT holds this dataset already, says so.</summary>
    /// <exception cref="IOException">OUT cannot be written, has too little room, or holds another dataset.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing stands under a final name that is not complete.</exception>
    public PackResult Run()
    {
        if (options.Input is not null)
            return new StreamPacker(this, options, folders, progress, cancel).Run();
        var clock = Stopwatch.StartNew();
        Check();
        while (true)
        {
            if (File.Exists(Folder.FileOf(RecordFile.Dataset)))
            {
                var planned = Plan();
                var present = new PresentDataset(Folder);
                present.RequireSame(planned);
                var pieces = present.RequireWhole();
                HandOn(pieces);
                return new PackResult(present.Dataset, pieces, planned.Tree.Skipped, true, clock.Elapsed, new StageClock(), DatasetTotals.OfKept(planned.Tree));
            }

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

    private bool IsBegun => Workspace.PlanIn(Folder.Work) is not null && !options.Restart;

    /// <summary>One run; null where another one changed what stands in OUT before this one kept others out.</summary>
    private PackResult? TryRun(Stopwatch clock)
    {
        // A scan comes before anything is made, since it may find that there is nothing to pack.
        bool isBegun = IsBegun;
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
        PackResult result;
        using var handOver = new PieceHandOver(options, Folder, cancel);
        using (space)
        {
            if (space.IsResumed)
                options.Note($"going on with what was begun before ({space.Finished.Count} of {space.Plan.Pieces.Count} data pieces are finished); --restart begins anew");
            using var run = new DatasetRun(options, space, header, folders, handOver, progress, cancel);
            try
            {
                var (dataset, pieces) = run.Make();
                space.Dispose();
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

    /// <summary>Hands on the pieces of a finished dataset that have not been.</summary>
    public void HandOn(IReadOnlyList<PieceRecord> pieces)
    {
        var before = new HandedOn(Folder);
        if (options.OnPiece is null || pieces.All(piece => before.Contains(piece.PieceCid)))
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
        using var earlier = Earlier();
        var described = new DatasetPlanner(options, earlier, progress, cancel).Describe(options.Name ?? "", new DatasetTotals(), 0, 0);
        var wanted = new PlanHeader([.. options.Sources.Select(Path.GetFullPath)], described, described, []);
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
            RequireRoom(space.Plan, folders.Unfinished + space.Finished.Values.Sum(piece => piece.CarSize), gone);
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

        folders.Clear();
    }

    private EarlierVersion? Earlier() => options.Previous is { } previous ? new EarlierVersion(previous, options.Profile) : null;

    /// <summary>Refuses options that make no sense.</summary>
    /// <exception cref="UsageException">They do not.</exception>
    public void Check()
    {
        if (Problem() is { } problem)
            throw new UsageException(problem);
        if (options.Output.Length > 0)
            RefuseOutputInSource();
    }

    private string? Problem()
    {
        if (options.Profile.Problem() is { } problem)
            return problem;
        if (!IsPieceSize(options.PieceSize))
            return "--piece-size must be a power of two from 1MiB to 64GiB";
        if (options.LeastPieceSize != 0 && (!IsPieceSize(options.LeastPieceSize) || options.LeastPieceSize > options.PieceSize))
            return "--min-piece-size must be a power of two from 1MiB to --piece-size";
        if (options.LargestCarSize is <= 0)
            return "--max-car-size must be more than nothing";
        if (options.OnPiece is { } command && string.IsNullOrWhiteSpace(command))
            return "--on-piece: the command is empty";
        if (options.MaxStaged is not null && options.OnPiece is null)
            return "--max-staged needs --on-piece: else no piece ever leaves";
        if (options.MaxStaged < Math.Max(options.Capacity, options.LeastCarSize))
            return $"--max-staged must have room for the largest piece, {Math.Max(options.Capacity, options.LeastCarSize)} bytes; choose a smaller --piece-size or more room";
        if (options.Checksum && options.Previous is null)
            return "--checksum needs --previous: it says how what is unchanged is told";
        if (options.Previous is { } previous && options.Output.Length > 0 && Path.GetFullPath(previous) == Folder.Path)
            return "--previous: the earlier version is in OUT itself; choose another folder for the new one";
        if (options.MaxRate is <= 0)
            return "--max-rate must be more than nothing";
        return options.Threads < 1 ? "--threads must be at least 1" : null;
    }

    private static bool IsPieceSize(long size) => size is >= PackOptions.SmallestPieceSize and <= PackOptions.LargestPieceSize && long.IsPow2(size);

    private void RefuseOutputInSource()
    {
        var outputs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string named in (string[])[options.Output, .. options.MoreOutputs])
        {
            byte[] output = ResolvedOutput(named);
            foreach (string source in options.Sources)
            {
                byte[] path = PathText.FromArgument(source);
                if (Posix.StatPath(path, out var stamp) != 0 || stamp.Type != Posix.S_IFDIR || Posix.RealPath(path, out _) is not { } folder)
                    continue;
                if (output.AsSpan().StartsWith(folder) && (output.Length == folder.Length || folder[^1] == '/' || output[folder.Length] == '/'))
                    throw new UsageException($"{PathText.Quote(named)}: OUT is inside the source {PathText.Quote(source)}, so that packing would change what is packed; choose a folder outside");
            }

            if (!outputs.TryAdd(Convert.ToHexString(output), named))
                throw new UsageException($"-o: {PathText.Quote(outputs[Convert.ToHexString(output)])} and {PathText.Quote(named)} are one folder");
        }
    }

    /// <summary>The canonical path that a folder has, or will have once made.</summary>
    private static byte[] ResolvedOutput(string named)
    {
        string existing = Path.TrimEndingDirectorySeparator(Path.GetFullPath(named)), rest = "";
        byte[]? real;
        while ((real = Posix.RealPath(PathText.FromArgument(existing), out _)) is null && Path.GetDirectoryName(existing) is { } parent)
            (existing, rest) = (parent, Path.Join(Path.GetFileName(existing), rest));
        return rest.Length == 0 ? real! : PathText.Join(real!, PathText.FromArgument(rest.TrimEnd('/')));
    }

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
        long cars = plan.Pieces.Select(piece => piece.CarSize).Concat(plan.DagSizes).Sum(size => Math.Max(size, options.LeastCarSize));
        long holes = HolesOf(plan.Tree);
        folders.Reserve = holes == 0;
        // Around each leaf a little of a hole is written.
        long written = cars - (holes / 20 * 19) - there;
        long atOnce = Math.Min(written, options.MaxStaged is { } most ? Math.Max(0, most - (there - gone)) : long.MaxValue);
        long needed = atOnce + (cars / SubTreeHasher.SegmentRaw * 32) + RecordRoom(plan.Tree) + (1 << 16);
        if (free < needed)
            throw new IOException($"too little room in {Folder.Path}: {needed} bytes are needed, {free} are free");
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
