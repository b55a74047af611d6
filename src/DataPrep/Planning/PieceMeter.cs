using System.Runtime.InteropServices;
using DataPrep.Ipld;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>
/// Measures a piece while it is filled, without its tree being made: entries are taken in tree order, folders that are
/// done with are closed at their exact size, and of those still open sums over their links are kept.
/// </summary>
/// <remarks>
/// A folder that is sharded can only be measured over all its links, which is done when it is closed. While it is open, and
/// would be sharded if it were closed, <see cref="Least"/> takes it for one node, and only <see cref="Size"/> is exact.
/// </remarks>
/// <param name="shards">Shared by all meters of a piece.</param>
internal sealed class PieceMeter(SourceTree tree, UnixFsProfile profile, OpenShards shards)
{
    private readonly DirectoryNode directory = new(profile);
    private readonly List<OpenFolder> open = [];

    // DAG sizes of children of open folders that do not follow from the tree's entry alone: of folders, and of cut files.
    private readonly List<(int Entry, long DagSize)> sizes = [];
    private readonly List<int> missing = [];
    private PlanPoint begin;

    // Bytes of the header and of all that is closed.
    private long closed;

    /// <summary>The entry after the last one that was taken; before any is, the one that the piece begins at.</summary>
    public int Next { get; private set; }

    /// <summary>A bound of <see cref="Least"/> that takes no time: every folder that is open counts with the longest varints.</summary>
    public long Most { get; private set; }

    /// <param name="at">Where the piece begins: it is empty until something is taken.</param>
    public void Begin(PlanPoint at)
    {
        (begin, Next) = (at, at.Entry);
        open.Clear();
        sizes.Clear();
        closed = Most = CarHeader.LengthWithNodeRoot(profile.CidVersion);
        // A root that is no folder is put in one when it is cut, and is not measured here when it is not.
        Open(tree[0].Kind == EntryKind.Directory ? 0 : -1);
    }

    public void CopyFrom(PieceMeter other)
    {
        (begin, Next, closed, Most) = (other.begin, other.Next, other.closed, other.Most);
        open.Clear();
        open.AddRange(other.open);
        sizes.Clear();
        sizes.AddRange(other.sizes);
    }

    /// <summary>Takes an entry if, with every open folder as one node, the piece stays within a limit by a bound that takes no time.</summary>
    /// <returns>False, and nothing is taken, also for an entry that may or may not fit.</returns>
    public bool TryTake(int entry, long limit)
    {
        if (Most + ContentSize(entry) > limit)
            return false;
        CloseBefore(entry);
        long bound = 0;
        for (int folder = FolderOf(entry); folder != open[^1].Entry; folder = tree[folder].Parent)
            bound += MostOfFolder(folder);
        if (tree[entry].Kind == EntryKind.Directory)
        {
            if (Most + bound + (entry == 0 ? 0 : MostOfFolder(entry)) > limit)
                return false;
            Take(entry);
            return true;
        }

        var size = SizeOf(entry);
        if (Most + bound + size.SectionBytes + DagPb.LinkLength(size.CidLength, NameLength(entry), (ulong)size.DagSize) > limit)
            return false;
        OpenFolderOf(entry);
        Take(entry, size);
        return true;
    }

    /// <summary>Takes a whole entry, or of the file that the piece begins in what is left.</summary>
    public void Take(int entry)
    {
        CloseBefore(entry);
        OpenFolderOf(entry);
        if (tree[entry].Kind != EntryKind.Directory)
            Take(entry, SizeOf(entry));
        else if (entry > 0)
            Open(entry);
        Next = entry + 1;
    }

    /// <summary>What the piece would be with some leaves of the next file, but not all; none is taken.</summary>
    /// <param name="exact">Whether the size is to be that of <see cref="Size"/> instead of <see cref="Least"/>.</param>
    public long SizeWithPart(int file, long firstLeaf, long endLeaf, bool exact)
    {
        CloseBefore(file);
        OpenFolderOf(file);
        var before = (closed, Most, sizes.Count, open[^1], Next);
        long offset = firstLeaf * profile.ChunkSize;
        Take(file, SizeOfPart(offset, (endLeaf * profile.ChunkSize) - offset), isPart: true);
        long size = exact ? Size() : Least();
        (closed, Most, int count, open[^1], Next) = before;
        sizes.RemoveRange(count, sizes.Count - count);
        return size;
    }

    /// <summary>Exact size of the CAR if the piece ended here.</summary>
    public long Size()
    {
        long size = closed, below = 0;
        for (int i = open.Count - 1; i >= 0; i--)
        {
            var node = Measure(i, i < open.Count - 1 ? open[i + 1].Entry : -1, below, isClosing: false);
            (size, below) = (size + node.SectionBytes, node.DagSize);
        }

        return size;
    }

    /// <summary>The size with every open folder as one node, which is the exact size unless one of them is sharded, and else less.</summary>
    public long Least()
    {
        long size = closed, below = 0;
        for (int i = open.Count - 1; i >= 0; i--)
        {
            var links = open[i].Links;
            if (i < open.Count - 1)
                links.Add(NameLength(open[i + 1].Entry), profile.NodeCidLength, below);
            var node = directory.SizeAsOneNode(links, MetadataOfFolder(open[i].Entry));
            (size, below) = (size + node.SectionBytes, node.DagSize);
        }

        return size;
    }

    /// <summary>Content bytes of an entry, from where the piece begins in it.</summary>
    public long ContentSize(int entry) => tree[entry].Size - (entry == begin.Entry ? begin.Leaf * profile.ChunkSize : 0);

