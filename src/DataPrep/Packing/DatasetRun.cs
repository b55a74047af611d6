using System.Diagnostics.CodeAnalysis;
using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>
/// Makes the pieces of a planned dataset: the data pieces, several at once; then those of files that changed meanwhile;
/// at last the dataset DAG.
/// </summary>
internal sealed class DatasetRun : IDisposable
{
    private readonly PackOptions options;
    private readonly PackPlan plan;
    private readonly PieceFolders folders;
    private readonly PackProgress progress;
    private readonly CancellationToken cancel;
    private readonly ChangedFiles changed;
    private readonly List<CutRound> rounds = [];
    private readonly SortedDictionary<int, PieceRecord> finished = [];
    private readonly PackedEntries entries;
    private readonly ISourceReader reader;

    /// <param name="changed">What is known of changes already.</param>
    public DatasetRun(PackOptions options, PackPlan plan, ChangedFiles changed, PieceFolders folders, PackProgress progress, CancellationToken cancel)
    {
        (this.options, this.plan, this.changed, this.folders, this.progress, this.cancel) = (options, plan, changed, folders, progress, cancel);
        rounds.Add(new CutRound(0, PartialTree.Whole(plan.Tree), plan.Pieces, 0));
        entries = new PackedEntries(folders.Main, plan.Tree, options.Profile);
        bool isLarge = plan.Dataset.Bytes > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        reader = options.Reader?.Invoke(plan.Tree) ?? new LocalReader(plan.Tree, options.InputIo, options.DropBehind ?? isLarge);
    }

    /// <summary>What the workers' time went into.</summary>
    public StageClock Times { get; } = new();

    private SourceTree Tree => plan.Tree;

    private UnixFsProfile Profile => options.Profile;

    /// <summary>Makes all pieces and records.</summary>
    /// <exception cref="SourceChangedException">A file changed, and the run is to end then.</exception>
    /// <exception cref="PlanOutdatedException">A file changed of a dataset that is one piece.</exception>
    public (DatasetRecord Dataset, IReadOnlyList<PieceRecord> Pieces) Make()
    {
        progress.Begin(plan.CarSize);
        for (int round = 0; round < rounds.Count; round++)
        {
            while (!TryMakeRound(rounds[round]))
            {
            }

            if (changed.AnyIn(round + 1))
                rounds.Add(CutChanged(round + 1));
        }

        if (Tree[0].Kind == EntryKind.Removed)
            throw new SourceException(Tree.Skipped[^1].Detail, Tree.Location(0));
        var whole = plan.Whole;
        var dagPieces = new List<PieceRecord>();
        if (!plan.IsOnePiece)
            whole = MakeDag(dagPieces);
        var writer = new DatasetWriter(folders.Main, plan, rounds, changed, entries, whole!, options.Threads);
        var pieces = finished.Values.Concat(dagPieces).DistinctBy(piece => piece.PieceCid).ToList();
        var dataset = writer.Write(pieces, finished.ToDictionary(piece => piece.Key, piece => piece.Value.PieceCid));
        entries.Delete();
        return (dataset, pieces);
    }

    /// <summary>Says before anything is written that a run would take more memory than it may.</summary>
    /// <exception cref="UsageException">It would.</exception>
    public static void RequireMemory(PackOptions options, PackPlan plan) =>
        _ = Slabs(options, plan.Whole is { } whole ? SlabDemand.Of(whole) : SlabDemand.Of(new CutRound(0, PartialTree.Whole(plan.Tree), plan.Pieces, 0), options.Profile), false);

    public void Dispose()
    {
        reader.Dispose();
        entries.Dispose();
    }

    /// <summary>Makes the pieces of a round that are not there yet; false where files changed on the way.</summary>
    private bool TryMakeRound(CutRound round)
    {
        try
        {
            var slabs = Slabs(round);
            using var engine = new SlabEngine(slabs, cancel, options.Threads) { ReadInTurn = options.ReadInTurn };
            var jobs = new Dictionary<PieceJob, (int Number, PieceFile File)>();
            try
            {
                engine.Run(Jobs(round, slabs, jobs), piece => Finish(piece, jobs));
            }
            finally
            {
                Times.Add(engine.Times);
                foreach (var (_, file) in jobs.Values)
                    file.Dispose();
            }

            return true;
        }
        catch (SourceChangedException change) when (options.OnChange != OnChange.Fail)
        {
            changed.Take(change, plan.IsOnePiece ? 0 : round.Number + 1);
            if (plan.IsOnePiece && Tree[0].Kind != EntryKind.Removed)
                throw new PlanOutdatedException();
            entries.Forget(change.Entry);
            return false;
        }
    }

