using System.Runtime.InteropServices;
using DataPrep.Distribution.Plans;
using DataPrep.Ipld;
using DataPrep.Piece;

namespace DataPrep.Distribution.Deals;

/// <summary>What a provider has by a list of deals. Sizes are padded bytes.</summary>
internal sealed class ProviderDeals(string id, PlannedReplica? planned)
{
    public string Id { get; } = id;

    /// <summary>As the plan names it; null where it does not.</summary>
    public PlannedReplica? Planned { get; } = planned;

    public long Deals { get; set; }

    public long Bytes { get; set; }

    /// <summary>Bytes of different pieces.</summary>
    public long UniqueBytes { get; set; }

    /// <summary>Deals for pieces that it has a deal for already.</summary>
    public long Duplicates { get; set; }

    /// <summary>Pieces that the plan gives it, without a deal.</summary>
    public long Missing { get; set; }

    /// <summary>Pieces of the plan that it has a deal for, and that the plan gives others.</summary>
    public long NotPlanned { get; set; }
}

/// <summary>Pieces that so many providers have.</summary>
internal sealed record Replication(int Providers, long Pieces, long UniqueBytes, long Bytes);

/// <summary>Deals beside the plan. A deal takes eight bytes of memory, whatever its line.</summary>
internal sealed class DealComparison
{
    private const int ProviderBits = 20;

    private readonly EarlierPlan plan;
    private readonly List<ulong> deals = [];
    private readonly List<ProviderDeals> providers = [];
    private readonly Dictionary<string, int> numbers = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<PieceKey, int> otherPieces = [];
    private readonly List<long> otherSizes = [];

    public DealComparison(EarlierPlan plan)
    {
        this.plan = plan;
        foreach (var (id, replica) in plan.Providers.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            _ = Number(id, replica);
    }

    /// <summary>All providers of the plan and of the deals.</summary>
    public IReadOnlyList<ProviderDeals> Providers => providers;

    /// <summary>How many providers have how much of the plan's pieces, from none on.</summary>
    public IReadOnlyList<Replication> Replications { get; private set; } = [];

    public long Deals => deals.Count;

    public long PassedOver { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Pieces with deals that the plan does not have.</summary>
    public int OtherPieces => otherSizes.Count;

    /// <summary>Deals for a piece of the plan with another size than it has.</summary>
    public long WrongSizes { get; private set; }

    /// <summary>Padded bytes of the plan's replicas, and of its pieces.</summary>
    public long PlannedBytes { get; private set; }

    public long PlannedUnique { get; private set; }

    /// <summary>Of other clients the pieces that are ours too, and their deals for these.</summary>
    public SortedDictionary<string, (HashSet<PieceKey> Pieces, long Bytes)> Shared { get; } = new(StringComparer.Ordinal);

    /// <param name="client">Whose deals are ours; null where all are.</param>
    /// <exception cref="MalformedDataException">The list is none.</exception>
    public void Read(string path, string? client, long? epoch, CancellationToken cancel)
    {
        var first = new Dictionary<PieceKey, string>();
        foreach (var deal in DealFile.Read(path, epoch, () => PassedOver++))
        {
            if ((deals.Count & 0xfff) == 0)
                cancel.ThrowIfCancellationRequested();
            int piece = plan.Find(deal.Piece);
            if (client is not null && !client.Equals(deal.Client, StringComparison.OrdinalIgnoreCase))
            {
                if (deal.Client is { } other && piece >= 0)
                    Share(other, deal, piece);
                continue;
            }

            // Without a client of our own, the first that has a piece is taken for the one whose it is.
            if (client is null && deal.Client is { } who && piece >= 0 && !first.TryAdd(deal.Piece, who) && first[deal.Piece] != who)
                Share(who, deal, piece);
            if (piece >= 0 && deal.Size is { } size && size != plan.SizeOf(piece))
                WrongSizes++;
            deals.Add(((ulong)(piece >= 0 ? piece : Other(deal)) << ProviderBits) | (uint)Number(deal.Provider, null));
        }

        Count();
    }

    private void Share(string client, Deal deal, int piece)
    {
        var (pieces, bytes) = Shared.GetValueOrDefault(client, ([], 0));
        _ = pieces.Add(deal.Piece);
        Shared[client] = (pieces, bytes + plan.SizeOf(piece));
    }

    private int Other(Deal deal)
    {
        if (!otherPieces.TryGetValue(deal.Piece, out int number))
        {
            otherPieces[deal.Piece] = number = plan.Count + otherSizes.Count;
            otherSizes.Add(deal.Size is { } size && PieceSize.IsValid(size) ? size : 0);
        }

        return number;
    }

    private int Number(string id, PlannedReplica? planned)
    {
        if (!numbers.TryGetValue(id, out int number))
        {
            if (providers.Count == 1 << ProviderBits)
                throw new MalformedDataException($"more than {1 << ProviderBits} providers");
            numbers[id] = number = providers.Count;
            providers.Add(new ProviderDeals(id, planned));
        }

        return number;
    }

    private void Count()
    {
        CollectionsMarshal.AsSpan(deals).Sort();
        var replications = new SortedDictionary<int, Replication>();
        int at = 0;
        for (int piece = 0; piece < plan.Count + otherSizes.Count; piece++)
        {
            bool isPlanned = piece < plan.Count;
            long size = isPlanned ? plan.SizeOf(piece) : otherSizes[piece - plan.Count], bytes = 0;
            var having = new HashSet<int>();
            for (; at < deals.Count && (int)(deals[at] >> ProviderBits) == piece; at++)
            {
                int provider = (int)(deals[at] & ((1 << ProviderBits) - 1));
                var row = providers[provider];
                bool isNew = having.Add(provider);
                row.Deals++;
                row.Bytes += size;
                row.UniqueBytes += isNew ? size : 0;
                row.Duplicates += isNew ? 0 : 1;
                bytes += size;
            }

            Bytes += bytes;
            if (!isPlanned)
                continue;
            var planned = plan.ProvidersOf(piece).Select(id => numbers[id]).ToHashSet();
            (PlannedUnique, PlannedBytes) = (PlannedUnique + size, PlannedBytes + (size * planned.Count));
            foreach (int provider in planned.Where(provider => !having.Contains(provider)))
                providers[provider].Missing++;
            foreach (int provider in having.Where(provider => !planned.Contains(provider)))
                providers[provider].NotPlanned++;
            var sum = replications.GetValueOrDefault(having.Count, new Replication(having.Count, 0, 0, 0));
            replications[having.Count] = sum with { Pieces = sum.Pieces + 1, UniqueBytes = sum.UniqueBytes + size, Bytes = sum.Bytes + bytes };
        }

        Replications = [.. replications.Values];
    }
}