    private EntrySize SizeOf(int entry)
    {
        if (tree[entry].Kind == EntryKind.Symlink)
            return EntrySize.OfSymlink(profile, directory, tree[entry].Size, PieceLayout.ScannedMetadata(tree, profile, entry));
        return IsRest(entry)
            ? SizeOfPart(begin.Leaf * profile.ChunkSize, ContentSize(entry))
            : EntrySize.OfFile(profile, tree[entry].Size, PieceLayout.ScannedMetadata(tree, profile, entry));
    }

    private EntrySize SizeOfPart(long offset, long size) => EntrySize.OfPart(profile, directory, PartialTree.PartName(offset), size);

    private bool IsRest(int entry) => entry == begin.Entry && begin.Leaf > 0;

    private int FolderOf(int entry) => entry > 0 ? tree[entry].Parent : open[0].Entry;

    private int NameLength(int entry) => tree[entry].Name.Length;

    private NodeMetadata MetadataOfFolder(int folder) => folder < 0 ? default : PieceLayout.ScannedMetadata(tree, profile, folder);

    private void Take(int entry, EntrySize size, bool isPart = false)
    {
        closed += size.SectionBytes;
        Most += size.SectionBytes;
        Link(entry, size.CidLength, size.DagSize, isPart || IsRest(entry));
        Next = entry + 1;
    }

    private void Link(int entry, int cidLength, long dagSize, bool isKept)
    {
        ref var folder = ref CollectionsMarshal.AsSpan(open)[^1];
        Most -= folder.Links.LinkBytes;
        folder.Links.Add(NameLength(entry), cidLength, dagSize);
        Most += folder.Links.LinkBytes;
        if (folder.Links.Count == 1)
            folder.FirstChild = entry;
        folder.LastChild = entry;
        if (isKept && profile.HamtThreshold > 0)
            sizes.Add((entry, dagSize));
    }

    private void CloseBefore(int entry)
    {
        while (open[^1].Entry >= 0 && entry >= tree[open[^1].Entry].End)
            Close();
    }

    private void OpenFolderOf(int entry)
    {
        for (int folder = FolderOf(entry); folder != open[^1].Entry; folder = tree[folder].Parent)
            missing.Add(folder);
        for (; missing.Count > 0; missing.RemoveAt(missing.Count - 1))
            Open(missing[^1]);
    }

    private void Open(int folder)
    {
        open.Add(new OpenFolder { Entry = folder, FirstSize = sizes.Count });
        Most += MostOfFolder(folder);
    }

    private void Close()
    {
        var node = Measure(open.Count - 1, -1, 0, isClosing: true);
        var folder = open[^1];
        open.RemoveAt(open.Count - 1);
        sizes.RemoveRange(folder.FirstSize, sizes.Count - folder.FirstSize);
        closed += node.SectionBytes;
        Most += node.SectionBytes - folder.Links.LinkBytes - MostOfFolder(folder.Entry);
        Link(folder.Entry, profile.NodeCidLength, node.DagSize, isKept: true);
    }

    /// <summary>Most bytes of an empty folder as one node, with the varint of its section and the link to it as long as they can be.</summary>
    private long MostOfFolder(int folder)
    {
        int node = DagPb.DataFieldLength(2 + MetadataOfFolder(folder).Length);
        int link = folder <= 0 ? 0 : DagPb.LinkLength(profile.NodeCidLength, NameLength(folder), ulong.MaxValue);
        return Varint.MaxLength + profile.NodeCidLength + node + link;
    }

    /// <summary>Exact size of the blocks of an open folder.</summary>
    /// <param name="openChild">The folder in it that is open too; -1 where none is.</param>
    /// <param name="isClosing">Whether it is the only time that the folder is measured.</param>
    private NodeSize Measure(int depth, int openChild, long openDagSize, bool isClosing)
    {
        ref readonly var folder = ref CollectionsMarshal.AsSpan(open)[depth];
        var links = folder.Links;
        if (openChild >= 0)
            links.Add(NameLength(openChild), profile.NodeCidLength, openDagSize);
        var metadata = MetadataOfFolder(folder.Entry);
        if (!directory.IsSharded(links, metadata))
            return directory.MeasureOneNode(links, metadata);
        int endSize = depth < open.Count - 1 ? open[depth + 1].FirstSize : sizes.Count;
        var known = CollectionsMarshal.AsSpan(sizes)[folder.FirstSize..endSize];
        int last = openChild >= 0 ? openChild : folder.LastChild;
        bool isLastKnown = known.Length > 0 && known[^1].Entry == last;
        var children = new ChildRange(
            folder.Links.Count > 0 ? folder.FirstChild : openChild,
            last,
            openChild >= 0 ? openDagSize : isLastKnown ? known[^1].DagSize : SizeOf(last).DagSize,
            openChild >= 0 || (isLastKnown && tree[last].Kind == EntryKind.File));
        return isClosing ? shards.MeasureClosed(metadata, children, known) : shards.Measure(folder.Entry, metadata, children, known);
    }

    private struct OpenFolder
    {
        /// <summary>The folder; -1 for one put around a file that is the root.</summary>
        public int Entry;

        /// <summary>First and last child that is closed.</summary>
        public int FirstChild, LastChild;

        /// <summary>Where in the list of DAG sizes those of its children begin.</summary>
        public int FirstSize;

        /// <summary>Sums over the links to children that are closed.</summary>
        public LinkTotals Links;
    }
}
