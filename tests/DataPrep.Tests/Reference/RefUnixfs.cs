namespace DataPrep.Tests.Reference;

/// <summary>
/// Builds UnixFS DAGs straight from the dag-pb and UnixFS rules, with no regard for speed and no code shared with the library.
/// </summary>
internal sealed class RefUnixfs
{
    private const ulong TypeDirectory = 1;
    private const ulong TypeFile = 2;
    private const ulong TypeSymlink = 4;

    private readonly RefOptions _options;

    private RefUnixfs(RefOptions options) => _options = options;

    public static RefDag Build(RefNode root, RefOptions options) => new(new RefUnixfs(options).Node(root));

    private RefBlock Node(RefNode node) => node switch
    {
        RefFile file => File(file),
        RefSymlink link => DagPb([], [.. RefBytes.VarintField(1, TypeSymlink), .. Inline(link.Target), .. Metadata(null, link.Mtime)]),
        RefDirectory directory => Directory(directory),
        _ => throw new ArgumentException($"Unknown node {node}."),
    };

    // ---- files: the balanced layout of kubo and boxo

    private RefBlock File(RefFile file)
    {
        using Stream stream = file.Open();
        using var chunks = new RefChunks(stream, _options.ChunkSize);
        byte[] metadata = Metadata(file.Mode, file.Mtime);

        if (chunks.AtEnd)
            return Leaf([], metadata).Block;
        byte[] first = chunks.Next();
        if (chunks.AtEnd)
            return Leaf(first, metadata).Block;

        (RefBlock Block, long Content) root = Leaf(first, []);
        for (int depth = 1; !chunks.AtEnd; depth++)
        {
            root = Fill(root, depth, chunks, metadata);
        }

        return root.Block;
    }

    /// <summary>An inner node that begins with <paramref name="first"/> (if any) and takes what still fits.</summary>
    private (RefBlock Block, long Content) Fill((RefBlock Block, long Content)? first, int depth, RefChunks chunks, byte[] metadata)
    {
        var children = new List<(RefBlock Block, long Content)>();
        if (first is { } begun)
            children.Add(begun);
        while (children.Count < _options.MaxLinks && !chunks.AtEnd)
        {
            children.Add(depth == 1 ? Leaf(chunks.Next(), []) : Fill(null, depth - 1, chunks, []));
        }

        // Metadata belongs to the file's root alone: the node that has swallowed the first leaf and left nothing unread
        bool isRoot = first is not null && chunks.AtEnd;
        return Inner(children, isRoot ? metadata : []);
    }

    private (RefBlock Block, long Content) Inner(List<(RefBlock Block, long Content)> children, byte[] metadata)
    {
        long content = children.Sum(child => child.Content);
        byte[] data =
        [
            .. RefBytes.VarintField(1, TypeFile),
            .. RefBytes.VarintField(3, (ulong)content),
            .. RefBytes.Concat(children.Select(child => RefBytes.VarintField(4, (ulong)child.Content))),
            .. metadata,
        ];
        return (DagPb([.. children.Select(child => (Array.Empty<byte>(), child.Block))], data), content);
    }

    /// <summary>A leaf: the bare bytes, or a File node around them when raw leaves are off or there is metadata to carry.</summary>
    private (RefBlock Block, long Content) Leaf(byte[] content, byte[] metadata)
    {
        if (_options.RawLeaves && metadata.Length == 0)
            return (Finish(RefCid.Raw, content, [], _options.KeepLeafBytes), content.Length);
        byte[] data =
        [
            .. RefBytes.VarintField(1, TypeFile), .. Inline(content), .. RefBytes.VarintField(3, (ulong)content.Length), .. metadata,
        ];
        return (Finish(RefCid.DagPb, RefBytes.BytesField(1, data), [], _options.KeepLeafBytes), content.Length);
    }

    // ---- directories, basic and sharded

    private RefBlock Directory(RefDirectory directory)
    {
        List<(byte[] Name, RefBlock Block)> entries = [.. directory.Entries.Select(entry => (entry.Name, Node(entry.Node)))];
        entries.Sort((a, b) => RefBytes.Compare(a.Name, b.Name));
        byte[] metadata = Metadata(directory.Mode, directory.Mtime);
        RefBlock basic = DagPb(entries, [.. RefBytes.VarintField(1, TypeDirectory), .. metadata]);

        long estimate = _options.BlockBytes ? basic.Size : entries.Sum(entry => (long)entry.Name.Length + entry.Block.Cid.Bytes.Length);
        // A directory begins basic and is looked at when an entry is added, so an empty one never shards
        return entries.Count > 0 && _options.HamtThreshold > 0 && estimate > _options.HamtThreshold
            ? RefHamt.Root(entries, _options.HamtFanout, metadata, DagPb)
            : basic;
    }

    // ---- bytes

    private RefBlock DagPb(IReadOnlyList<(byte[] Name, RefBlock Block)> links, byte[] data)
    {
        // An empty Name is still written: 12 00
        IEnumerable<byte[]> encoded = links.Select(link => RefBytes.BytesField(
            2,
            [
                .. RefBytes.BytesField(1, link.Block.Cid.Bytes),
                .. RefBytes.BytesField(2, link.Name),
                .. RefBytes.VarintField(3, (ulong)link.Block.Tsize),
            ]));
        byte[] block = RefBytes.Concat(encoded.Append(RefBytes.BytesField(1, data)));
        return Finish(RefCid.DagPb, block, [.. links.Select(link => link.Block)], keep: true);
    }

    private RefBlock Finish(byte codec, byte[] block, IReadOnlyList<RefBlock> children, bool keep) => new(
        RefCid.Of(codec, block, _options.CidVersion),
        block.Length,
        keep ? block : null,
        block.Length + children.Sum(child => child.Tsize),
        children);

    private static byte[] Inline(byte[] content) => content.Length == 0 ? [] : RefBytes.BytesField(2, content);

    private static byte[] Metadata(uint? mode, (long Seconds, int Nanos)? mtime)
    {
        byte[] modeField = mode is { } bits ? RefBytes.VarintField(7, bits) : [];
        if (mtime is not { } time)
            return modeField;
        byte[] nanos = time.Nanos == 0 ? [] : RefBytes.Fixed32Field(2, (uint)time.Nanos);
        return [.. modeField, .. RefBytes.BytesField(8, [.. RefBytes.VarintField(1, (ulong)time.Seconds), .. nanos])];
    }
}
