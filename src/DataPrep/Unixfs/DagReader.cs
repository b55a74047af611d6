using System.Globalization;
using System.Text;
using DataPrep.Ipld;
using DataPrep.Source;

namespace DataPrep.Unixfs;

/// <summary>An entry found in a DAG.</summary>
/// <param name="Path">Relative path, bytes; empty for the root.</param>
/// <param name="Size">Content bytes; of a symlink the length of its target; of a directory 0; -1 where the entry's block is missing, so that nothing but path and CID is known.</param>
internal sealed record DagEntry(byte[] Path, UnixFsType Type, long Size, Cid Cid, NodeMetadata Metadata, byte[] Target)
{
    public bool IsMissing => Size < 0;

    /// <summary>What the link to it says that its DAG has in bytes: a hint, which may be wrong. 0 of the root.</summary>
    public ulong Tsize { get; init; }

    public bool IsFolder => Type is UnixFsType.Directory or UnixFsType.HamtShard;
}

/// <summary>A block at the bottom of a file's DAG.</summary>
/// <param name="Offset">Offset in the file of its content.</param>
/// <param name="Length">Content bytes.</param>
/// <param name="Siblings">Children of the node above it, itself among them; 0 where it is the file's root.</param>
internal readonly record struct DagLeaf(Cid Cid, long Offset, long Length, int Siblings);

/// <summary>Reads UnixFS DAGs back: the tree of names, and the content of files. Trusts nothing but block hashes.</summary>
internal sealed class DagReader(IBlockSource blocks)
{
    /// <summary>Deeper trees of folders are taken for an attack.</summary>
    public const int MaxDepth = 65_536;

    /// <summary>Deeper trees of file nodes are: a tree of two links a node has less with 2^63 bytes.</summary>
    public const int MaxFileDepth = 64;

    /// <summary>All entries below a root, every directory before its content, siblings sorted by the bytes of their names; the root first.</summary>
    /// <param name="allowMissing">Whether an entry whose block is missing is given as such, and not taken for a fault; the root is always a fault.</param>
    /// <param name="enters">Says by its path whether an entry is looked at; null for all.</param>
    /// <param name="onFault">Takes what is wrong with an entry, by its path, and the walk goes on beside it; null where that is to be thrown.</param>
    /// <exception cref="MissingBlockException">A directory or the first block of a file is missing.</exception>
    /// <exception cref="MalformedDataException">A block is not what it should be.</exception>
    public IEnumerable<DagEntry> Walk(Cid root, bool allowMissing = false, Func<byte[], bool>? enters = null, Action<byte[], Exception>? onFault = null)
    {
        var pending = new Stack<(byte[] Path, Cid Cid, ulong Tsize, int Depth)>();
        pending.Push(([], root, 0, 0));
        while (pending.TryPop(out var next))
        {
            DagEntry entry;
            DagPbNode? node = null;
            UnixFsData? data = null;
            try
            {
                entry = Describe(next.Path, next.Cid, out node, out data);
            }
            catch (MissingBlockException) when (allowMissing && next.Depth > 0)
            {
                entry = new DagEntry(next.Path, UnixFsType.Raw, -1, next.Cid, default, []);
            }
            catch (Exception e) when (onFault is not null && e is MalformedDataException or IOException)
            {
                onFault(next.Path, e);
                continue;
            }

            yield return entry with { Tsize = next.Tsize };
            if (!entry.IsFolder)
                continue;
            var content = new FolderContent(blocks, next.Path, onFault);
            try
            {
                if (next.Depth == MaxDepth)
                    throw Malformed(next.Path, $"is nested more than {MaxDepth} deep");
                content.Collect(node!, data!);
            }
            catch (Exception e) when (onFault is not null && e is MalformedDataException or IOException)
            {
                onFault(next.Path, e);
            }

            foreach (var (name, cid, tsize) in content.LastFirst())
            {
                byte[] path = next.Path.Length == 0 ? name : PathText.Join(next.Path, name);
                if (enters is null || enters(path))
                    pending.Push((path, cid, tsize, next.Depth + 1));
            }
        }
    }

    /// <summary>The CID that a path leads to, or null where a folder has no such entry. To a root that is no folder every path leads.</summary>
    /// <exception cref="MissingBlockException">A folder on the way to it is missing.</exception>
    /// <exception cref="MalformedDataException">A folder is not what it should be.</exception>
    public Cid? Find(Cid root, ReadOnlySpan<byte> path)
    {
        var at = root;
        for (bool isRoot = true; path.Length > 0; isRoot = false)
        {
            int slash = path.IndexOf((byte)'/');
            var name = slash < 0 ? path : path[..slash];
            path = slash < 0 ? default : path[(slash + 1)..];
            if (at.Codec == Multicodec.Raw)
                return isRoot ? at : null;
            var (node, data) = Decode(Read(at, []), [], at);
            if (data.Type is not (UnixFsType.Directory or UnixFsType.HamtShard))
                return isRoot ? at : null;
            if (FindEntry(node, data, name) is not { } found)
                return null;
            at = found;
        }

        return at;
    }

