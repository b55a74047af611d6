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

    private byte[] block = new byte[64 << 10];

    /// <summary>Sizes of the directory's blocks, before any CID is known.</summary>
    /// <param name="onBlock">Takes the length of each block, in the order in which they are emitted.</param>
    public NodeSize Measure(IDirectoryLinks links, NodeMetadata metadata, Action<int>? onBlock = null)
    {
        long length = BlockLength(links, metadata, out long below);
        if (IsSharded(links, length))
            return new HamtShape(profile, links, metadata).Measure(onBlock);
        if (length <= LargestBlock)
            onBlock?.Invoke((int)length);
        return length <= LargestBlock
            ? new NodeSize(BalancedFile.SectionLength(profile, (int)length), length + below)
            : throw new InvalidDataException($"a folder of {links.Count} entries would be one block of {length} bytes, and blocks above {LargestBlock} cannot be transferred: let it be sharded (--hamt-threshold)");
    }

    /// <summary>Appends the directory's blocks, the root last, and gives the root's digest.</summary>
    public void Emit(IDirectoryLinks links, NodeMetadata metadata, IBlockSink sink, Span<byte> digest)
    {
        long length = BlockLength(links, metadata, out _);
        if (IsSharded(links, length))
        {
            new HamtShape(profile, links, metadata).Emit(sink, digest);
            return;
        }

        if (block.Length < length)
            block = new byte[length];
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
        // No filesize field: kubo writes none for symlinks.
        int at = DagPb.WriteDataHeader(block, SymlinkMessage(target.Length, metadata));
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

    private static int SymlinkMessage(int target, NodeMetadata metadata) =>
        2 + (target == 0 ? 0 : 1 + ProtobufVarint.Length((ulong)target) + target) + metadata.Length;

    /// <summary>Length of the block of the directory as one node; <paramref name="below"/> is the size of all it links to.</summary>
    private static long BlockLength(IDirectoryLinks links, NodeMetadata metadata, out long below)
    {
        long length = DagPb.DataFieldLength(2 + metadata.Length);
        below = 0;
        for (int i = 0; i < links.Count; i++)
        {
            long size = links.DagSize(i);
            length += DagPb.LinkLength(links.CidLength(i), links.Name(i).Length, (ulong)size);
            below += size;
        }

        return length;
    }

    private bool IsSharded(IDirectoryLinks links, long blockLength)
    {
        if (links.Count == 0 || profile.HamtThreshold == 0)
            return false;
        long estimate = blockLength;
        if (profile.HamtEstimation == HamtEstimation.LinksBytes)
        {
            estimate = 0;
            for (int i = 0; i < links.Count; i++)
                estimate += links.Name(i).Length + links.CidLength(i);
        }

        return estimate > profile.HamtThreshold;
    }
}
