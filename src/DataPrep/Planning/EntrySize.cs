using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>What a file, a part of one or a symlink adds to a piece, but for the link to it.</summary>
/// <param name="SectionBytes">Bytes of the sections of all its blocks, leaves included.</param>
/// <param name="CidLength">Binary length of its root's CID.</param>
/// <param name="DagSize">Cumulative size of its DAG.</param>
internal readonly record struct EntrySize(long SectionBytes, int CidLength, long DagSize)
{
    public static EntrySize OfFile(UnixFsProfile profile, long size, NodeMetadata metadata)
    {
        if (size <= profile.ChunkSize)
        {
            var leaf = new LeafShape(profile, (int)size, metadata);
            return new EntrySize(leaf.SectionLength, leaf.CidLength, leaf.BlockLength);
        }

        var nodes = new BalancedFile(profile, size, metadata).Size;
        long leaves = new FileLeaves(profile, size, metadata, 0).End;
        return new EntrySize(leaves + nodes.SectionBytes, profile.NodeCidLength, nodes.DagSize);
    }

    /// <summary>A part of a cut file, together with the folder that stands for the file.</summary>
    /// <param name="name">The part's name in that folder.</param>
    public static EntrySize OfPart(UnixFsProfile profile, DirectoryNode directory, ReadOnlySpan<byte> name, long size)
    {
        var part = OfFile(profile, size, default);
        var folder = directory.Measure(new OnlyLink(name.ToArray(), part), default);
        return new EntrySize(part.SectionBytes + folder.SectionBytes, profile.NodeCidLength, folder.DagSize);
    }

    public static EntrySize OfSymlink(UnixFsProfile profile, DirectoryNode directory, long targetLength, NodeMetadata metadata)
    {
        var node = directory.MeasureSymlink((int)targetLength, metadata);
        return new EntrySize(node.SectionBytes, profile.NodeCidLength, node.DagSize);
    }

    private sealed class OnlyLink(byte[] name, EntrySize part) : IDirectoryLinks
    {
        public int Count => 1;

        public ReadOnlySpan<byte> Name(int index) => name;

        public int CidLength(int index) => part.CidLength;

        public long DagSize(int index) => part.DagSize;

        public int WriteCid(int index, Span<byte> destination) => throw new NotSupportedException("CIDs are not known when sizes are measured.");
    }
}
