using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>Where a path through folders leads, and the blocks that prove it.</summary>
/// <param name="Proof">Blocks before the end, from the root downwards: folders, and of sharded ones the shards on the way.</param>
/// <param name="Roots">CID of the root and of what each name leads to; the last is the end.</param>
internal sealed record DagPath(IReadOnlyList<Cid> Proof, IReadOnlyList<Cid> Roots)
{
    public Cid End => Roots[^1];

    /// <param name="names">Names of entries, bytes; without any the path ends at its root.</param>
    /// <returns>Null where there is no such entry, or something on the way is no folder.</returns>
    /// <exception cref="MissingBlockException">A block on the way is missing. That at the end is not looked at.</exception>
    /// <exception cref="MalformedDataException">A block on the way is not what it should be.</exception>
    public static DagPath? Resolve(IBlockSource blocks, in Cid root, IReadOnlyList<byte[]> names, CancellationToken cancel = default)
    {
        var dag = new DagReader(blocks);
        var proof = new List<Cid>();
        var roots = new List<Cid> { root };
        foreach (byte[] name in names)
        {
            cancel.ThrowIfCancellationRequested();
            var at = roots[^1];
            if (at.Codec != Multicodec.DagPb)
                return null;
            var (node, data) = DagReader.Decode(DagReader.Read(blocks, at, []), [], at);
            proof.Add(at);
            if (data.Type is not (UnixFsType.Directory or UnixFsType.HamtShard) || dag.FindEntry(node, data, name, proof.Add) is not { } entry)
                return null;
            roots.Add(entry);
        }

        return new DagPath(proof, roots);
    }
}
