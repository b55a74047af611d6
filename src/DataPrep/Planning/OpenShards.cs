using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>Some children of a folder, one after the other.</summary>
/// <param name="LastDagSize">DAG size of what of the last one is in the piece.</param>
/// <param name="IsLastOpen">Whether more of the last one may come.</param>
internal readonly record struct ChildRange(int First, int Last, long LastDagSize, bool IsLastOpen);

/// <summary>
/// Measures sharded folders. One that is open where a piece may end is measured at many places, and its links are sorted by
/// hash only once: for the furthest place, which is the first that is tried.
/// </summary>
internal sealed class OpenShards(SourceTree tree, UnixFsProfile profile)
{
    private readonly Dictionary<int, Shards> folders = [];

    // With arrays for as many links as any folder had, since there may be millions.
    private readonly Stack<Shards> free = [];

    /// <summary>Forgets all folders: a new piece begins.</summary>
    public void Clear()
    {
        foreach (var shards in folders.Values)
            free.Push(shards);
        folders.Clear();
    }

    /// <summary>Sizes of a folder that is measured at other places too.</summary>
    /// <param name="children">Those in the piece.</param>
    /// <param name="known">DAG sizes of those among them that are folders or cut files.</param>
    public NodeSize Measure(int folder, NodeMetadata metadata, in ChildRange children, ReadOnlySpan<(int Entry, long DagSize)> known)
    {
        if (!folders.TryGetValue(folder, out var shards))
        {
            folders[folder] = shards = Free();
            shards.Take(metadata, children, known);
        }
        else if (children.Last > shards.LastKnown)
        {
            shards.Take(metadata, children, known);
        }

        return shards.Measure(children);
    }

    /// <summary>Sizes of a folder that is measured once.</summary>
    public NodeSize MeasureClosed(NodeMetadata metadata, in ChildRange children, ReadOnlySpan<(int Entry, long DagSize)> known)
    {
        var shards = Free();
        shards.Take(metadata, children, known);
        var size = shards.Measure(children);
        free.Push(shards);
        return size;
    }

    private Shards Free() => free.TryPop(out var shards) ? shards : new Shards(tree, profile);

    private sealed class Shards(SourceTree tree, UnixFsProfile profile)
    {
        private readonly RangeLinks links = new(tree, profile);
        private readonly HamtSizes sizes = new(profile);

        /// <summary>The last child up to which the folder can be measured.</summary>
        public int LastKnown { get; private set; }

        public void Take(NodeMetadata metadata, in ChildRange children, ReadOnlySpan<(int Entry, long DagSize)> known)
        {
            links.Take(children, known);
            sizes.Take(links, metadata);
            LastKnown = children.IsLastOpen ? children.Last : links.Next;
        }

        public NodeSize Measure(in ChildRange children) => sizes.Measure(links.NumberOf(children.Last) + 1, children.LastDagSize);
    }
}
