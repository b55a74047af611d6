using DataPrep.Distribution.Policies;
using DataPrep.Distribution.Solving;
using DataPrep.Distribution.Tables;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Distribution.Plans;

/// <summary>By what a plan is made.</summary>
internal sealed record DistributionOptions
{
    /// <summary>The packed dataset.</summary>
    public required string Folder { get; init; }

    public required IReadOnlyList<StorageProvider> Providers { get; init; }

    public Policy Policy { get; init; } = new();

    /// <summary>Whether nothing of the plan that is there is kept.</summary>
    public bool Rebalance { get; init; }

    /// <summary>Whether replicas of providers that are no longer named go to others.</summary>
    public bool Replace { get; init; }
}

/// <summary>Which provider has which pieces of a dataset.</summary>
internal sealed class DistributionPlan
{
    private readonly DistributionOptions options;
    private readonly PieceGroups pieces = new();

    // Of each line of the list the number of its piece; -1 where an earlier line has it.
    private readonly List<int> pieceOfLine = [];
    private readonly List<Conflict> conflicts = [];

    private DistributionPlan(DistributionOptions options)
    {
        this.options = options;
        Fleet = new Fleet(options.Providers, options.Policy);
    }

    public Fleet Fleet { get; }

    public Policy Policy => options.Policy;

    public int Pieces => pieces.Count;

    /// <summary>Whether nothing of the plan that is there is kept.</summary>
    public bool IsAnew => options.Rebalance;

    /// <summary>Replicas that were in the plan before.</summary>
    public long KeptReplicas { get; private set; }

    /// <summary>Padded bytes of all replicas.</summary>
    public long Total { get; private set; }

    public ReplicaSolution Solution { get; private set; } = new([], true, 0);

    private string PieceList => Path.Join(options.Folder, RecordFile.Pieces);

    /// <param name="warn">Takes what is worth knowing.</param>
    /// <exception cref="MalformedDataException">A record is not what it should be.</exception>
    /// <exception cref="IOException">The folder holds no packed dataset, or cannot be read.</exception>
    public static DistributionPlan Make(DistributionOptions options, Action<string> warn, CancellationToken cancel)
    {
        var plan = new DistributionPlan(options);
        if (!File.Exists(plan.PieceList))
            throw new FileNotFoundException($"{options.Folder}: no packed dataset ({RecordFile.Pieces} is missing)");
        plan.ReadPieces(options.Rebalance ? null : EarlierPlan.Read(options.Folder), warn, cancel);
        cancel.ThrowIfCancellationRequested();
        if (plan.Pieces == 0)
            throw new MalformedDataException("lists no piece", 0, plan.PieceList);
        var solver = new ReplicaSolver(plan.Fleet, options.Policy, plan.pieces);
        plan.Total = solver.Total;
        plan.Solution = plan.conflicts.Count > 0 ? new ReplicaSolution(plan.conflicts, true, 0) : solver.Solve();
        return plan;
    }

    /// <summary>Padded bytes, and pieces, of each provider.</summary>
    public (long[] Bytes, long[] Pieces) Loads()
    {
        long[] counts = new long[Fleet.Count];
        for (int piece = 0; piece < pieces.Count; piece++)
        {
            foreach (int provider in pieces.ProvidersOf(piece))
                counts[provider]++;
        }

        return (pieces.Loads(Fleet.Count), counts);
    }

    /// <summary>The pieces in the order of the list, each with its providers' numbers.</summary>
    public IEnumerable<(PieceRecord Piece, int[] Providers)> Lines()
    {
        int line = 0;
        foreach (var (piece, offset) in RecordFile.PieceLinesOf(PieceList))
        {
            if (line == pieceOfLine.Count)
                throw new MalformedDataException("has become longer while it was read: run again", offset, PieceList);
            if (pieceOfLine[line++] is >= 0 and var number)
                yield return (piece, pieces.ProvidersOf(number));
        }
    }

    public PlanRecord RecordOf(PieceRecord piece, int[] providers) =>
        new(piece.PieceCid, piece.PieceSize, [.. providers.Select(i => new PlannedReplica(Fleet.Providers[i].Id, Fleet.Providers[i].Organisation, Fleet.Providers[i].Region))]);

    private void ReadPieces(EarlierPlan? earlier, Action<string> warn, CancellationToken cancel)
    {
        var numbers = Fleet.Providers.Select((provider, i) => (provider.Id, i)).ToDictionary(pair => pair.Id, pair => pair.i, StringComparer.Ordinal);
        var gone = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var seen = new HashSet<PieceKey>();
        int found = 0;
        foreach (var (piece, offset) in RecordFile.PieceLinesOf(PieceList))
        {
            if ((pieceOfLine.Count & 0xfff) == 0)
                cancel.ThrowIfCancellationRequested();
            var key = PieceKey.Of(piece.PieceCid) ?? throw new MalformedDataException($"'{piece.PieceCid}' is no piece CID", offset, PieceList);
            if (!PieceSize.IsValid(piece.PieceSize))
                throw new MalformedDataException($"a piece of {piece.PieceSize} bytes is none", offset, PieceList);
            if (!seen.Add(key))
            {
                pieceOfLine.Add(-1);
                continue;
            }

            pieceOfLine.Add(pieces.Count);
            pieces.Add(piece.PieceSize, Kept(earlier?.Find(key) is >= 0 and var known ? earlier.ProvidersOf(known) : null));
        }

        if (seen.Count < pieceOfLine.Count)
            warn($"{PieceList} names {pieceOfLine.Count - seen.Count} piece(s) more than once: the same piece is planned once");
        if (earlier is not null && found < earlier.Count)
            warn($"{earlier.Count - found} piece(s) of the plan are not among the pieces any more: they are left out");
        foreach (var (provider, replicas) in gone)
        {
            if (options.Replace)
                warn($"{provider} is not among the providers any more: its {replicas} replica(s) go to others");
            else
                conflicts.Add(new Conflict("kept-provider", $"{provider} has {replicas} replica(s) in the plan, and is not among the providers any more: name it again, give its replicas to others with --replace, or make the plan anew with --rebalance"));
        }

        int[] Kept(IReadOnlyList<string>? providers)
        {
            if (providers is null)
                return [];
            found++;
            var kept = new List<int>();
            foreach (string id in providers)
            {
                if (numbers.TryGetValue(id, out int number))
                    kept.Add(number);
                else
                    gone[id] = gone.GetValueOrDefault(id) + 1;
            }

            KeptReplicas += kept.Count;
            return [.. kept];
        }
    }
}
