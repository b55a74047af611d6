using System.Globalization;
using System.Text;
using DataPrep.Planning;
using DataPrep.Tests.Reference;
using DataPrep.Unixfs;

namespace DataPrep.Tests.Packing;

/// <summary>
/// What stands in the pieces of a sample, said slowly and without the planner: the tree of all that lies between two
/// places in it, built by the reference.
/// </summary>
internal sealed class PlainPieces
{
    private readonly List<(Sample Node, byte[] Name, List<int> Children)> entries = [];
    private readonly Dictionary<int, RefDag> built = [];
    private readonly UnixFsProfile profile;

    /// <param name="name">Of the root, which a piece that does not hold all of a file needs.</param>
    public PlainPieces(Sample root, byte[] name, UnixFsProfile profile)
    {
        this.profile = profile;
        Add(root, name);
    }

    public PlanPoint End => new(entries.Count, 0);

    public int Count => entries.Count;

    /// <summary>Entries of the tree, every folder before its content.</summary>
    public IEnumerable<Sample> Nodes => entries.Select(entry => entry.Node);

    public Sample this[int entry] => entries[entry].Node;

    /// <summary>What stands in a piece on its own account: anything but a folder that holds something.</summary>
    public IEnumerable<int> Units => Enumerable.Range(0, entries.Count).Where(i => entries[i].Children.Count == 0);

    public long Leaves(int entry) => entries[entry].Node is SampleFile file ? Math.Max(1, (file.Content.LongLength + profile.ChunkSize - 1) / profile.ChunkSize) : 1;

    /// <summary>The tree of what lies between two places.</summary>
    public RefNode Tree(PlanPoint begin, PlanPoint end)
    {
        if (begin == PlanPoint.Start && end == End)
            return entries[0].Node.ToReference(profile);
        var part = Part(0, begin, end);
        if (entries[0].Node is SampleFolder folder)
            return part ?? Folder(folder, []);
        return new RefDirectory(part is null ? [] : [(entries[0].Name, part)]);
    }

    public RefDag Build(PlanPoint begin, PlanPoint end) => RefUnixfs.Build(Tree(begin, end), Sample.Options(profile));

    /// <summary>Bytes before the first section of a CAR whose root is a folder.</summary>
    public long FolderHeader => RefCar.Header(RefUnixfs.Build(new RefDirectory([]), Sample.Options(profile)).Cid).Length;

    /// <summary>Bytes of the CAR of what lies between two places.</summary>
    public long CarSize(PlanPoint begin, PlanPoint end) => CarSize(Build(begin, end));

    public static long CarSize(RefDag dag) => RefCar.Header(dag.Cid).Length + dag.PreOrder().Sum(visit => SectionLength(visit.Block));

    public static long SectionLength(RefBlock block) =>
        RefBytes.Varint((ulong)(block.Cid.Bytes.Length + block.Size)).Length + block.Cid.Bytes.Length + block.Size;

    /// <summary>The leaves between two places, in order: the file's entry, where in the file the leaf begins, and its block.</summary>
    public IEnumerable<(int Entry, long Offset, RefBlock Block)> LeavesOf(PlanPoint begin, PlanPoint end)
    {
        foreach (int entry in Units.Where(i => entries[i].Node is SampleFile))
        {
            var (first, last) = Range(entry, begin, end);
            if (first >= last)
                continue;
            long leaf = 0;
            foreach (var block in Dag(entry).PostOrder().Where(block => block.Children.Count == 0))
            {
                if (leaf >= first && leaf < last)
                    yield return (entry, leaf * profile.ChunkSize, block);
                leaf++;
            }
        }
    }

    /// <summary>Places after one, each a little further: the next leaf, the end of its file, something of the entry after it.</summary>
    public IEnumerable<PlanPoint> Further(PlanPoint place)
    {
        var next = Units.Where(i => i >= place.Entry).Take(2).ToList();
        if (next.Count == 0)
            yield break;
        if (Leaves(next[0]) > place.Leaf + 1)
            yield return new PlanPoint(next[0], place.Leaf + 1);
        yield return new PlanPoint(next[0] + 1, 0);
        if (next.Count > 1)
            yield return Leaves(next[1]) > 1 ? new PlanPoint(next[1], 1) : new PlanPoint(next[1] + 1, 0);
    }

