using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>
/// Makes the pieces of a planned dataset: the data pieces, several at once; then those of files that changed meanwhile;
/// at last the dataset DAG, and the records. Goes on from what the workspace holds.
/// </summary>
internal sealed class DatasetRun : IDisposable
{
    private readonly PackOptions options;
    private readonly Workspace space;
    private readonly PlanHeader header;
    private readonly PieceFolders folders;
    private readonly PieceHandOver handOver;
    private readonly PackCounters progress;
    private readonly CancellationToken cancel;
    private readonly List<CutRound> rounds = [];
    private readonly PackedEntries entries;
    private readonly EarlierVersion? earlier;
    private readonly PiecesInMaking making;
    private readonly ISourceReader reader;
    private readonly RateLimit? rate;
    private readonly bool keepsAny;

    public DatasetRun(PackOptions options, Workspace space, PlanHeader header, PieceFolders folders, PieceHandOver handOver, PackCounters progress, CancellationToken cancel)
    {
        (this.options, this.space, this.header, this.folders, this.handOver, this.progress, this.cancel) = (options, space, header, folders, handOver, progress, cancel);
        rounds.Add(CutRound.OfPlan(Tree, Plan.Pieces));
        entries = new PackedEntries(folders.Main, Tree, options.Profile, space.Finished.Count > 0);
        making = new PiecesInMaking(options, space, folders, handOver, entries, progress, cancel);
        if (options.Previous is { } previous)
        {
            earlier = new EarlierVersion(previous, Profile);
            earlier.Fill(Tree, entries);
        }

        keepsAny = KeepsAny();
        rate = options.MaxRate is { } most ? new RateLimit(most) : null;
        reader = options.OpenReader(Tree, space.Plan.Dataset.Bytes);
    }

    /// <summary>What the workers' time went into.</summary>
    public StageClock Times { get; } = new();

    /// <summary>What packing found out of the entries.</summary>
    public PackedEntries Entries => entries;

    private PackPlan Plan => space.Plan;

    private SourceTree Tree => space.Plan.Tree;

    private ChangedFiles Changed => space.Changed;

    private UnixFsProfile Profile => options.Profile;

    /// <summary>Makes all pieces and records.</summary>
    /// <exception cref="SourceChangedException">A file changed, and the run is to end then.</exception>
    /// <exception cref="PlanOutdatedException">Files changed so that a dataset that was one piece is none any more.</exception>
    public (DatasetRecord Dataset, IReadOnlyList<PieceRecord> Pieces) Make()
    {
        progress.Begin(Plan.CarSize);
        RequireRoot();
        making.TakeFinished();
        for (int round = 0; round < rounds.Count; round++)
        {
            while (!TryMakeRound(rounds[round]))
                RequireRoot();

            // One that a run before this one has cut counts also where all its files have gone on to a later one.
            if (Changed.AnyIn(round + 1) || space.HasRound(round + 1))
                rounds.Add(CutChanged(round + 1));
        }

        RequireRoot();
        var whole = Plan.Whole;
        var dagPieces = new List<PieceRecord>();
        if (!Plan.IsOnePiece)
            whole = MakeDag(dagPieces);
        var writer = new DatasetWriter(folders.Main, Plan, rounds, Changed, entries, whole!, earlier, options.Threads);
        making.RemoveOthers(dagPieces);
        return writer.Write(making.Finished, dagPieces);
    }

    /// <summary>Makes the one data piece of a plan that is a piece's share of a larger one. Of files that changed it is only noted what is decided.</summary>
    /// <returns>Null where all that was to be in it has changed.</returns>
    /// <exception cref="SourceChangedException">A file changed, and the run is to end then.</exception>
    /// <exception cref="PlanOutdatedException">Files changed so that a dataset that was one piece is none any more.</exception>
    public PieceRecord? MakePiece()
    {
        progress.Begin(Plan.Pieces[0].CarSize);
        making.TakeFinished();
        while (!TryMakeRound(rounds[0]))
            progress.Begin(Plan.Pieces[0].CarSize);
        return making.Finished.GetValueOrDefault(0);
    }

    /// <summary>Says before anything is written that a run would take more memory than it may.</summary>
    /// <exception cref="UsageException">It would.</exception>
    public static void RequireMemory(PackOptions options, PackPlan plan) =>
        _ = options.Slabs(plan.Whole is { } whole ? SlabDemand.Of(whole) : SlabDemand.Of(CutRound.OfPlan(plan.Tree, plan.Pieces), options.Profile), options.SlabSize, false);

    public void Dispose()
    {
        reader.Dispose();
        entries.Dispose();
        earlier?.Dispose();
        making.Dispose();
    }

