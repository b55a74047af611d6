using System.Buffers;
using System.Runtime.InteropServices;
using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>What of a DAG is wanted behind a path.</summary>
/// <param name="Bytes">The part of a file that is wanted, with <see cref="DagScope.Entity"/> alone; null for all of it.</param>
/// <param name="HasDuplicates">Whether a block comes as often as it is met, and not once.</param>
internal readonly record struct DagRequest(DagScope Scope, EntityBytes? Bytes = null, bool HasDuplicates = false);

/// <summary>
/// The blocks that answer a request for a part of a DAG, one after the other: those that prove the path, then those of its scope, depth first,
/// parents before their children, links in the order of their node. Blocks with identity CIDs are not among them: who has the link has the block.
/// Memory: one block, the links that wait, and without duplicates <see cref="SeenBlocks"/>. For one thread at a time.
/// </summary>
internal sealed class DagWalk : IDisposable
{
    /// <summary>Longer blocks are refused, as those who take CARs do.</summary>
    public const int LongestBlock = 8 << 20;

    /// <summary>Most links that wait: of the folders and shards on the way to one entry, and of a file's nodes. 28 MB.</summary>
    private const int MostPending = 1 << 18;

    private readonly IBlockSource blocks;
    private readonly DagRequest request;
    private readonly CancellationToken cancel;
    private readonly Stack<Pending> pending = new();
    private readonly SeenBlocks? seen;

    // Nodes that came, of which not all below was looked at, as they lie across an end of the range: at most two on a level.
    private readonly HashSet<Cid> partial = [];
    private long from, to;
    private byte[] buffer = [];

    public DagWalk(IBlockSource blocks, DagPath path, DagRequest request, CancellationToken cancel = default)
    {
        (this.blocks, this.request, this.cancel) = (blocks, request, cancel);
        seen = request.HasDuplicates ? null : new SeenBlocks();
        pending.Push(new Pending(path.End, request.Scope switch { DagScope.All => Below.All, DagScope.Entity => Below.Entity, _ => Below.Nothing }));
        foreach (var cid in path.Proof.Reverse())
            pending.Push(new Pending(cid, Below.Nothing));
    }

    /// <summary>What of the blocks below one is wanted.</summary>
    private enum Below
    {
        Nothing,
        All,

        /// <summary>Depends on what the block turns out to be.</summary>
        Entity,
        Shards,

        /// <summary>What of a file's content lies in the range.</summary>
        Content,
    }

    /// <summary>CID of the current block.</summary>
    public Cid Cid { get; private set; }

    /// <summary>The current block, checked against its CID, until the next is asked for; behind the last, what was looked at last.</summary>
    public ReadOnlyMemory<byte> Block { get; private set; }

    /// <summary>Goes on to the next block; false behind the last.</summary>
    /// <exception cref="MissingBlockException">It is missing.</exception>
    /// <exception cref="MalformedDataException">It does not match its CID, or is not what it should be.</exception>
    /// <exception cref="InvalidDataException">There are more blocks than can be told apart.</exception>
    public bool MoveNext()
    {
        while (pending.TryPop(out var next))
        {
            cancel.ThrowIfCancellationRequested();
            if (Visit(next))
                return true;
        }

        return false;
    }

