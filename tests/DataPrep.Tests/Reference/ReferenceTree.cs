namespace DataPrep.Tests.Reference;

/// <summary>All layers of a piece's tree, hashed node by node, and proofs read off them from the root downwards.</summary>
internal sealed class ReferenceTree
{
    private readonly List<List<byte[]>> layers = [];

    public ReferenceTree(ReadOnlySpan<byte> payload, long paddedSize)
    {
        for (var layer = ReferenceCommP.Leaves(payload, paddedSize); ; layer = [.. layer.Chunk(2).Select(pair => ReferenceCommP.Node(pair[0], pair[1]))])
        {
            layers.Add(layer);
            if (layer.Count == 1)
                return;
        }
    }

    public int Height => layers.Count - 1;

    public byte[] Root => layers[^1][0];

    public byte[] Nodes(int level, long index, int count) => [.. layers[level].Skip((int)index).Take(count).SelectMany(node => node)];

    /// <summary>The roots of the largest sub-trees that have no node of a run in them: lower ones first, and from the left.</summary>
    public byte[] Path(int level, long index, int count)
    {
        var found = new List<(int Level, long Index)>();
        Descend(Height, 0);
        return [.. found.Order().SelectMany(place => layers[place.Level][(int)place.Index])];

        void Descend(int at, long node)
        {
            long first = node << (at - level), last = ((node + 1) << (at - level)) - 1;
            if (last < index || first >= index + count)
            {
                found.Add((at, node));
            }
            else if (at > level)
            {
                Descend(at - 1, 2 * node);
                Descend(at - 1, (2 * node) + 1);
            }
        }
    }
}
