using DataPrep.Ipld;
using DataPrep.Source;

namespace DataPrep.Unixfs;

/// <summary>
/// The names in one directory, plain or sharded. Every name of a shard is held against its hash, and no sub-shard is empty, so a DAG
/// that repeats one shard over and over ends the reading at once. Specification: ipfs/specs, unixfs, HAMT directories.
/// </summary>
/// <param name="path">Of the directory.</param>
/// <param name="onFault">Takes what is wrong with a single entry, or a missing sub-shard; null where it is to be thrown.</param>
internal sealed class FolderContent(IBlockSource blocks, byte[] path, Action<byte[], Exception>? onFault)
{
    private const int MostMissing = 1000;
    private readonly List<(byte[] Name, Cid Cid, ulong Tsize)> children = [];
    private int missing;

    /// <exception cref="MissingBlockException">A sub-shard is missing.</exception>
    /// <exception cref="MalformedDataException">The node, or one below it, is not what it should be.</exception>
    public void Collect(DagPbNode node, UnixFsData data)
    {
        if (data.Type == UnixFsType.HamtShard)
        {
            CollectShard(node, data, 0, 0);
            return;
        }

        foreach (var link in node.Links)
            Add(link.Name.Span, link);
    }

    /// <summary>All entries, sorted by the bytes of their names, the last first.</summary>
    public IEnumerable<(byte[] Name, Cid Cid, ulong Tsize)> LastFirst()
    {
        children.Sort((a, b) => b.Name.AsSpan().SequenceCompareTo(a.Name));
        for (int i = 0; i < children.Count; i++)
        {
            if (onFault is not null && ((i > 0 && SameName(i, i - 1)) || (i + 1 < children.Count && SameName(i, i + 1))))
                onFault(PathText.Join(path, children[i].Name), new MalformedDataException($"'{PathText.Quote(path)}' has the name '{PathText.Quote(children[i].Name)}' more than once"));
            else
                yield return children[i];
        }
    }

    /// <summary>Bits of the hash that a level of shards takes; 0 where the fanout is none that a shard has.</summary>
    internal static int ShardBits(UnixFsData data) => data.Fanout is >= 8 and <= 1024 and var fanout && ulong.IsPow2(fanout) ? (int)ulong.Log2(fanout) : 0;

    private bool SameName(int one, int other) => children[one].Name.AsSpan().SequenceEqual(children[other].Name);

    /// <param name="prefix">Bits of the hash that all names below share.</param>
    private void CollectShard(DagPbNode node, UnixFsData data, int depth, ulong prefix)
    {
        int bits = ShardBits(data), fanout = 1 << bits, shift = 64 - (bits * (depth + 1));
        if (bits == 0 || shift < 0)
            throw Malformed("has a shard with a fanout that is none, or too many levels of shards");
        if (data.HashType != Multicodec.Murmur3X64)
            throw Malformed("has a shard of another hash function than murmur3-x64-64");
        if (depth > 0 && node.Links.Count == 0)
            throw Malformed("has a sub-shard without entries");
        int digits = (bits + 3) / 4;
        foreach (var link in node.Links)
        {
            var name = link.Name.Span;
            if (name.Length < digits || !TryParseHex(name[..digits], out uint bucket) || bucket >= fanout)
                throw Malformed("has a shard with a link that names no bucket");
            ulong below = (prefix << bits) | bucket;
            name = name[digits..];
            if (name.IsEmpty)
                CollectBelow(link.Hash, depth, below);
            else if (Murmur3.Hash(name) >> shift != below)
                throw Malformed($"has the entry '{PathText.Quote(name)}' in a bucket that is not that of its hash");
            else
                Add(name, link);
        }
    }

    private void CollectBelow(in Cid cid, int depth, ulong prefix)
    {
        DagPbNode node;
        UnixFsData data;
        try
        {
            (node, data) = DagReader.Decode(DagReader.Read(blocks, cid, path), path, cid);
        }
        catch (MissingBlockException e) when (onFault is not null && ++missing < MostMissing)
        {
            onFault(path, e);
            return;
        }

        if (data.Type != UnixFsType.HamtShard)
            throw Malformed("has a shard whose sub-shard is none");
        CollectShard(node, data, depth + 1, prefix);
    }

    private void Add(ReadOnlySpan<byte> name, in DagPbLink link)
    {
        bool isUnsafe = name.Length == 0 || name.SequenceEqual("."u8) || name.SequenceEqual(".."u8) || name.IndexOfAny((byte)'/', (byte)0) >= 0;
        if (!isUnsafe)
        {
            children.Add((name.ToArray(), link.Hash, link.Tsize));
            return;
        }

        var fault = Malformed($"has an entry with the unusable name '{PathText.Quote(name)}'");
        if (onFault is null)
            throw fault;
        onFault(PathText.Join(path, name), fault);
    }

    private static bool TryParseHex(ReadOnlySpan<byte> digits, out uint value) =>
        uint.TryParse(digits, System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out value);

    private MalformedDataException Malformed(string what) => DagReader.Malformed(path, what);
}