    public void Dispose()
    {
        Block = default;
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    /// <returns>Whether it is one that comes.</returns>
    private bool Visit(in Pending next)
    {
        bool isNew = next.Cid.MultihashCode != Multicodec.Identity;
        if (isNew && seen is not null)
        {
            bool isWhole = next.Below != Below.Content || next.Cid.Codec == Multicodec.Raw || (next.Start >= from && next.Start + next.Length <= to);
            isNew = seen.Add(next.Cid);
            if (!isNew && !(isWhole ? partial.Remove(next.Cid) : partial.Contains(next.Cid)))
                return false;
            if (isNew && !isWhole)
                _ = partial.Add(next.Cid);
        }

        (Cid, Block) = (next.Cid, Read(next.Cid));
        switch (next.Below)
        {
            case Below.All when Cid.Codec == Multicodec.DagPb:
                Push(DagPbNode.Decode(Block).Links);
                break;
            case Below.All when Cid.Codec != Multicodec.Raw:
                throw Malformed($"has codec 0x{Cid.Codec:x}, whose links are not known here");
            case Below.Entity when Cid.Codec == Multicodec.DagPb:
                EnterEntity();
                break;
            case Below.Shards:
                EnterShard(next.Depth);
                break;
            case Below.Content when Cid.Codec != Multicodec.Raw:
                EnterContent(next.Start, next.Length, next.Depth);
                break;
        }

        return isNew;
    }

    private void EnterEntity()
    {
        DagPbNode node;
        UnixFsData data;
        try
        {
            (node, data) = DagReader.Decode(Block, [], Cid);
        }
        catch (MalformedDataException)
        {
            // Of what is not UnixFS, the block is all there is.
            return;
        }

        if (data.Type == UnixFsType.HamtShard)
        {
            EnterShard(0);
        }
        else if (data.Type is UnixFsType.File or UnixFsType.Raw)
        {
            if (request.Bytes is not { } range)
            {
                Push(node.Links);
                return;
            }

            long size = Math.Max(0, FileContent.SizeOf(data));
            (from, to) = range.Of(size);
            if (from < to)
                EnterContent(0, size, 0);
        }
    }

    private void EnterShard(int depth)
    {
        var (node, data) = Cid.Codec == Multicodec.DagPb ? DagReader.Decode(Block, [], Cid) : throw Malformed("is no shard");
        int bits = FolderContent.ShardBits(data);
        if (data.Type != UnixFsType.HamtShard || bits == 0 || bits * (depth + 1) > 64)
            throw Malformed("has a fanout that is none, or too many levels of shards, or is no shard");
        for (int i = node.Links.Count - 1; i >= 0; i--)
        {
            // What has more than the number of its bucket for a name is an entry.
            if (node.Links[i].Name.Length == (bits + 3) / 4)
                Push(new Pending(node.Links[i].Hash, Below.Shards, Depth: depth + 1));
        }
    }

    private void EnterContent(long start, long length, int depth)
    {
        var (node, data) = FileContent.DecodePart(Block, Cid, length, depth);
        long at = start + length;
        for (int i = node.Links.Count - 1; i >= 0; i--)
        {
            long part = (long)data.BlockSizes[i];
            at -= part;
            if (FileContent.IsIn(at, part, from, to))
                Push(new Pending(node.Links[i].Hash, Below.Content, at, part, depth + 1));
        }
    }

    private void Push(IReadOnlyList<DagPbLink> links)
    {
        for (int i = links.Count - 1; i >= 0; i--)
            Push(new Pending(links[i].Hash, Below.All));
    }

    private void Push(in Pending next)
    {
        if (pending.Count == MostPending)
            throw Malformed($"and those above it have more than {MostPending} links that wait");
        pending.Push(next);
    }

    private ReadOnlyMemory<byte> Read(in Cid cid)
    {
        if (cid.MultihashCode == Multicodec.Identity)
            return cid.Digest.ToArray();
        long length = blocks.Length(cid);
        if (length < 0)
            throw new MissingBlockException(cid);
        if (length > LongestBlock)
            throw Malformed($"has {length} bytes, more than {LongestBlock}");
        if (buffer.Length < length)
        {
            Dispose();
            buffer = ArrayPool<byte>.Shared.Rent((int)length);
        }

        return blocks.TryRead(cid, buffer.AsSpan(0, (int)length)) ? buffer.AsMemory(0, (int)length) : throw new MissingBlockException(cid);
    }

    private MalformedDataException Malformed(string what) => new($"block {Cid} {what}");

    /// <param name="Start">Where in the file its content begins.</param>
    /// <param name="Length">Bytes of its content.</param>
    /// <param name="Depth">Nodes of the file, or shards of the folder, above it.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Pending(Cid Cid, Below Below, long Start = 0, long Length = 0, int Depth = 0);
}
