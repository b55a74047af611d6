namespace DataPrep.Distribution.Solving;

/// <summary>Which providers have the replicas of some pieces.</summary>
/// <param name="Providers">Ascending.</param>
/// <param name="Pieces">For how many pieces.</param>
internal sealed record ReplicaSet(int[] Providers, long Pieces);

/// <summary>
/// Makes of the number of replicas that each provider gets the sets of providers of single pieces. It always can: organisations on one side, regions and places
/// of further replicas on the other, are filled up to a bipartite multigraph in which all nodes have as many edges as there are pieces, and such a one is the sum
/// of as many perfect matchings (König; Birkhoff). Each matching is a piece's set: no organisation twice, all regions that are asked for.
/// Matchings are taken out as often as they fit, so there are no more different sets than edges.
/// </summary>
internal static class ReplicaSets
{
    /// <param name="Left">Organisation, or what fills up a region.</param>
    /// <param name="Right">Region, place, or what fills up an organisation.</param>
    /// <param name="Provider">-1 where it fills up.</param>
    private sealed record Edge(int Left, int Right, int Provider)
    {
        public long Count { get; set; }
    }

    /// <param name="pieces">Each gets <paramref name="replicas"/> replicas.</param>
    /// <param name="regions">In how many regions, of those that have <paramref name="first"/>, each must have one.</param>
    /// <param name="counts">Replicas of each provider.</param>
    /// <param name="first">Most that count as the first of their piece, of each region.</param>
    public static IReadOnlyList<ReplicaSet> Make(Fleet fleet, long pieces, int replicas, int regions, long[] counts, long[] first)
    {
        var sets = new List<ReplicaSet>();
        var (edges, size) = Graph(fleet, pieces, replicas, regions, counts, first);
        var matching = new Matching(edges, size);
        for (long rest = pieces; rest > 0;)
        {
            var chosen = matching.Find();
            long times = chosen.Min(edge => edge.Count);
            foreach (var edge in chosen)
                edge.Count -= times;
            rest -= times;
            sets.Add(new ReplicaSet([.. chosen.Select(edge => edge.Provider).Where(provider => provider >= 0).Order()], times));
        }

        return sets;
    }

    private static (List<Edge> Edges, int Size) Graph(Fleet fleet, long pieces, int replicas, int regions, long[] counts, long[] first)
    {
        var edges = new List<Edge>();
        long[] spread = Spread(fleet, pieces * regions, counts, first);
        // Right: regions that have a first replica, places of the others.
        int[] regionNodes = new int[fleet.Regions];
        int rights = 0;
        long[] firsts = new long[fleet.Regions];
        for (int provider = 0; provider < fleet.Count; provider++)
        {
            if (spread[provider] > 0)
                firsts[fleet.Region[provider]] += spread[provider];
        }

        var slack = new List<(int Node, long Count)>();
        for (int region = 0; region < fleet.Regions; region++)
        {
            if (firsts[region] == 0)
                continue;
            regionNodes[region] = rights++;
            slack.Add((regionNodes[region], pieces - firsts[region]));
        }

        int place = rights;
        rights += replicas - regions;
        int[] organisationNodes = new int[fleet.Organisations];
        Array.Fill(organisationNodes, -1);
        int lefts = 0;
        long room = pieces;
        for (int provider = 0; provider < fleet.Count; provider++)
        {
            if (counts[provider] == 0)
                continue;
            int organisation = fleet.Organisation[provider];
            if (organisationNodes[organisation] < 0)
                organisationNodes[organisation] = lefts++;
            if (spread[provider] > 0)
                edges.Add(new Edge(organisationNodes[organisation], regionNodes[fleet.Region[provider]], provider) { Count = spread[provider] });
            for (long more = counts[provider] - spread[provider]; more > 0;)
            {
                long here = Math.Min(more, room);
                edges.Add(new Edge(organisationNodes[organisation], place, provider) { Count = here });
                (more, room) = (more - here, room - here);
                if (room == 0)
                    (place, room) = (place + 1, pieces);
            }
        }

        // What organisations lack, and what regions lack, is filled up with nodes that stand for nothing.
        var lacking = Enumerable.Range(0, lefts).Select(node => (Node: node, Count: pieces - edges.Where(edge => edge.Left == node).Sum(edge => edge.Count))).ToList();
        int ends = FillUp(lacking, rights, pieces, (node, filler) => new Edge(node, filler, -1), edges);
        _ = FillUp(slack, lefts, pieces, (node, filler) => new Edge(filler, node, -1), edges);
        return (edges, ends);
    }

    /// <summary>Of each provider's replicas those that count as the first of their piece in its region.</summary>
    private static long[] Spread(Fleet fleet, long total, long[] counts, long[] first)
    {
        long[] spread = new long[fleet.Count], rest = [.. first];
        for (int provider = 0; provider < fleet.Count; provider++)
        {
            if (fleet.Region[provider] is not (>= 0 and var region))
                continue;
            spread[provider] = Math.Min(Math.Min(counts[provider], rest[region]), total);
            rest[region] -= spread[provider];
            total -= spread[provider];
        }

        return spread;
    }

    /// <summary>Gives nodes what they lack by new nodes on the other side, each full; returns the number that comes after the last of these.</summary>
    private static int FillUp(List<(int Node, long Count)> lacking, int filler, long pieces, Func<int, int, Edge> make, List<Edge> edges)
    {
        long room = pieces;
        foreach (var (node, count) in lacking)
        {
            for (long more = count; more > 0;)
            {
                long here = Math.Min(more, room);
                var edge = make(node, filler);
                edge.Count = here;
                edges.Add(edge);
                (more, room) = (more - here, room - here);
                if (room == 0)
                    (filler, room) = (filler + 1, pieces);
            }
        }

        return filler;
    }

    /// <summary>A perfect matching of the edges whose count is not 0 yet; from one to the next only what has gone is replaced.</summary>
    private sealed class Matching(List<Edge> edges, int size)
    {
        private readonly ILookup<int, Edge> byLeft = edges.ToLookup(edge => edge.Left);
        private readonly Edge?[] ofLeft = new Edge?[size], ofRight = new Edge?[size];

        public Edge[] Find()
        {
            for (int node = 0; node < size; node++)
            {
                if (ofLeft[node] is { Count: 0 } gone)
                    (ofLeft[node], ofRight[gone.Right]) = (null, null);
            }

            for (int node = 0; node < size; node++)
            {
                if (ofLeft[node] is null && !Augment(node, new bool[size]))
                    throw new InvalidOperationException("replicas were counted that make no sets");
            }

            return ofLeft!;
        }

        private bool Augment(int node, bool[] seen)
        {
            foreach (var edge in byLeft[node])
            {
                if (edge.Count == 0 || seen[edge.Right])
                    continue;
                seen[edge.Right] = true;
                if (ofRight[edge.Right] is not { } other || Augment(other.Left, seen))
                {
                    (ofLeft[node], ofRight[edge.Right]) = (edge, edge);
                    return true;
                }
            }

            return false;
        }
    }
}
