using System.Runtime.InteropServices;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Distribution.Plans;

/// <summary>Who has which piece by the plan that is there: what a further run keeps, and what deals are compared with.</summary>
internal sealed class EarlierPlan
{
    /// <summary>The folder of OUT that all of it lies in.</summary>
    public const string Folder = "distribution";

    public const string FileName = "plan.jsonl";

    private readonly Dictionary<PieceKey, int> pieces = [];
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly List<string[]> sets = [];
    private readonly List<(int Set, long Size)> lines = [];

    public int Count => lines.Count;

    /// <summary>The providers of the plan, as it names them first.</summary>
    public Dictionary<string, PlannedReplica> Providers { get; } = new(StringComparer.Ordinal);

    public static string PathIn(string folder) => Path.Join(folder, Folder, FileName);

    /// <summary>An empty one where there is none.</summary>
    /// <exception cref="MalformedDataException">A line is not what it should be.</exception>
    public static EarlierPlan Read(string folder)
    {
        var plan = new EarlierPlan();
        string path = PathIn(folder);
        if (!File.Exists(path))
            return plan;
        foreach (var (record, offset) in RecordFile.ReadLines(path, PlanJson.Default.PlanRecord))
        {
            var key = PieceKey.Of(record.PieceCid) ?? throw new MalformedDataException($"'{record.PieceCid}' is no piece CID", offset, path);
            string[] providers = [.. record.Replicas.Select(replica => replica.Provider).Distinct()];
            string text = string.Join('\n', providers);
            ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(plan.numbers, text, out bool isKnown);
            if (!isKnown)
            {
                number = plan.sets.Count;
                plan.sets.Add(providers);
            }

            if (!PieceSize.IsValid(record.PieceSize))
                throw new MalformedDataException($"a piece of {record.PieceSize} bytes is none", offset, path);
            if (!plan.pieces.TryAdd(key, plan.Count))
                throw new MalformedDataException($"names {record.PieceCid} a second time", offset, path);
            plan.lines.Add((number, record.PieceSize));
            foreach (var replica in record.Replicas)
                _ = plan.Providers.TryAdd(replica.Provider, replica);
        }

        return plan;
    }

    /// <summary>The number of a piece, by the order of the plan; -1 where the plan does not have it.</summary>
    public int Find(PieceKey piece) => pieces.GetValueOrDefault(piece, -1);

    /// <summary>Ids of the providers of a piece.</summary>
    public IReadOnlyList<string> ProvidersOf(int piece) => sets[lines[piece].Set];

    /// <summary>Padded bytes of a piece.</summary>
    public long SizeOf(int piece) => lines[piece].Size;
}