    private IEnumerable<PieceJob> Jobs(CutRound round, SlabPlan slabs, Dictionary<PieceJob, (int Number, PieceFile File)> jobs)
    {
        for (int i = 0; i < round.Pieces.Count; i++)
        {
            int number = round.FirstPiece + i;
            lock (finished)
            {
                if (finished.ContainsKey(number))
                    continue;
            }

            if (PartOf(round, i) is not { IsEmpty: false } part)
                continue;
            var layout = ReferenceEquals(part.Tree, Tree) && plan.Whole is { } whole ? whole : PieceLayout.Create(part.Tree, Profile);
            long fileSize = Math.Max(layout.CarSize, options.LeastCarSize);
            var file = folders.Create(number, $"piece-{number}.car", fileSize, options.OutputIo);
            var job = new PieceJob(layout, slabs, reader, file, progress, part, fileSize);
            lock (jobs)
                jobs.Add(job, (number, file));
            yield return job;
        }
    }

    private PartialTree PartOf(CutRound round, int piece)
    {
        var range = round.Pieces[piece];
        Func<int, bool>? takes = changed.IsEmpty ? null : i => changed.Takes(round.Part.Origin(i), round.Number);
        return PartialTree.Of(round.Tree, Profile, range.Begin, range.End, takes).Within(round.Part);
    }

    /// <summary>Called by the workers of the engine, for one piece at a time each.</summary>
    private void Finish(PackedPiece piece, Dictionary<PieceJob, (int Number, PieceFile File)> jobs)
    {
        using (piece)
        {
            (int Number, PieceFile File) made;
            lock (jobs)
                _ = jobs.Remove(piece.Job, out made);
            using (made.File)
            {
                entries.Take(piece);
                var record = Record(piece.Root, piece.Commitment, piece.Layout.CarSize, "data", piece.Layout.FileCount);
                Place(made.File, record, piece.Commitment, piece.Nodes);
                lock (finished)
                    finished.Add(made.Number, record);
            }
        }
    }

    private void Place(PieceFile file, PieceRecord record, PieceCommitment commitment, byte[] nodes)
    {
        folders.Main.Write(record.PieceCid + ".tree", new TreeSidecar(commitment, nodes).Write);
        file.Place(record.CarFile);
        folders.Link(file, record.CarFile);
    }

    private static PieceRecord Record(Cid root, PieceCommitment commitment, long payloadSize, string kind, long files)
    {
        string cid = commitment.CidV1.ToString();
        return new PieceRecord
        {
            PieceCid = cid,
            PieceCidV2 = commitment.CidV2.ToString(),
            PieceSize = commitment.PieceSize,
            RootCid = root.ToString(),
            CarSize = Math.Max(payloadSize, commitment.PayloadSize),
            CarFile = cid + ".car",
            Kind = kind,
            Files = files,
            PayloadSize = payloadSize,
        };
    }

    private CutRound CutChanged(int number)
    {
        var part = PartialTree.Of(Tree, Profile, PlanPoint.Start, PlanPoint.End(Tree), i => changed.Takes(i, number));
        var pieces = PieceCutter.Cut(part.Tree, Profile, options.Cut, cancel);
        progress.More(pieces.Sum(piece => piece.CarSize));
        return new CutRound(number, part, pieces, rounds[^1].FirstPiece + rounds[^1].Pieces.Count);
    }

    private PieceLayout MakeDag(List<PieceRecord> records)
    {
        var cut = rounds.SelectMany(round => round.CutFiles.Where(file => changed.Takes(file, round.Number))).ToHashSet();
        var dag = new DatasetDag(Tree, Profile, cut);
        using var writer = new DagWriter(
            dag.Measure(options.Capacity),
            dag.HeaderLength,
            Profile,
            (number, size) => folders.Create(rounds[^1].FirstPiece + rounds[^1].Pieces.Count + number, $"dag-{number}.car", Math.Max(size, options.LeastCarSize), options.OutputIo),
            (file, packed) =>
            {
                records.Add(Record(packed.Root, packed.Commitment, packed.PayloadSize, "dag", 0));
                Place(file, records[^1], packed.Commitment, packed.Nodes);
            },
            progress,
            cancel);
        dag.Emit(entries, writer);
        writer.Clock.Enter(Stage.Wait);
        Times.Add(writer.Clock);
        return dag.Whole;
    }

    private SlabPlan Slabs(CutRound round)
    {
        var plan = Slabs(options, this.plan.Whole is { } whole ? SlabDemand.Of(whole) : SlabDemand.Of(round, Profile), folders.IsOnDevice);
        options.Detail($"{round.Pieces.Count} pieces; {plan.Threads} workers of which {Math.Min(plan.Threads, options.Threads)} hash at once, slabs of {plan.PaddedSize} padded bytes, SHA-256 by {Sha256Kernels.Current.Name}");
        return plan;
    }

    /// <param name="onDevice">Whether workers wait for a device, so that more than those that hash are of use.</param>
    private static SlabPlan Slabs(PackOptions options, in SlabDemand demand, bool onDevice)
    {
        int others = onDevice ? Math.Clamp(options.Threads / 2, 2, 8) : 0;
        try
        {
            return SlabPlan.Choose(demand, options.Threads + others, options.Memory, options.SlabSize);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }
}

/// <summary>A file of a dataset that is one piece changed, and the plan is to be made again with its new state.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Caught where it is meant for")]
internal sealed class PlanOutdatedException : Exception;
