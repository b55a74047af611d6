using System.Diagnostics;
using DataPrep.Hashing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>The main job: scan, lay out, pack, record.</summary>
internal sealed class Packer(PackOptions options, PackProgress progress, CancellationToken cancel)
{
    private const int MostAttempts = 3;
    private readonly OutputFolder folder = new(options.Output.Length > 0 ? options.Output : "/");

    /// <summary>Scans and lays out without touching OUT.</summary>
    /// <exception cref="UsageException">The options make no sense.</exception>
    /// <exception cref="SourceException">A source is missing or unreadable.</exception>
    /// <exception cref="PieceOverflowException">The dataset does not fit in one piece.</exception>
    public PackPlan Plan()
    {
        if (options.Profile.Problem() is { } problem)
            throw new UsageException(problem);
        if (options.PieceSize is < PackOptions.LeastPieceSize or > PackOptions.LargestPieceSize || !long.IsPow2(options.PieceSize))
            throw new UsageException("--piece-size must be a power of two from 1MiB to 64GiB");
        if (options.Threads < 1)
            throw new UsageException("--threads must be at least 1");
        if (options.Output.Length > 0)
            RefuseOutputInSource();
        var tree = LocalScanner.Scan(options.Sources, options.Scan, cancel, progress.Found, options.Threads);
        return LayOut(tree);
    }

    /// <summary>Packs into OUT. Where OUT holds this dataset already, says so.</summary>
    /// <exception cref="IOException">OUT cannot be written, has too little room, or holds another dataset.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing stands under a final name that is not complete.</exception>
    public PackResult Run()
    {
        var clock = Stopwatch.StartNew();
        var plan = Plan();
        if (File.Exists(folder.FileOf(RecordFile.Dataset)))
        {
            var present = new PresentDataset(folder);
            present.RequireSame(plan);
            return new PackResult(present.Dataset, present.RequireWhole(), plan.Tree.Skipped, true, clock.Elapsed, new StageClock());
        }

        _ = Slabs(plan.Layout, false);
        using var hold = folder.Hold(() => RequireRoom(plan.Layout));
        var attempts = new Dictionary<int, int>();
        while (true)
        {
            try
            {
                var record = PackOnce(plan);
                clock.Stop();
                return record with { Elapsed = clock.Elapsed };
            }
            catch (SourceChangedException change) when (options.OnChange != OnChange.Fail)
            {
                TakeChange(plan.Tree, change, attempts);
                plan = LayOut(plan.Tree);
            }
        }
    }

    private PackPlan LayOut(SourceTree tree)
    {
        var layout = PieceLayout.Create(tree, options.Profile);
        long capacity = PieceSize.Unpadded(options.PieceSize);
        if (layout.CarSize > capacity)
            throw Overflow(layout, capacity);
        return new PackPlan(tree, layout, Describe(tree, layout));
    }

    private Exception Overflow(PieceLayout layout, long capacity)
    {
        // The least that a piece of this dataset holds: header, one leaf, a folder that links to it.
        long least = layout.HeaderLength + layout.LongestSection + 128;
        return least > capacity
            ? new UsageException($"--piece-size {options.PieceSize} is too small for the chunk size: a piece of {capacity} bytes cannot hold a leaf of {layout.LongestSection} and its folder")
            : new PieceOverflowException($"the dataset needs a CAR of {layout.CarSize} bytes, more than the {capacity} of one piece of {options.PieceSize}; cutting a dataset into several pieces is not there yet: choose a larger --piece-size (at most 64GiB) or pack parts of it");
    }

    private PackResult PackOnce(PackPlan plan)
    {
        var layout = plan.Layout;
        if (layout.Tree[0].Kind == EntryKind.Removed)
            throw new SourceException(plan.Tree.Skipped[^1].Detail, plan.Tree.Location(0));
        using var file = new PieceFile(folder, layout.CarSize, options.OutputIo);
        var slabs = Slabs(layout, file.IsOnDevice);
        options.Detail($"CAR of {layout.CarSize} bytes with {layout.LeafCount} leaves; {slabs.Threads} workers of which {Math.Min(slabs.Threads, options.Threads)} hash at once, slabs of {slabs.PaddedSize} padded bytes, SHA-256 by {Sha256Kernels.Current.Name}");
        using var engine = new SlabEngine(slabs, cancel, options.Threads) { ReadInTurn = options.ReadInTurn };
        progress.Begin(layout.CarSize);
        PackedPiece? made = null;
        using var reader = Reader(plan);
        engine.Run([new PieceJob(layout, slabs, reader, file, progress)], finished => made = finished);
        using var piece = made!;
        var records = new DatasetWriter(folder, plan, piece, options.Threads);
        file.Place(records.Piece.CarFile);
        records.Write();
        return new PackResult(records.Dataset, [records.Piece], plan.Tree.Skipped, false, default, engine.Times);
    }

