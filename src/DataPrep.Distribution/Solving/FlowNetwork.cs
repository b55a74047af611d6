namespace DataPrep.Distribution.Solving;

/// <summary>
/// A network in which a greatest flow is found, and of all of these a cheapest one, where costs of an edge rise with its flow. All is whole numbers, and
/// the order of the edges decides between what costs the same, so that the same network always gives the same flow.
/// </summary>
/// <remarks>
/// Greatest flow: Dinic. Cheapest: negative cycles are cancelled (Klein) with steps that are halved down to one unit, as in capacity scaling; none is left in the
/// end, which is the condition of the optimum where costs are convex (Ahuja, Magnanti, Orlin, "Network Flows", 14.3 and 14.5).
/// </remarks>
internal sealed class FlowNetwork
{
    public const int Source = 0, Sink = 1;

    // Of two edges 2i and 2i+1 one is the way back of the other, and has the flow as what is left of it.
    private readonly List<int> heads = [];
    private readonly List<long> left = [];
    private readonly List<EdgeCost?> costs = [];
    private readonly List<List<int>> edges = [[], []];
    private int[] level = [];
    private int[] next = [];

    public int AddNode()
    {
        edges.Add([]);
        return edges.Count - 1;
    }

    /// <summary>Adds an edge and returns its number.</summary>
    public int Add(int from, int to, long capacity, EdgeCost? cost = null)
    {
        heads.AddRange([to, from]);
        left.AddRange([capacity, 0]);
        costs.AddRange([cost, cost]);
        edges[from].Add(heads.Count - 2);
        edges[to].Add(heads.Count - 1);
        return (heads.Count / 2) - 1;
    }

    public long FlowOf(int edge) => left[(2 * edge) + 1];

    /// <summary>Whether more could come to a node: after a greatest flow, these nodes are one side of a least cut.</summary>
    public bool IsReached(int node) => level[node] >= 0;

    /// <summary>Finds a greatest flow, and returns it.</summary>
    public long Fill()
    {
        long total = 0;
        while (Levels())
        {
            next = new int[edges.Count];
            while (Push(Source, long.MaxValue) is var pushed && pushed > 0)
                total += pushed;
        }

        return total;
    }

    /// <summary>Makes the flow as cheap as it can be, without making it less.</summary>
    public void Cheapen()
    {
        long most = 0;
        for (int i = 1; i < left.Count; i += 2)
            most = Math.Max(most, costs[i] is null ? 0 : left[i]);
        for (long step = most > 0 ? 1L << System.Numerics.BitOperations.Log2((ulong)most) : 1; step > 0; step /= 2)
        {
            var prices = new Int128[heads.Count];
            for (int i = 0; i < prices.Length; i++)
                prices[i] = Price(i, step);
            while (Cycle(prices, step) is { } cycle)
            {
                foreach (int edge in cycle)
                {
                    left[edge] -= step;
                    left[edge ^ 1] += step;
                }

                foreach (int edge in cycle)
                    (prices[edge], prices[edge ^ 1]) = (Price(edge, step), Price(edge ^ 1, step));
            }
        }
    }

    private bool Levels()
    {
        level = new int[edges.Count];
        Array.Fill(level, -1);
        level[Source] = 0;
        var queue = new Queue<int>([Source]);
        while (queue.TryDequeue(out int node))
        {
            foreach (int edge in edges[node])
            {
                if (left[edge] > 0 && level[heads[edge]] < 0)
                {
                    level[heads[edge]] = level[node] + 1;
                    queue.Enqueue(heads[edge]);
                }
            }
        }

        return level[Sink] >= 0;
    }

    // As deep as there are nodes on the longest way that Dinic takes, some tens at most.
    private long Push(int node, long most)
    {
        if (node == Sink)
            return most;
        for (; next[node] < edges[node].Count; next[node]++)
        {
            int edge = edges[node][next[node]];
            if (left[edge] == 0 || level[heads[edge]] != level[node] + 1)
                continue;
            long pushed = Push(heads[edge], Math.Min(most, left[edge]));
            if (pushed == 0)
                continue;
            left[edge] -= pushed;
            left[edge ^ 1] += pushed;
            return pushed;
        }

        return 0;
    }

    /// <summary>What a step more on an edge costs; on a way back, what a step less saves, as a negative number.</summary>
    private Int128 Price(int edge, long step)
    {
        if (costs[edge] is not { } cost || left[edge] < step)
            return 0;
        long flow = left[edge | 1];
        return (edge & 1) == 0 ? cost.Of(flow, step) : -cost.Of(flow - step, step);
    }

    /// <summary>Edges of a cycle that can take a step more and costs less than nothing (Bellman, Ford); null where there is none.</summary>
    private List<int>? Cycle(Int128[] prices, long step)
    {
        var distances = new Int128[edges.Count];
        int[] by = new int[edges.Count];
        Array.Fill(by, -1);
        for (bool isChanged = true; isChanged;)
        {
            isChanged = false;
            for (int edge = 0; edge < heads.Count; edge++)
            {
                if (left[edge] < step)
                    continue;
                int from = heads[edge ^ 1], to = heads[edge];
                if (distances[from] + prices[edge] < distances[to])
                {
                    distances[to] = distances[from] + prices[edge];
                    by[to] = edge;
                    isChanged = true;
                }
            }

            // The edges by which nodes were reached make a cycle only where that is negative.
            if (isChanged && CycleOf(by) is { } cycle)
                return cycle;
        }

        return null;
    }

    private List<int>? CycleOf(int[] by)
    {
        int[] seen = new int[by.Length];
        for (int start = 0; start < by.Length; start++)
        {
            int node = start;
            while (seen[node] == 0)
            {
                seen[node] = start + 1;
                if (by[node] < 0)
                    break;
                node = heads[by[node] ^ 1];
            }

            if (seen[node] != start + 1 || by[node] < 0)
                continue;
            var cycle = new List<int>();
            for (int at = node; cycle.Count == 0 || at != node; at = heads[by[at] ^ 1])
                cycle.Add(by[at]);
            return cycle;
        }

        return null;
    }
}

/// <summary>
/// Costs of an edge, that rise with its flow: those of the square of all that is behind it, divided by its weight; and a reward for the first unit.
/// </summary>
/// <param name="Unit">Bytes of a unit of flow.</param>
/// <param name="Load">Bytes that were there before.</param>
/// <param name="Weight">0 where flow costs nothing.</param>
internal sealed record EdgeCost(long Unit, long Load, long Weight, Int128 Reward)
{
    /// <summary>Enough that rounding is below any difference that matters: of weights a thousandth.</summary>
    private const int Fraction = 20;

    /// <summary>
    /// What a step costs from a flow on, divided by what all edges have in common: ((l + s)^2 - l^2) / w = s (2l + s) / w, without the factor s. The reward
    /// counts for steps of one unit.
    /// </summary>
    public Int128 Of(long flow, long step)
    {
        Int128 load = Load + ((Int128)flow * Unit), width = (Int128)step * Unit;
        return (Weight == 0 ? 0 : (((2 * load) + width) << Fraction) / Weight) - (flow == 0 && step == 1 ? Reward : 0);
    }
}
