using DataPrep.Hashing;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>The children of one folder after the other, as links of its node.</summary>
/// <param name="leaves">Digests by leaf; needed only to write CIDs.</param>
/// <param name="roots">Digests of the roots that have a place in the tail; needed only to write CIDs.</param>
internal sealed class TreeLinks(PieceLayout layout, DigestTable? leaves, DigestTable? roots) : IDirectoryLinks
{
    private readonly List<int> children = [];

    public int Count => children.Count;

    public TreeLinks Of(int folder)
    {
        children.Clear();
        var tree = layout.Tree;
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
        layout.Profile.WriteCid(destination, layout.IsRaw(children[index]), layout.RootDigest(children[index], leaves!, roots!));
}