    /// <summary>The entry of a folder with that name, or null.</summary>
    /// <param name="onShard">Takes the shards on the way to it, below the folder's own block.</param>
    internal Cid? FindEntry(DagPbNode node, UnixFsData data, ReadOnlySpan<byte> name, Action<Cid>? onShard = null)
    {
        if (data.Type == UnixFsType.Directory)
            return LinkOf(node, name);
        ulong hash = Murmur3.Hash(name);
        for (int left = 64; ;)
        {
            int bits = FolderContent.ShardBits(data), fanout = 1 << bits;
            if (data.Type != UnixFsType.HamtShard || bits == 0 || left < bits)
                throw Malformed([], "has a shard with a fanout that is none, or too many levels of shards, or a sub-shard that is none");
            left -= bits;
            byte[] bucket = Encoding.ASCII.GetBytes(((int)(hash >> left) & (fanout - 1)).ToString($"X{(bits + 3) / 4}", CultureInfo.InvariantCulture));
            if (LinkOf(node, [.. bucket, .. name]) is { } entry)
                return entry;
            if (LinkOf(node, bucket) is not { } shard)
                return null;
            onShard?.Invoke(shard);
            (node, data) = Decode(Read(shard, []), [], shard);
        }
    }

    private static Cid? LinkOf(DagPbNode node, ReadOnlySpan<byte> name)
    {
        foreach (var link in node.Links)
        {
            if (link.Name.Span.SequenceEqual(name))
                return link.Hash;
        }

        return null;
    }

    /// <summary>The block that holds a place in a file's content; of places beyond the end, the last block.</summary>
    /// <exception cref="MissingBlockException">A node on the way to it is missing.</exception>
    /// <exception cref="MalformedDataException">A node is not what it should be.</exception>
    public DagLeaf LeafAt(Cid file, long offset)
    {
        long start = 0, length = file.Codec == Multicodec.DagPb ? 0 : Math.Max(0, blocks.Length(file));
        int siblings = 0;
        for (int depth = 0; file.Codec == Multicodec.DagPb; depth++)
        {
            var (node, data) = Decode(Read(file, []), [], file);
            if (node.Links.Count == 0)
                return new DagLeaf(file, start, data.Data.Length, siblings);
            if (depth == MaxFileDepth || node.Links.Count != data.BlockSizes.Length)
                throw Malformed([], $"node {file} is not part of a file");
            int child = 0;
            for (; child < data.BlockSizes.Length - 1 && data.BlockSizes[child] <= (ulong)(offset - start); child++)
                start += (long)data.BlockSizes[child];
            (file, length, siblings) = (node.Links[child].Hash, (long)data.BlockSizes[child], node.Links.Count);
        }

        return new DagLeaf(file, start, length, siblings);
    }

    /// <summary>Writes a file's content, leaf after leaf.</summary>
    public void CopyFile(Cid file, Stream destination)
    {
        var entry = Describe([], file, out _, out _);
        if (entry.Type != UnixFsType.File)
            throw Malformed([], $"{file} is no file");
        new FileContent(blocks).Read(file, entry.Size, 0, entry.Size, (_, content) => destination.Write(content));
    }

    private DagEntry Describe(byte[] path, Cid cid, out DagPbNode? node, out UnixFsData? data)
    {
        (node, data) = (null, null);
        if (cid.Codec == Multicodec.Raw)
        {
            long length = cid.MultihashCode == Multicodec.Identity ? cid.DigestLength : blocks.Length(cid);
            return length >= 0 ? new DagEntry(path, UnixFsType.File, length, cid, default, []) : throw new MissingBlockException(cid, PathText.Quote(path));
        }

        if (cid.Codec != Multicodec.DagPb)
            throw Malformed(path, $"has codec 0x{cid.Codec:x}, which is not UnixFS");
        (node, data) = Decode(Read(cid, path), path, cid);
        var metadata = new NodeMetadata(data.Mode, data.Mtime);
        byte[] target = data.Type == UnixFsType.Symlink ? data.Data.ToArray() : [];
        long size = data.Type switch
        {
            UnixFsType.File or UnixFsType.Raw => FileContent.SizeOf(data) is >= 0 and var length ? length : throw Malformed(path, $"says a file size of more than {long.MaxValue}"),
            UnixFsType.Symlink => target.Length,
            _ => 0,
        };
        return new DagEntry(path, data.Type == UnixFsType.Raw ? UnixFsType.File : data.Type, size, cid, metadata, target);
    }

    private byte[] Read(in Cid cid, byte[] path) => Read(blocks, cid, path);

    /// <summary>A block of an entry; one with an identity CID need not stand anywhere.</summary>
    internal static byte[] Read(IBlockSource blocks, in Cid cid, byte[] path)
    {
        if (cid.MultihashCode == Multicodec.Identity)
            return cid.Digest.ToArray();
        return blocks.Read(cid) ?? throw new MissingBlockException(cid, PathText.Quote(path));
    }

    internal static (DagPbNode Node, UnixFsData Data) Decode(ReadOnlyMemory<byte> block, byte[] path, in Cid cid)
    {
        try
        {
            var node = DagPbNode.Decode(block);
            return (node, UnixFsData.Decode(node.Data));
        }
        catch (MalformedDataException e)
        {
            throw e.WithContext($"block {cid} of '{PathText.Quote(path)}'");
        }
    }

    internal static MalformedDataException Malformed(byte[] path, string what) => new($"'{PathText.Quote(path)}' {what}");
}
