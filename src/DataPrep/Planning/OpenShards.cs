using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>
/// The sharded folders that are open where a piece may end. Each is measured at many places, and its links are sorted by hash
/// only once: for the furthest place, which is the first that is tried.
/// </summary>
internal sealed class OpenShards(SourceTree tree, UnixFsProfile profile)
{
    private readonly Dictionary<int, Shards> folders = [];

    /// <param name="IsLastOpen">Whether the last child's size is not that of the whole child.</param>
    private sealed record Shards(RangeLinks Links, int Last, bool IsLastOpen, HamtSizes Sizes);

    /// <summary>Forgets all folders: a new piece begins.</summary>
    public void Clear() => folders.Clear();

    /// <summary>Sizes of a folder with its children up to one.</summary>
    /// <param name="folder">Entry of the folder.</param>
    /// <param name="first">Its first child in the piece.</param>
    /// <param name="last">Its last child in the piece.</param>
    /// <param name="lastDagSize">DAG size of what of the last child is in the piece.</param>
    /// <param name="isLastOpen">Whether more of it may come.</param>
    /// <param name="known">DAG sizes of the other children that are folders or cut files.</param>
    public NodeSize Measure(int folder, NodeMetadata metadata, int first, int last, long lastDagSize, bool isLastOpen, ReadOnlySpan<(int Entry, long DagSize)> known)
    {
        if (!folders.TryGetValue(folder, out var shards) || last > (shards.IsLastOpen ? shards.Last : shards.Links.Next))
        {
            var links = new RangeLinks(tree, profile, first, last, [.. known, (last, lastDagSize)]);
            shards = new Shards(links, last, isLastOpen, new HamtSizes(profile, links, metadata));
            folders[folder] = shards;
        }

        return shards.Sizes.Measure(shards.Links.NumberOf(last) + 1, lastDagSize);
    }
}
