using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>The entries of a directory, sorted by the bytes of their names.</summary>
internal interface IDirectoryLinks
{
    int Count { get; }

    ReadOnlySpan<byte> Name(int index);

    int CidLength(int index);

    /// <summary>Cumulative size of the entry's DAG.</summary>
    long DagSize(int index);

    /// <summary>Writes the entry's binary CID; returns its length. Only when blocks are made, not when they are measured.</summary>
    int WriteCid(int index, Span<byte> destination);
}

/// <summary>Directories and symlinks as dag-pb nodes; sharded into a HAMT where the profile says so.</summary>
internal sealed class DirectoryNode(UnixFsProfile profile)
{
    /// <summary>Most bytes of a block that other implementations take.</summary>
    private const int LargestBlock = 2 << 20;

    // Made when something is written: there are many that only measure.
    private byte[] block = [];

    /// <summary>Sizes of the directory's blocks, before any CID is known.</summary>
    /// <param name="onBlock">Takes the length of each block, in the order in which they are emitted.</param>
    /// <exception cref="InvalidDataException">The directory is not sharded, and its block too large.</exception>
    public NodeSize Measure(IDirectoryLinks links, NodeMetadata metadata, Action<long>? onBlock = null)
    {
        var totals = TotalsOf(links);
        if (!IsSharded(totals, metadata))
        {
            onBlock?.Invoke(BlockLength(totals, metadata));
            return MeasureOneNode(totals, metadata);
        }

        var sharded = new HamtSizes(profile, isForOnce: true) { OnBlock = onBlock };
        sharded.Take(links, metadata);
        return sharded.Measure();
    }

    /// <summary>Sizes of a directory that is one node.</summary>
    /// <exception cref="InvalidDataException">The node's block is too large.</exception>
    public NodeSize MeasureOneNode(in LinkTotals links, NodeMetadata metadata)
    {
        long length = BlockLength(links, metadata);
        return length <= LargestBlock
            ? SizeAsOneNode(links, metadata)
            : throw new InvalidDataException($"a folder of {links.Count} entries would be one block of {length} bytes, and blocks above {LargestBlock} cannot be transferred: let it be sharded (--hamt-threshold)");
    }

    /// <summary>Sizes that a directory has, or would have, as one node. Sharded it is larger, since every link stands in some shard, with a longer name.</summary>
    public NodeSize SizeAsOneNode(in LinkTotals links, NodeMetadata metadata)
    {
        long length = BlockLength(links, metadata);
        return new NodeSize(BalancedFile.SectionLength(profile, length), length + links.Below);
    }

    public bool IsSharded(in LinkTotals links, NodeMetadata metadata)
    {
        if (links.Count == 0 || profile.HamtThreshold == 0)
            return false;
        long estimate = profile.HamtEstimation == HamtEstimation.LinksBytes ? links.NamesAndCids : BlockLength(links, metadata);
        return estimate > profile.HamtThreshold;
    }

    /// <summary>Appends the directory's blocks, the root last, and gives the root's digest.</summary>
    public void Emit(IDirectoryLinks links, NodeMetadata metadata, IBlockSink sink, Span<byte> digest)
    {
        var totals = TotalsOf(links);
        if (IsSharded(totals, metadata))
        {
            new HamtShape(profile, links, metadata).Emit(sink, digest);
            return;
        }

        long length = BlockLength(totals, metadata);
        Reserve(length);
        Span<byte> cid = stackalloc byte[36];
        int at = 0;
        for (int i = 0; i < links.Count; i++)
            at += DagPb.WriteLink(block.AsSpan(at), cid[..links.WriteCid(i, cid)], links.Name(i), (ulong)links.DagSize(i));
        at += DagPb.WriteDataHeader(block.AsSpan(at), 2 + metadata.Length);
        block[at++] = 0x08;
        block[at++] = (byte)UnixFsType.Directory;
        at += metadata.Write(block.AsSpan(at));
        sink.Append(block.AsSpan(0, at), digest);
    }

    public NodeSize MeasureSymlink(int targetLength, NodeMetadata metadata)
    {
        int length = DagPb.DataFieldLength(SymlinkMessage(targetLength, metadata));
        return new NodeSize(BalancedFile.SectionLength(profile, length), length);
    }

    public void EmitSymlink(ReadOnlySpan<byte> target, NodeMetadata metadata, IBlockSink sink, Span<byte> digest)
    {
        int message = SymlinkMessage(target.Length, metadata);
        Reserve(DagPb.DataFieldLength(message));

        // No filesize field: kubo writes none for symlinks.
        int at = DagPb.WriteDataHeader(block, message);
        block[at++] = 0x08;
        block[at++] = (byte)UnixFsType.Symlink;
        if (target.Length > 0)
        {
            block[at++] = 0x12;
            at += ProtobufVarint.Write(block.AsSpan(at), (ulong)target.Length);
            target.CopyTo(block.AsSpan(at));
            at += target.Length;
        }

        at += metadata.Write(block.AsSpan(at));
        sink.Append(block.AsSpan(0, at), digest);
    }

    private void Reserve(long length)
    {
        if (block.Length < length)
            block = new byte[Math.Max(length, 64 << 10)];
    }

    private static int SymlinkMessage(int target, NodeMetadata metadata) =>
        2 + (target == 0 ? 0 : 1 + ProtobufVarint.Length((ulong)target) + target) + metadata.Length;

    private static LinkTotals TotalsOf(IDirectoryLinks links)
    {
        var totals = default(LinkTotals);
        for (int i = 0; i < links.Count; i++)
            totals.Add(links.Name(i).Length, links.CidLength(i), links.DagSize(i));
        return totals;
    }

    /// <summary>Length of the block of the directory as one node.</summary>
    private static long BlockLength(in LinkTotals links, NodeMetadata metadata) => DagPb.DataFieldLength(2 + metadata.Length) + links.LinkBytes;
}
