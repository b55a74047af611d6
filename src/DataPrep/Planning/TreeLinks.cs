using DataPrep.Hashing;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>Digests of the roots of a tree's entries.</summary>
internal interface IEntryDigests
{
    ReadOnlySpan<byte> this[int entry] { get; }
}

/// <summary>Digests as the tables of one piece hold them.</summary>
internal sealed class PieceDigests(PieceLayout layout, DigestTable leaves, DigestTable roots) : IEntryDigests
{
    public ReadOnlySpan<byte> this[int entry] => layout.RootDigest(entry, leaves, roots);
}

/// <summary>The children of one folder after the other, as links of its node.</summary>
/// <param name="digests">Needed only to write CIDs.</param>
internal sealed class TreeLinks(PieceLayout layout, IEntryDigests? digests) : IDirectoryLinks
{
    private readonly List<int> children = [];

    public int Count => children.Count;

    public TreeLinks Of(int folder)
    {
        children.Clear();
        var tree = layout.Tree;
        int count = 0;
        for (int child = folder + 1; child < tree[folder].End; child = tree[child].End)
            count++;
        _ = children.EnsureCapacity(count);
        for (int child = folder + 1; child < tree[folder].End; child = tree[child].End)
        {
            if (tree[child].Kind != EntryKind.Removed)
                children.Add(child);
        }

        return this;
    }

    public ReadOnlySpan<byte> Name(int index) => layout.Tree.Name(children[index]);

    public int CidLength(int index) => layout.IsRaw(children[index]) ? 36 : layout.Profile.NodeCidLength;

    public long DagSize(int index) => layout.DagSize(children[index]);

    public int WriteCid(int index, Span<byte> destination) =>
        layout.Profile.WriteCid(destination, layout.IsRaw(children[index]), digests![children[index]]);
}
