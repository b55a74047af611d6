using DataPrep.Hashing;
using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>
/// The balanced layout of a file of several chunks. Leaves are grouped <c>MaxLinks</c> at a time into inner nodes,
/// these again, until one is left; a last group of one is wrapped too, so that all leaves are at one depth. In each
/// layer all nodes but the last are alike, so sizes follow from the chunk count alone.
/// </summary>
internal sealed class BalancedFile
{
    private readonly UnixFsProfile profile;
    private readonly NodeMetadata metadata;
    private readonly int leafCidLength;
    private readonly Layer[] layers;

    /// <summary>A layer of nodes: <c>Full</c> are the sizes of every node but the last.</summary>
    private readonly record struct Layer(long Count, long FullContent, long FullDag, long LastContent, long LastDag);

    /// <summary>Number of leaves of a file: one, empty, for an empty file.</summary>
    public static long LeafCount(UnixFsProfile profile, long size) => size == 0 ? 1 : ((size - 1) / profile.ChunkSize) + 1;

    public BalancedFile(UnixFsProfile profile, long size, NodeMetadata metadata)
    {
        this.profile = profile;
        this.metadata = metadata;
        long leaves = LeafCount(profile, size);
        if (leaves < 2)
            throw new ArgumentOutOfRangeException(nameof(size), size, "A file of one chunk is its leaf.");

        var full = new LeafShape(profile, profile.ChunkSize, default);
        var last = new LeafShape(profile, (int)(size - ((leaves - 1) * profile.ChunkSize)), default);
        leafCidLength = full.CidLength;
        var built = new List<Layer> { new(leaves, full.ContentLength, full.BlockLength, last.ContentLength, last.BlockLength) };
        long sections = 0;
        while (built[^1].Count > 1)
        {
            var below = built[^1];
            int cid = built.Count == 1 ? leafCidLength : profile.NodeCidLength;
            long count = ((below.Count - 1) / profile.MaxLinks) + 1;
            int lastChildren = (int)(below.Count - ((count - 1) * profile.MaxLinks));
            bool isRoot = count == 1;
            int fullBlock = NodeLength(below, cid, profile.MaxLinks, endsLayer: false, isRoot: false);
            int lastBlock = NodeLength(below, cid, lastChildren, endsLayer: true, isRoot);
            sections += ((count - 1) * SectionLength(profile, fullBlock)) + SectionLength(profile, lastBlock);
            built.Add(new Layer(
                count,
                profile.MaxLinks * below.FullContent,
                fullBlock + (profile.MaxLinks * below.FullDag),
                ((lastChildren - 1) * below.FullContent) + below.LastContent,
                lastBlock + ((lastChildren - 1) * below.FullDag) + below.LastDag));
        }

        layers = [.. built];
        Size = new NodeSize(sections, layers[^1].LastDag);
    }

    public NodeSize Size { get; }

    public static long SectionLength(UnixFsProfile profile, long blockLength)
    {
        long length = profile.NodeCidLength + blockLength;
        return Varint.Length((ulong)length) + length;
    }

    /// <summary>Lengths of the blocks of the inner nodes, in the order in which they are emitted.</summary>
    public IEnumerable<int> BlockLengths()
    {
        for (int i = 1; i < layers.Length; i++)
        {
            bool isRoot = layers[i].Count == 1;
            int cid = i == 1 ? leafCidLength : profile.NodeCidLength;
            int full = NodeLength(layers[i - 1], cid, profile.MaxLinks, endsLayer: false, isRoot: false);
            for (long node = 1; node < layers[i].Count; node++)
                yield return full;
            int last = (int)(layers[i - 1].Count - ((layers[i].Count - 1) * profile.MaxLinks));
            yield return NodeLength(layers[i - 1], cid, last, endsLayer: true, isRoot);
        }
    }

    /// <summary>Appends the inner nodes layer by layer, the root last.</summary>
    /// <param name="leaves">Digests of the file's leaves stand in rows from <paramref name="firstLeaf"/>.</param>
    /// <param name="root">Receives the root's digest.</param>
    public void Emit(DigestTable leaves, long firstLeaf, IBlockSink sink, Span<byte> root)
    {
        var below = leaves;
        long first = firstLeaf;
        byte[] block = new byte[NodeLength(layers[0], leafCidLength, (int)Math.Min(profile.MaxLinks, layers[0].Count), true, true) + 64];
        for (int i = 1; i < layers.Length; i++)
        {
            var nodes = new DigestTable(layers[i].Count);
            for (long node = 0; node < layers[i].Count; node++)
            {
                int length = WriteNode(i, node, below, first, ref block);
                sink.Append(block.AsSpan(0, length), nodes[node]);
            }

            if (below != leaves)
                below.Dispose();
            (below, first) = (nodes, 0);
        }

        below[0].CopyTo(root);
        below.Dispose();
    }

    private int WriteNode(int layer, long node, DigestTable children, long firstChild, ref byte[] block)
    {
        var below = layers[layer - 1];
        bool endsLayer = node == layers[layer].Count - 1;
        int count = endsLayer ? (int)(below.Count - (node * profile.MaxLinks)) : profile.MaxLinks;
        bool isRoot = layers[layer].Count == 1;
        bool raw = layer == 1 && profile.RawLeaves;
        int length = NodeLength(below, layer == 1 ? leafCidLength : profile.NodeCidLength, count, endsLayer, isRoot);
        if (block.Length < length)
            block = new byte[length];

        Span<byte> cid = stackalloc byte[36];
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            long child = (node * profile.MaxLinks) + i;
            int cidLength = profile.WriteCid(cid, raw, children[firstChild + child]);
            at += DagPb.WriteLink(block.AsSpan(at), cid[..cidLength], [], (ulong)(child == below.Count - 1 ? below.LastDag : below.FullDag));
        }

        var data = block.AsSpan(at);
        int written = DagPb.WriteDataHeader(data, MessageLength(below, count, endsLayer, isRoot));
        data[written++] = 0x08;
        data[written++] = (byte)UnixFsType.File;
        data[written++] = 0x18;
        written += ProtobufVarint.Write(data[written..], (ulong)ContentLength(below, count, endsLayer));
        for (int i = 0; i < count; i++)
        {
            data[written++] = 0x20;
            written += ProtobufVarint.Write(data[written..], (ulong)(endsLayer && i == count - 1 ? below.LastContent : below.FullContent));
        }

        if (isRoot)
            written += metadata.Write(data[written..]);
        return at + written;
    }

    private int NodeLength(Layer below, int cidLength, int children, bool endsLayer, bool isRoot)
    {
        int full = DagPb.LinkLength(cidLength, 0, (ulong)below.FullDag);
        int last = endsLayer ? DagPb.LinkLength(cidLength, 0, (ulong)below.LastDag) : full;
        return ((children - 1) * full) + last + DagPb.DataFieldLength(MessageLength(below, children, endsLayer, isRoot));
    }

    private int MessageLength(Layer below, int children, bool endsLayer, bool isRoot)
    {
        int full = 1 + ProtobufVarint.Length((ulong)below.FullContent);
        int last = endsLayer ? 1 + ProtobufVarint.Length((ulong)below.LastContent) : full;
        int content = ProtobufVarint.Length((ulong)ContentLength(below, children, endsLayer));
        return 2 + 1 + content + ((children - 1) * full) + last + (isRoot ? metadata.Length : 0);
    }

    private static long ContentLength(Layer below, int children, bool endsLayer) =>
        ((children - 1) * below.FullContent) + (endsLayer ? below.LastContent : below.FullContent);
}
