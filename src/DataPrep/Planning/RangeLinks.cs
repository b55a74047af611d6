using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>The children of a folder from one up to another, as links of its node in a piece.</summary>
internal sealed class RangeLinks : IDirectoryLinks
{
    private readonly SourceTree tree;
    private readonly UnixFsProfile profile;
    private readonly DirectoryNode directory;
    private readonly List<(int Entry, long DagSize)> known;
    private readonly List<int> children = [];

    /// <param name="known">DAG sizes of folders and cut files among them, in tree order; those of the others follow from the tree.</param>
    public RangeLinks(SourceTree tree, UnixFsProfile profile, DirectoryNode directory, int first, int last, List<(int Entry, long DagSize)> known)
    {
        (this.tree, this.profile, this.directory, this.known) = (tree, profile, directory, known);
        for (int child = first; child <= last; child = tree[child].End)
        {
            if (tree[child].Kind != EntryKind.Removed)
                children.Add(child);
        }
    }

    public int Count => children.Count;

    public ReadOnlySpan<byte> Name(int index) => tree.Name(children[index]);

    public int CidLength(int index) => Size(index).CidLength;

    public long DagSize(int index) => Size(index).DagSize;

    public int WriteCid(int index, Span<byte> destination) => throw new NotSupportedException("CIDs are not known when sizes are measured.");

    private EntrySize Size(int index)
    {
        int entry = children[index];
        ref readonly var e = ref tree[entry];
        if (e.Kind == EntryKind.Directory || (known.Count > 0 && e.Size > profile.ChunkSize))
        {
            int found = known.BinarySearch((entry, 0), ByEntry);
            if (found >= 0 || e.Kind == EntryKind.Directory)
                return new EntrySize(0, profile.NodeCidLength, known[found].DagSize);
        }

        var metadata = PieceLayout.ScannedMetadata(tree, profile, entry);
        return e.Kind == EntryKind.Symlink
            ? EntrySize.OfSymlink(profile, directory, e.Size, metadata)
            : EntrySize.OfFile(profile, e.Size, metadata);
    }

    private static readonly Comparer<(int Entry, long DagSize)> ByEntry = Comparer<(int Entry, long DagSize)>.Create((a, b) => a.Entry.CompareTo(b.Entry));
}
