using System.Diagnostics;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

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
        if (Problem() is { } problem)
            throw new UsageException(problem);
        if (options.Output.Length > 0)
            RefuseOutputInSource();
        var tree = LocalScanner.Scan(options.Sources, options.Scan, cancel, progress.Found, options.Threads);
        return Cut(tree);
    }

    /// <summary>Packs into OUT. Where OUT holds this dataset already, says so.</summary>
    /// <exception cref="IOException">OUT cannot be written, has too little room, or holds another dataset.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing stands under a final name that is not complete.</exception>
    public PackResult Run()
    {
        var clock = Stopwatch.StartNew();
        var plan = Plan();
        if (File.Exists(Folder.FileOf(RecordFile.Dataset)))
        {
            var present = new PresentDataset(Folder);
            present.RequireSame(plan);
            return new PackResult(present.Dataset, present.RequireWhole(), plan.Tree.Skipped, true, clock.Elapsed, new StageClock());
        }

        DatasetRun.RequireMemory(options, plan);
        using var hold = folders.Hold(() => RequireRoom(plan));
        var changed = new ChangedFiles(plan.Tree, options);
        while (true)
        {
            try
            {
                using var run = new DatasetRun(options, plan, changed, folders, progress, cancel);
                var (dataset, pieces) = run.Make();
                return new PackResult(dataset, pieces, plan.Tree.Skipped, false, clock.Elapsed, run.Times);
            }
            catch (PlanOutdatedException)
            {
                plan = Cut(plan.Tree);
            }
        }
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
        return options.Threads < 1 ? "--threads must be at least 1" : null;
    }

    private static bool IsPieceSize(long size) => size is >= PackOptions.SmallestPieceSize and <= PackOptions.LargestPieceSize && long.IsPow2(size);

    private PackPlan Cut(SourceTree tree)
    {
        try
        {
            // A dataset that fits in one piece, as most do, needs no cutting.
            var totals = DatasetTotals.Of(tree);
            if (totals.Bytes <= options.Capacity && PieceLayout.Create(tree, options.Profile) is var whole && whole.CarSize <= options.Capacity)
                return new PackPlan(tree, [new PieceRange(PlanPoint.Start, PlanPoint.End(tree), whole.CarSize)], [], Describe(tree, totals, 1), whole);
            var pieces = PieceCutter.Cut(tree, options.Profile, options.Cut, cancel);
            var cutFiles = pieces.Where(piece => piece.End.Leaf > 0).Select(piece => piece.End.Entry).ToHashSet();
            var dag = pieces.Count == 1 ? [] : new DatasetDag(tree, options.Profile, cutFiles).Measure(options.Capacity);
            return new PackPlan(tree, pieces, dag, Describe(tree, totals, pieces.Count + dag.Count), null);
        }
        catch (PieceTooSmallException e)
        {
            throw new UsageException($"{e.Message}; choose a larger --piece-size or --max-car-size, or a smaller --chunk-size");
        }
    }

    private DatasetRecord Describe(SourceTree tree, in DatasetTotals totals, int pieces)
    {
        var profile = options.Profile;
        return new DatasetRecord
        {
            RootCid = "",
            Name = options.Name ?? PathText.Show(DatasetName(tree)),
            Profile = profile.Name,
            ChunkSize = profile.ChunkSize,
            MaxLinks = profile.MaxLinks,
            PieceSize = options.PieceSize,
            MaxCarSize = options.LargestCarSize,
            MinPieceSize = options.LeastPieceSize == 0 ? null : options.LeastPieceSize,
            KeepFilesWhole = options.KeepFilesWhole,
            Balance = options.Balance,
            Files = totals.Files,
            Directories = totals.Directories,
            Bytes = totals.Bytes,
            Pieces = pieces,
            Skipped = tree.Skipped.Count,
            Tool = Product.Tool,
            Links = totals.Links,
            CidVersion = profile.CidVersion,
            RawLeaves = profile.RawLeaves,
            HamtThreshold = profile.HamtThreshold,
            HamtFanout = profile.HamtFanout,
            HamtEstimation = profile.HamtEstimation == HamtEstimation.BlockBytes ? "block-bytes" : "links-bytes",
            PreserveMode = profile.PreserveMode,
            PreserveMtime = profile.PreserveMtime,
            Hidden = options.Scan.Hidden,
            EmptyDirs = options.Scan.EmptyDirectories,
            Symlinks = options.Scan.Symlinks,
            Wrap = options.Scan.Wrap,
        };
    }

    // Of several sources, or a wrapped one, the first in order gives its name.
    private static ReadOnlySpan<byte> DatasetName(SourceTree tree) => tree.Name(0).Length == 0 && tree.Count > 1 ? tree.Name(1) : tree.Name(0);

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

    private void RequireRoom(PackPlan plan)
    {
        long free = folders.FreeSpace;
        long cars = plan.Pieces.Select(piece => piece.CarSize).Concat(plan.DagSizes).Sum(size => Math.Max(size, options.LeastCarSize));
        long needed = cars + (cars / SubTreeHasher.SegmentRaw * 32) + RecordRoom(plan.Tree) + (1 << 16);
        if (free < needed)
            throw new IOException($"too little room in {Folder.Path}: {needed} bytes are needed, {free} are free");
    }
}
