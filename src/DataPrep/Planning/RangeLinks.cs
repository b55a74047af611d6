using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>
/// The children of a folder from one up to another, as links of its node in a piece, and one more child, should there be one:
/// where it is a folder, or a file that can be cut, only the length of its CID is known yet, which is that of a node.
/// </summary>
internal sealed class RangeLinks(SourceTree tree, UnixFsProfile profile) : IDirectoryLinks
{
    private static readonly Comparer<(int Entry, long DagSize)> s_byEntry = Comparer<(int Entry, long DagSize)>.Create((a, b) => a.Entry.CompareTo(b.Entry));

    private readonly DirectoryNode directory = new(profile);
    private readonly List<(int Entry, long DagSize)> known = [];
    private readonly List<int> children = [];
    private (int Index, EntrySize Size) latest;

    /// <summary>The child after the last one; -1 where there is none.</summary>
    public int Next { get; private set; }

    /// <param name="range">The children.</param>
    /// <param name="sizes">DAG sizes, in tree order, where they do not follow from the tree: of folders and of cut files.</param>
    public void Take(in ChildRange range, ReadOnlySpan<(int Entry, long DagSize)> sizes)
    {
        known.Clear();
        known.AddRange(sizes);
        known.Add((range.Last, range.LastDagSize));
        children.Clear();
        (Next, latest) = (-1, (-1, default));
        int end = tree[range.Last].Parent < 0 ? tree.Count : tree[tree[range.Last].Parent].End;
        for (int child = range.First; child < end && Next < 0; child = tree[child].End)
        {
            if (tree[child].Kind == EntryKind.Removed)
                continue;
            children.Add(child);
            if (child > range.Last)
                Next = child;
        }
    }

    public int Count => children.Count;

    public int NumberOf(int entry) => children.BinarySearch(entry);

    public ReadOnlySpan<byte> Name(int index) => tree.Name(children[index]);

    public int CidLength(int index) => Size(index).CidLength;

    public long DagSize(int index) => Size(index).DagSize;

    public int WriteCid(int index, Span<byte> destination) => throw new NotSupportedException("CIDs are not known when sizes are measured.");

    private EntrySize Size(int index)
    {
        if (index != latest.Index)
            latest = (index, SizeOf(children[index]));
        return latest.Size;
    }

    private EntrySize SizeOf(int entry)
    {
        ref readonly var e = ref tree[entry];
        if (e.Kind == EntryKind.Directory || e.Size > profile.ChunkSize)
        {
            if (entry == Next)
                return new EntrySize(0, profile.NodeCidLength, 0);
            int found = known.BinarySearch((entry, 0), s_byEntry);
            if (found >= 0)
                return new EntrySize(0, profile.NodeCidLength, known[found].DagSize);
        }

        var metadata = PieceLayout.ScannedMetadata(tree, profile, entry);
        return e.Kind == EntryKind.Symlink
            ? EntrySize.OfSymlink(profile, directory, e.Size, metadata)
            : EntrySize.OfFile(profile, e.Size, metadata);
    }
}