    private ISourceReader Reader(PackPlan plan)
    {
        bool isLarge = plan.Layout.ContentSize > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        return options.Reader?.Invoke(plan.Tree) ?? new LocalReader(plan.Tree, options.InputIo, options.DropBehind ?? isLarge);
    }

    /// <param name="onDevice">Whether workers wait for a device, so that more than those that hash are of use.</param>
    private SlabPlan Slabs(PieceLayout layout, bool onDevice)
    {
        int others = onDevice ? Math.Clamp(options.Threads / 2, 2, 8) : 0;
        try
        {
            return SlabPlan.Choose(layout, options.Threads + others, options.Memory, options.SlabSize);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private void TakeChange(SourceTree tree, SourceChangedException change, Dictionary<int, int> attempts)
    {
        int attempt = attempts[change.Entry] = attempts.GetValueOrDefault(change.Entry) + 1;
        bool again = options.OnChange == OnChange.Retry && change.Reason == "changed" && attempt <= MostAttempts;
        if (again && Posix.StatPath(tree.Location(change.Entry), out var stamp) == 0 && stamp.Type == Posix.S_IFREG)
        {
            options.Warn($"{change.Message}; packing again with its new state");
            tree.Renew(change.Entry, stamp);
            return;
        }

        options.Warn($"{change.Message}; left out");
        tree.Remove(change.Entry, change.Reason, change.Detail);
    }

    private DatasetRecord Describe(SourceTree tree, PieceLayout layout)
    {
        long files = 0, links = 0, directories = 0;
        for (int i = 0; i < tree.Count; i++)
        {
            files += tree[i].Kind == EntryKind.File ? 1 : 0;
            links += tree[i].Kind == EntryKind.Symlink ? 1 : 0;
            directories += tree[i].Kind == EntryKind.Directory ? 1 : 0;
        }

        var profile = options.Profile;
        return new DatasetRecord
        {
            RootCid = "",
            Name = options.Name ?? PathText.Show(DatasetName(tree)),
            Profile = profile.Name,
            ChunkSize = profile.ChunkSize,
            MaxLinks = profile.MaxLinks,
            PieceSize = options.PieceSize,
            Files = files,
            Directories = directories,
            Bytes = layout.ContentSize,
            Pieces = 1,
            Skipped = tree.Skipped.Count,
            Tool = Product.Tool,
            Links = links,
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
            Selection = SelectionRecord.Of(options.Scan.Selection),
        };
    }

    // Of several sources, or a wrapped one, the first in order gives its name.
    private static ReadOnlySpan<byte> DatasetName(SourceTree tree) => tree.Name(0).Length == 0 && tree.Count > 1 ? tree.Name(1) : tree.Name(0);

    private void RefuseOutputInSource()
    {
        byte[] output = ResolvedOutput();
        foreach (string source in options.Sources)
        {
            byte[] path = PathText.FromArgument(source);
            if (Posix.StatPath(path, out var stamp) != 0 || stamp.Type != Posix.S_IFDIR || Posix.RealPath(path, out _) is not { } folder)
                continue;
            if (output.AsSpan().StartsWith(folder) && (output.Length == folder.Length || folder[^1] == '/' || output[folder.Length] == '/'))
                throw new UsageException($"{PathText.Quote(options.Output)}: OUT is inside the source {PathText.Quote(source)}, so that packing would change what is packed; choose a folder outside");
        }
    }

    /// <summary>The canonical path that OUT has, or will have once made.</summary>
    private byte[] ResolvedOutput()
    {
        string existing = folder.Path, rest = "";
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

    private void RequireRoom(PieceLayout layout)
    {
        string existing = folder.Path;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            existing = parent;
        long free = new DriveInfo(existing).AvailableFreeSpace;
        long needed = layout.CarSize + (layout.CarSize / SubTreeHasher.SegmentRaw * 32) + RecordRoom(layout.Tree) + (1 << 16);
        if (free < needed)
            throw new IOException($"too little room in {folder.Path}: {needed} bytes are needed, {free} are free");
    }
}

/// <summary>The dataset is larger than one piece.</summary>
internal sealed class PieceOverflowException(string message) : IOException(message);