    /// <exception cref="SourceException">The one file that the source was is left out.</exception>
    private void RequireRoot()
    {
        if (Tree[0].Kind == EntryKind.Removed)
            throw new SourceException($"{Tree.Skipped[^1].Detail}; it is left out, and there is nothing else to pack: --restart begins anew", options.Remote is { } remote ? PathText.FromArgument(remote.Names[0]) : Tree.Location(0));
    }

    /// <summary>Makes the pieces of a round that are not there yet; false where files changed on the way.</summary>
    private bool TryMakeRound(CutRound round)
    {
        try
        {
            var slabs = options.SlabsOfRun(Plan.Whole is { } whole ? SlabDemand.Of(whole) : SlabDemand.Of(round, Profile), space.SlabSize, folders.IsOnDevice);
            using var engine = new SlabEngine(slabs, cancel, options.Threads) { ReadInTurn = options.ReadInTurn, Rate = rate, Progress = progress };
            try
            {
                engine.Run(Jobs(round, slabs, engine.Stopped), making.Finish);
            }
            finally
            {
                Times.Add(engine.Times);
                // While the files are open: what the journal says of them is to be on the device before.
                making.Keep();
                making.BreakOff();
            }

            return true;
        }
        catch (SourceChangedException change) when (options.OnChange != OnChange.Fail)
        {
            space.Note(Changed.Decide(change, options.OnChange, options.Remote, options.Changed, cancel), making.Sync);
            entries.Forget(change.Entry);
            if (Plan.IsOnePiece && Tree[0].Kind != EntryKind.Removed)
            {
                // A changed file of a dataset of one piece keeps its place.
                space.Revise(Plan.LaidOutAgain(Profile, options.Capacity));
                rounds[0] = rounds[0] with { Pieces = Plan.Pieces };
            }

            progress.Begin(Plan.CarSize + rounds.Skip(1).Sum(late => late.Pieces.Sum(piece => piece.CarSize)));
            progress.Add(making.Finished.Values.Sum(piece => piece.PayloadSize));
            return false;
        }
    }

    private IEnumerable<PieceJob> Jobs(CutRound round, SlabPlan slabs, CancellationToken stop)
    {
        for (int i = 0; i < round.Pieces.Count; i++)
        {
            int number = round.FirstPiece + i;
            if (making.IsFinished(number))
                continue;
            LargeGarbage.Collect();
            if (TreeOf(round, i) is not { IsEmpty: false } part)
            {
                handOver.Forget(number);
                continue;
            }

            var layout = ReferenceEquals(part.Tree, Tree) && Plan.Whole is { } whole ? whole : PieceLayout.Create(part.Tree, Profile);
            var job = making.Begin(number, layout, slabs, reader, part, null, stop, out bool wasThere);
            making.TakeSlabs(job, number, wasThere ? round.Part.Origin(round.Pieces[i].Begin.Entry) : int.MinValue);
            yield return job;
        }
    }

    private PartialTree TreeOf(CutRound round, int piece)
    {
        var range = round.Pieces[piece];
        bool takesAll = Plan.IsOnePiece || (Changed.IsEmpty && !keepsAny);
        Func<int, bool>? takes = takesAll ? null : i => !round.Tree[i].IsKept && Changed.Takes(round.Part.Origin(i), round.Number) && !Plan.Ongoing.Contains(i);
        return PartialTree.Of(round.Tree, Profile, range.Begin, range.End, takes).Within(round.Part);
    }

    private bool KeepsAny()
    {
        for (int i = 0; i < Tree.Count; i++)
        {
            if (Tree[i].IsKept)
                return true;
        }

        return false;
    }

    private CutRound CutChanged(int number)
    {
        int first = rounds[^1].FirstPiece + rounds[^1].Pieces.Count;
        if (space.FindRound(number, first) is { } known)
            return known;
        var part = PartialTree.Of(Tree, Profile, PlanPoint.Start, PlanPoint.End(Tree), i => Changed.Takes(i, number));
        var round = new CutRound(number, part, PieceCutter.Cut(part.Tree, Profile, options.Cut, cancel), first);
        space.KeepRound(round, header);
        progress.More(round.Pieces.Sum(piece => piece.CarSize));
        return round;
    }

    private PieceLayout MakeDag(List<PieceRecord> records)
    {
        var cut = rounds.SelectMany(round => round.CutFiles.Where(file => Changed.Takes(file, round.Number))).ToHashSet();
        var dag = new DatasetDag(Tree, Profile, cut);
        records.AddRange(making.MakeDag(dag, rounds[^1].FirstPiece + rounds[^1].Pieces.Count, Times));
        return dag.Whole;
    }
}
