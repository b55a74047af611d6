using DataPrep.Ipld;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>Scans a source and cuts it into pieces, without touching OUT.</summary>
/// <param name="earlier">The version whose unchanged content is kept; null where there is none.</param>
internal sealed class DatasetPlanner(PackOptions options, EarlierVersion? earlier, PackCounters progress, CancellationToken cancel)
{
    /// <exception cref="UsageException">Something does not fit in a piece.</exception>
    /// <exception cref="SourceException">A source is missing or unreadable.</exception>
    public PackPlan Plan()
    {
        var plan = Plan(Scan());
        options.Planned(plan);
        return plan;
    }

    /// <summary>Cuts what was scanned.</summary>
    /// <exception cref="UsageException">Something does not fit in a piece.</exception>
    public PackPlan Plan(SourceTree tree)
    {
        try
        {
            LargeGarbage.Collect();
            var totals = DatasetTotals.Of(tree);
            if (earlier is not null && KeepUnchanged(tree, totals, earlier))
                return CutRest(tree, totals);
            // A dataset that fits in one piece, as most do, needs no cutting.
            if (totals.Bytes <= options.Capacity && PieceLayout.Create(tree, options.Profile) is var whole && whole.CarSize <= options.Capacity)
                return new PackPlan(tree, [new PieceRange(PlanPoint.Start, PlanPoint.End(tree), whole.CarSize)], [], Describe(NameOf(tree), totals, 1, tree.Skipped.Count), whole);
            var pieces = PieceCutter.Cut(tree, options.Profile, options.Cut, cancel);
            return pieces.Count == 1 ? new PackPlan(tree, pieces, [], Describe(NameOf(tree), totals, 1, tree.Skipped.Count), null) : WithDag(tree, totals, pieces);
        }
        catch (PieceTooSmallException e)
        {
            throw TooSmall(e);
        }
    }

    /// <summary>What to say when something does not fit in a piece.</summary>
    public static UsageException TooSmall(PieceTooSmallException e) =>
        new($"{e.Message}; choose a larger --piece-size or --max-car-size, or a smaller --chunk-size");

    private SourceTree Scan()
    {
        using var activity = ObservedRun.Activities.StartActivity("dataprep.scan");
        var tree = options.Remote is { } remote
            ? remote.Scan(options.Scan, progress.Found, cancel)
            : LocalScanner.Scan(options.Sources, options.Scan, cancel, progress.Found, options.Threads);
        _ = activity?.SetTag("dataprep.entries", tree.Count).SetTag("dataprep.skipped", tree.Skipped.Count);
        return tree;
    }

    private PackPlan WithDag(SourceTree tree, in DatasetTotals totals, List<PieceRange> pieces)
    {
        var cutFiles = CutRound.OfPlan(tree, pieces).CutFiles.ToHashSet();
        LargeGarbage.Collect();
        var dag = new DatasetDag(tree, options.Profile, cutFiles).Measure(options.Capacity);
        return new PackPlan(tree, pieces, dag, Describe(NameOf(tree), totals, pieces.Count + dag.Count, tree.Skipped.Count), null);
    }

    /// <summary>Marks what is unchanged since the earlier version.</summary>
    /// <returns>Whether anything is.</returns>
    private bool KeepUnchanged(SourceTree tree, in DatasetTotals totals, EarlierVersion earlier)
    {
        using var inodes = InodeList.Open(earlier.Folder, earlier.Entries);
        if (!options.Checksum)
        {
            if (inodes is null)
                options.Note($"what inodes the files had is not known from {earlier.Folder.Path}: their paths, sizes and times tell which are unchanged");
            earlier.MarkKept(tree, (entry, record, line) => earlier.LooksSame(tree, entry, record, inodes?[line]));
        }
        else
        {
            earlier.MarkKept(tree, (_, _, _) => true);
            using var reader = options.OpenReader(tree, totals.Bytes);
            using var check = new ContentCheck(tree, options.Profile, reader, progress, cancel);
            check.Run(entry => tree[entry].IsKept, round => options.Slabs(SlabDemand.Of(round, options.Profile, keptToo: true), options.SlabSize, false));
            earlier.MarkKept(tree, (entry, record, _) => Cid.TryParse(record.Cid, out var cid) && cid.Digest.SequenceEqual(check[entry]));
        }

        for (int i = 0; i < tree.Count; i++)
        {
            if (tree[i].IsKept)
                return true;
        }

        return false;
    }

    /// <summary>Cuts what is not kept, as a tree of its own.</summary>
    private PackPlan CutRest(SourceTree tree, in DatasetTotals totals)
    {
        var rest = PartialTree.Of(tree, options.Profile, PlanPoint.Start, PlanPoint.End(tree), i => !tree[i].IsKept);
        var pieces = rest.IsEmpty ? [] : PieceCutter.Cut(rest.Tree, options.Profile, options.Cut, cancel);
        return WithDag(tree, totals, [.. pieces.Select(piece => new PieceRange(InWhole(piece.Begin), InWhole(piece.End), piece.CarSize))]);

        PlanPoint InWhole(PlanPoint point) => point.Entry == rest.Tree.Count ? PlanPoint.End(tree) : new PlanPoint(rest.Origin(point.Entry), point.Leaf);
    }

    private string NameOf(SourceTree tree) => options.Name ?? PathText.Show(DatasetName(tree));

    /// <summary>The record of a dataset, as far as it is known before it is packed.</summary>
    public DatasetRecord Describe(string name, in DatasetTotals totals, int pieces, int skipped)
    {
        var profile = options.Profile;
        return new DatasetRecord
        {
            RootCid = "",
            Name = name,
            Profile = profile.Name,
            ChunkSize = profile.ChunkSize,
            MaxLinks = profile.MaxLinks,
            PieceSize = options.PieceSize,
            MaxCarSize = options.LargestCarSize,
            MinPieceSize = options.LeastPieceSize == 0 ? null : options.LeastPieceSize,
            KeepFilesWhole = options.KeepFilesWhole,
            Balance = options.Balance,
            Inline = options.Inline,
            Sha256 = options.Sha256,
            Files = totals.Files,
            Directories = totals.Directories,
            Bytes = totals.Bytes,
            Pieces = pieces,
            Skipped = skipped,
            Tool = Product.Tool,
            Previous = earlier?.Dataset.RootCid,
            Links = totals.Links,
            CidVersion = profile.CidVersion,
            RawLeaves = profile.RawLeaves,
            HamtThreshold = profile.HamtThreshold,
            HamtFanout = profile.HamtFanout,
            HamtEstimation = EstimationName(profile),
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

    /// <summary>How the record names a profile's way of telling which folders are sharded.</summary>
    public static string EstimationName(UnixFsProfile profile) => profile.HamtEstimation == HamtEstimation.BlockBytes ? "block-bytes" : "links-bytes";
}
