using System.Diagnostics;
using DataPrep.Hashing;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>The main job for one stream: begin or go on, pack, record.</summary>
internal sealed class StreamPacker(DatasetPacker packer, PackOptions options, PieceFolders folders, PackCounters progress, CancellationToken cancel)
{
    private readonly string name = options.Name ?? StreamTree.DefaultName;

    private readonly DatasetPlanner planner = new(options, null, progress, cancel);

    private OutputFolder Folder => folders.Main;

    private UnixFsProfile Profile => options.Profile;

    /// <inheritdoc cref="DatasetPacker.Run"/>
    public PackResult Run()
    {
        var clock = Stopwatch.StartNew();
        OptionCheck.Require(options);
        options.Target?.Begin(Folder);
        _ = options.Slabs(SlabDemand.OfStream(Profile, options.Capacity), options.SlabSize, false);
        while (true)
        {
            if (File.Exists(Folder.FileOf(RecordFile.Dataset)))
                return Compare(clock);
            if (TryRun(clock) is { } result)
                return result;
        }
    }

    /// <summary>One run; null where another one finished a dataset in OUT before this one kept others out.</summary>
    private PackResult? TryRun(Stopwatch clock)
    {
        using var hold = folders.Hold();
        if (File.Exists(Folder.FileOf(RecordFile.Dataset)))
            return null;
        bool isBegun = Workspace.PlanIn(Folder.Work) is not null && !options.Restart;
        if (!isBegun)
            packer.BeginAnew();
        var dataset = Describe(0);
        var header = new PlanHeader([StreamTree.Source], planner.Describe(options.Name ?? "", new DatasetTotals(), 0, 0), dataset, []);
        PackResult result;
        using var handOver = new PieceHandOver(options, Folder, cancel);
        using (var space = isBegun ? Workspace.Find(Folder, header)! : Workspace.Begin(Folder, new PackPlan(Tree(0), [], [], dataset, null), header))
        {
            if (space.IsResumed)
                options.Resumed($"going on with what was begun before ({space.Finished.Count} data pieces are finished): the stream has to come from its beginning again, and is held against that; --restart begins anew");
            using var log = new RunLog(Folder, progress, options.Threads, null);
            using var run = new StreamRun(options, name, planner.Plan, space, folders, handOver, progress, cancel);
            try
            {
                var (written, pieces) = run.Make();
                log.Done(space.Plan.Tree);
                space.Dispose();
                options.Target?.Publish(pieces);
                folders.Clear();
                result = new PackResult(written, pieces, [], false, clock.Elapsed, run.Times, default);
            }
            catch (PieceTooSmallException e)
            {
                // Nothing is made yet, and what is begun is in the way of other options.
                if (!run.HasPieces)
                {
                    space.Dispose();
                    folders.Clear();
                }

                throw DatasetPlanner.TooSmall(e);
            }
        }

        handOver.Finish();
        return result with { Elapsed = clock.Elapsed };
    }

    /// <summary>Holds the stream against the dataset that OUT has already.</summary>
    /// <exception cref="IOException">It is another.</exception>
    private PackResult Compare(Stopwatch clock)
    {
        var present = new PresentDataset(Folder);
        long size = present.Dataset.Bytes;
        present.RequireSame(new PackPlan(Tree(size), [], [], Describe(size), null));
        var pieces = present.RequireWhole(options.Target);
        var record = RecordFile.ReadLines(Folder.FileOf(RecordFile.Files), RecordJson.Default.FileRecord).First().Record;
        if (CidOf(size) != record.Cid)
            throw new IOException($"{Folder.Path} holds another dataset, '{present.Dataset.Name}' with root {present.Dataset.RootCid}: standard input has other content; choose another folder, or remove what is in it");
        packer.Publish(pieces);
        packer.HandOn(pieces);
        return new PackResult(present.Dataset, pieces, [], true, clock.Elapsed, new StageClock(), default);
    }

    /// <summary>The CID that the stream gets as a file of a certain size; null where it is of another.</summary>
    private string? CidOf(long size)
    {
        progress.Begin(size);
        using var window = new StreamWindow(options.Input!(), 16L << 20);
        using var wake = cancel.Register(window.Wake);
        using var hasher = new StreamLeaves(window, Profile, window.Release, null);
        var leaves = new FileLeaves(Profile, size, default, 0);
        using var digests = new DigestTable(leaves.Count);
        try
        {
            hasher.Hash(leaves, 0, 0, leaves.Count, Take, cancel);
        }
        catch (StreamEndedException)
        {
            return null;
        }

        if (window.Reaches(size + 1, cancel, out _))
            return null;
        Span<byte> root = digests[0];
        if (leaves.Count > 1)
            new BalancedFile(Profile, size, default).Emit(digests, 0, new DigestOnly(), root = new byte[DigestTable.RowSize]);
        return Profile.CidOf(leaves.Count == 1 && Profile.RawLeaves, root).ToString();

        void Take(long first, ReadOnlySpan<byte> found)
        {
            int count = found.Length / DigestTable.RowSize;
            found.CopyTo(digests.Rows(first, count));
            progress.Add(count * (long)Profile.ChunkSize);
        }
    }

    private SourceTree Tree(long size) => StreamTree.Of(name, options.Scan.Wrap, size);

    private DatasetRecord Describe(long size) => planner.Describe(name, DatasetTotals.Of(Tree(size)), 0, 0);
}
