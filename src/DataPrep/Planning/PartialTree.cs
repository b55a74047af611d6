using System.Globalization;
using System.Text;
using DataPrep.Ipld;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>
/// The partial tree of one piece: what lies in a range of a tree's content, and the folders around it. A file of which
/// only a part lies in the range stands as a folder of its name, and the part in it under its offset, in 20 digits.
/// </summary>
internal sealed class PartialTree
{
    private readonly int[]? origins;
    private readonly (int Entry, long Offset)[] parts;

    private PartialTree(SourceTree tree, int[]? origins, params (int Entry, long Offset)[] parts) =>
        (Tree, this.origins, this.parts) = (tree, origins, parts);

    /// <summary>The partial tree itself, as a layout takes it.</summary>
    public SourceTree Tree { get; }

    /// <summary>A whole tree as one piece.</summary>
    public static PartialTree Whole(SourceTree tree) => new(tree, null);

    /// <summary>A partial tree without cut files, as it was kept.</summary>
    /// <exception cref="MalformedDataException">The origins are not those of this tree.</exception>
    public static PartialTree Kept(SourceTree tree, IReadOnlyList<int> origins) =>
        origins.Count == tree.Count ? new(tree, [.. origins]) : throw new MalformedDataException($"{origins.Count} origins for {tree.Count} entries");

    /// <summary>Whether nothing lies in the range, so that there is no piece.</summary>
    public bool IsEmpty { get; private init; }

    /// <summary>The entry of the tree that this one is a part of; for a folder that stands for a cut file, that file; -1 for a root that was put around a file.</summary>
    public int Origin(int entry) => origins is null ? entry : origins[entry];

    /// <summary>The entry here of an entry of the tree that this one is a part of, which must be in it, and no folder.</summary>
    public int EntryOf(int origin)
    {
        if (origins is null)
            return origin;
        int found = Array.BinarySearch(origins, origin);
        return found >= 0 ? found : throw new ArgumentException($"Entry {origin} is not in the partial tree.", nameof(origin));
    }

    /// <summary>Where in its file the content of an entry begins, in bytes.</summary>
    public long FileOffset(int entry)
    {
        foreach (var part in parts)
        {
            if (part.Entry == entry)
                return part.Offset;
        }

        return 0;
    }

    /// <summary>Whether an entry is a part of a file, and not all of it.</summary>
    public bool IsPart(int entry)
    {
        foreach (var part in parts)
        {
            if (part.Entry == entry)
                return true;
        }

        return false;
    }

    /// <summary>Name of a part of a file in the folder that stands for the file.</summary>
    public static byte[] PartName(long offset) => Encoding.ASCII.GetBytes(offset.ToString("D20", CultureInfo.InvariantCulture));

    /// <param name="takes">Whether an entry in the range is taken; null for all of them.</param>
    public static PartialTree Of(SourceTree tree, UnixFsProfile profile, PlanPoint begin, PlanPoint end, Func<int, bool>? takes = null)
    {
        bool isWhole = begin == PlanPoint.Start && end == PlanPoint.End(tree) && takes is null;
        return isWhole ? Whole(tree) : new Builder(tree, profile, begin, end, takes).Build();
    }

    /// <summary>The same, as a part of the tree that the tree it was made from is itself a part of.</summary>
    public PartialTree Within(PartialTree outer) =>
        origins is null ? outer : new PartialTree(Tree, [.. origins.Select(i => i < 0 ? i : outer.Origin(i))], parts) { IsEmpty = IsEmpty };

    private sealed class Builder(SourceTree tree, UnixFsProfile profile, PlanPoint begin, PlanPoint end, Func<int, bool>? takes)
    {
        private readonly SourceTree part = new();
        private readonly List<int> origins = [];
        private readonly List<(int Entry, long Offset)> parts = [];

        private int units;

        // Folders of the piece that are still open: entry there, entry in the whole tree.
        private readonly Stack<(int Entry, int Origin)> open = new();

        public PartialTree Build()
        {
            if (tree[0].Kind != EntryKind.Directory)
                open.Push((Add(EntryKind.Directory, [], [], default, -1, -1), -1));
            else
                OpenFolder(0);
            int last = end.Leaf > 0 ? end.Entry : end.Entry - 1;
            for (int i = begin.Entry; i <= last; i++)
            {
                if (PlanPoint.IsUnit(tree, i) && takes?.Invoke(i) != false)
                    AddUnit(i);
            }

            while (open.Count > 0)
                Close();
            return new PartialTree(part, [.. origins], [.. parts]) { IsEmpty = units == 0 };
        }

        private void AddUnit(int entry)
        {
            units++;
            int folder = entry == 0 ? open.Peek().Entry : OpenFolder(tree[entry].Parent);
            ref readonly var e = ref tree[entry];
            if (e.Kind == EntryKind.Directory)
            {
                if (entry > 0)
                    _ = OpenFolder(entry);
                return;
            }

            long first = entry == begin.Entry ? begin.Leaf : 0;
            long leaves = e.Kind == EntryKind.File ? BalancedFile.LeafCount(profile, e.Size) : 1;
            long last = entry == end.Entry ? end.Leaf : leaves;
            if (first == 0 && last == leaves)
            {
                _ = Add(e.Kind, tree.Name(entry), tree.Target(entry), tree.Stamp(entry), folder, entry, tree.Tag(entry));
                return;
            }

            // What stands for a cut file has no mode and no times of its own.
            int cut = Add(EntryKind.Directory, tree.Name(entry), [], default, folder, entry);
            long offset = first * profile.ChunkSize;
            var stamp = new FileStamp { Size = Math.Min(e.Size, last * profile.ChunkSize) - offset };
            parts.Add((Add(EntryKind.File, PartName(offset), [], stamp, cut, entry, tree.Tag(entry)), offset));
            part.Close(cut);
        }

        /// <summary>The folder's entry in the piece; folders that are done with are closed before.</summary>
        private int OpenFolder(int folder)
        {
            while (open.TryPeek(out var innermost) && innermost.Origin >= 0 && !Holds(innermost.Origin, folder))
                Close();
            var missing = new Stack<int>();
            int known = open.TryPeek(out var inside) ? inside.Origin : -1;
            for (int i = folder; i != known; i = tree[i].Parent)
                missing.Push(i);
            while (missing.TryPop(out int next))
            {
                int parent = open.TryPeek(out var above) ? above.Entry : -1;
                open.Push((Add(EntryKind.Directory, tree.Name(next), [], tree.Stamp(next), parent, next), next));
            }

            return open.Peek().Entry;
        }

        private bool Holds(int folder, int entry) => entry >= folder && entry < tree[folder].End;

        private void Close() => part.Close(open.Pop().Entry);

        private int Add(EntryKind kind, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, in FileStamp stamp, int parent, int origin, ReadOnlySpan<byte> tag = default)
        {
            origins.Add(origin);
            return part.Add(kind, name, target, stamp, parent, origin < 0 ? null : tree.Anchor(origin), tag);
        }
    }
}