    /// <summary>The smallest capacity with which the content can be cut: that every entry, or every leaf of it, has a piece of its own.</summary>
    public long LeastForContent => Units.Max(LeastFor);

    private long LeastFor(int unit)
    {
        long whole = CarSize(new(unit, 0), new(unit + 1, 0));
        // The folder of a part is longer or shorter by where its name falls, if it is sharded.
        int different = profile.HamtThreshold is > 0 and <= 100 ? (int)Leaves(unit) : 1;
        return Leaves(unit) == 1 ? whole : Math.Min(whole, Enumerable.Range(0, different).Max(leaf => CarSize(new(unit, leaf), new(unit, leaf + 1))));
    }

    /// <summary>The largest dag piece that holds one block: over folders alone, and with the inner nodes of all files.</summary>
    public (long Folders, long All) LeastForDag
    {
        get
        {
            long header = FolderHeader;
            var blocks = DagBlocks(Units.Where(unit => Leaves(unit) > 1).ToHashSet());
            var folders = DagBlocks(new HashSet<int>());
            return (header + folders.Select(SectionLength).DefaultIfEmpty(0).Max(), header + blocks.Select(SectionLength).DefaultIfEmpty(0).Max());
        }
    }

    /// <summary>The DAG of a whole entry.</summary>
    public RefDag Dag(int entry)
    {
        if (!built.TryGetValue(entry, out var dag))
            built[entry] = dag = entries[entry].Node.Build(profile);
        return dag;
    }

    /// <summary>Blocks of the dataset's DAG that are no part of a file or symlink which lies whole in a piece, nor leaves.</summary>
    public List<RefBlock> DagBlocks(IReadOnlySet<int> cutFiles)
    {
        var blocks = Dag(0).PreOrder().GroupBy(visit => visit.Block.Cid.Text).ToDictionary(group => group.Key, group => new Stack<RefBlock>(group.Select(visit => visit.Block)));
        foreach (int entry in Enumerable.Range(0, entries.Count).Where(i => entries[i].Node is not SampleFolder))
        {
            var own = Dag(entry).PostOrder();
            foreach (var block in cutFiles.Contains(entry) ? own.Where(block => block.Children.Count == 0) : own)
                _ = blocks[block.Cid.Text].Pop();
        }

        return [.. blocks.Values.SelectMany(same => same)];
    }

    private int Add(Sample node, byte[] name)
    {
        int index = entries.Count;
        var children = new List<int>();
        entries.Add((node, name, children));
        if (node is SampleFolder folder)
        {
            foreach (var (childName, child) in folder.Sorted)
                children.Add(Add(child, childName));
        }

        return index;
    }

    /// <summary>What of an entry lies between two places; null where nothing does.</summary>
    private RefNode? Part(int entry, PlanPoint begin, PlanPoint end)
    {
        var (node, _, children) = entries[entry];
        if (children.Count > 0)
        {
            var parts = children.Select(child => (entries[child].Name, Part: Part(child, begin, end))).Where(child => child.Part is not null);
            List<(byte[], RefNode)> inside = [.. parts.Select(child => (child.Name, child.Part!))];
            return inside.Count == 0 ? null : Folder((SampleFolder)node, inside);
        }

        var (first, last) = Range(entry, begin, end);
        if (first >= last)
            return null;
        if (last - first == Leaves(entry))
            return node.ToReference(profile);

        // A folder of the file's name, and in it the part by its offset; neither has mode or times.
        byte[] content = ((SampleFile)node).Content;
        int from = (int)(first * profile.ChunkSize), to = (int)Math.Min(content.Length, last * profile.ChunkSize);
        return new RefDirectory([(Encoding.ASCII.GetBytes(from.ToString("D20", CultureInfo.InvariantCulture)), new RefFile(content[from..to]))]);
    }

    /// <summary>The leaves of a unit that lie between two places; what is no file has one.</summary>
    private (long First, long Last) Range(int entry, PlanPoint begin, PlanPoint end)
    {
        long all = Leaves(entry);
        long first = entry < begin.Entry ? all : entry == begin.Entry ? begin.Leaf : 0;
        long last = entry < end.Entry ? all : entry == end.Entry ? end.Leaf : 0;
        return (first, last);
    }

    private RefDirectory Folder(SampleFolder folder, List<(byte[] Name, RefNode Node)> inside) =>
        (RefDirectory)(folder with { Entries = [] }).ToReference(profile) with { Entries = inside };
}
