using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>
/// The pure map of one piece: where every byte of its CAR stands, from names and sizes alone.
/// <code>
/// | header | leaf sections, file after file | dag-pb sections: file nodes, symlinks, folders, the root last |
/// 0        HeaderLength                     LeafEnd                                                  CarSize
/// </code>
/// </summary>
internal sealed class PieceLayout
{
    private readonly FileNumbers files;
    private readonly long[] sections;

    // Of files of several leaves: number, and leaves of all files up to it beyond one for each.
    private readonly int[] longFiles;
    private readonly long[] moreLeaves;

    // Of entries with blocks in the tail, in tree order: entry, and size of its DAG.
    private readonly int[] tailEntries;
    private readonly long[] tailSizes;
    private readonly Func<int, NodeMetadata>? metadataOf;

    private PieceLayout(SourceTree tree, UnixFsProfile profile, Func<int, NodeMetadata>? metadataOf)
    {
        (Tree, Profile, this.metadataOf) = (tree, profile, metadataOf);
        files = new FileNumbers(tree);
        sections = new long[files.Count];
        int inTail = 0, inTailAndFile = 0;
        for (int i = 0; i < tree.Count; i++)
        {
            inTail += HasTail(i) ? 1 : 0;
            inTailAndFile += HasTail(i) && tree[i].Kind == EntryKind.File ? 1 : 0;
        }

        (longFiles, moreLeaves) = (new int[inTailAndFile], new long[inTailAndFile]);
        (tailEntries, tailSizes) = (new int[inTail], new long[inTail]);
        HeaderLength = IsRaw(0) ? CarHeader.LengthWithOneCidV1Root : FolderHeaderLength;
        PlaceLeaves();
        MeasureTail();
    }

    public SourceTree Tree { get; }

    public UnixFsProfile Profile { get; }

    public int HeaderLength { get; }

    /// <summary>Header length of a piece whose root is a folder.</summary>
    public int FolderHeaderLength => CarHeader.LengthWithNodeRoot(Profile.CidVersion);

    /// <summary>Offset after the last leaf section.</summary>
    public long LeafEnd { get; private set; }

    public long CarSize { get; private set; }

    public long LeafCount { get; private set; }

    /// <summary>Content bytes of all files.</summary>
    public long ContentSize { get; private set; }

    public int FileCount => files.Count;

    /// <summary>Entries that have blocks in the tail: rows of the table of their roots.</summary>
    public int RootCount => tailEntries.Length;

    /// <summary>Length of the longest leaf section.</summary>
    public int LongestSection { get; private set; }

    /// <param name="metadataOf">Mode and mtime of each entry, where they are not those that the profile takes from the scan.</param>
    /// <exception cref="InvalidDataException">A folder cannot be represented.</exception>
    public static PieceLayout Create(SourceTree tree, UnixFsProfile profile, Func<int, NodeMetadata>? metadataOf = null) => new(tree, profile, metadataOf);

    /// <summary>Cumulative size of an entry's DAG: the Tsize of a link to it.</summary>
    public long DagSize(int entry) =>
        IsSingleLeaf(entry) ? new LeafShape(Profile, (int)Tree[entry].Size, Metadata(entry)).BlockLength : tailSizes[RootRow(entry)];

    /// <summary>Entry of the file with this number in layout order.</summary>
    public int FileEntry(int file) => files.Entry(file);

    /// <summary>Number in layout order of an entry that is a file.</summary>
    public int FileNumber(int entry) => files.Number(entry);

    public long FirstLeaf(int file)
    {
        int found = Array.BinarySearch(longFiles, file);
        int before = found >= 0 ? found : ~found;
        return file + (before == 0 ? 0 : moreLeaves[before - 1]);
    }

    /// <summary>Offset of the file's first section.</summary>
    public long FirstSection(int file) => sections[file];

    /// <summary>Number of the file whose sections cover a CAR offset between the header and <see cref="LeafEnd"/>.</summary>
    public int FileAt(long carOffset)
    {
        int found = Array.BinarySearch(sections, carOffset);
        return found >= 0 ? found : ~found - 1;
    }

    public FileLeaves Leaves(int file) => Leaves(file, FileEntry(file));

    private FileLeaves Leaves(int file, int entry) => new(Profile, Tree[entry].Size, Metadata(entry), sections[file]);

    /// <summary>Whether an entry's root is a raw leaf.</summary>
    public bool IsRaw(int entry) =>
        IsSingleLeaf(entry) && Profile.RawLeaves && Metadata(entry).IsEmpty;

    /// <summary>Whether an entry is a file of one chunk, whose leaf is its root.</summary>
    public bool IsSingleLeaf(int entry) => Tree[entry].Kind == EntryKind.File && Tree[entry].Size <= Profile.ChunkSize;

    /// <summary>What of mode and mtime the profile puts into the entry's root node.</summary>
    public NodeMetadata Metadata(int entry) => metadataOf is null ? ScannedMetadata(Tree, Profile, entry) : metadataOf(entry);

    /// <summary>What of the mode and mtime of the scan the profile puts into an entry's root node; symlinks have no mode.</summary>
    public static NodeMetadata ScannedMetadata(SourceTree tree, UnixFsProfile profile, int entry)
    {
        ref readonly var e = ref tree[entry];
        if (e.Stamp.Mode == 0)
            return default; // the folder that several sources stand in is no real one
        return new NodeMetadata(
            profile.PreserveMode && e.Kind != EntryKind.Symlink ? e.Stamp.Permissions : null,
            profile.PreserveMtime ? new UnixTime(e.Stamp.ModifySeconds, e.Stamp.ModifyNanoseconds) : null);
    }

    /// <summary>Digest of an entry's root: of a file of one chunk that of its leaf.</summary>
    public ReadOnlySpan<byte> RootDigest(int entry, DigestTable leaves, DigestTable roots) =>
        IsSingleLeaf(entry) ? leaves[FirstLeaf(files.Number(entry))] : roots[RootRow(entry)];

    /// <summary>Appends the blocks of the tail in layout order and fills in the digests of the roots.</summary>
    /// <param name="roots">A table of <see cref="RootCount"/> rows.</param>
    public void EmitTail(DigestTable leaves, DigestTable roots, IBlockSink sink)
    {
        var directory = new DirectoryNode(Profile);
        var links = new TreeLinks(this, new PieceDigests(this, leaves, roots));
        foreach (int entry in TailOrder())
        {
            var digest = roots[RootRow(entry)];
            switch (Tree[entry].Kind)
            {
                case EntryKind.File:
                    long firstLeaf = FirstLeaf(files.Number(entry));
                    new BalancedFile(Profile, Tree[entry].Size, Metadata(entry)).Emit(leaves, firstLeaf, sink, digest);
                    break;
                case EntryKind.Symlink:
                    directory.EmitSymlink(Tree.Target(entry), Metadata(entry), sink, digest);
                    break;
                default:
                    directory.Emit(links.Of(entry), Metadata(entry), sink, digest);
                    break;
            }
        }
    }

    /// <summary>The entries that have dag-pb blocks of their own in the tail, in the order of these: content before its folder, the root last.</summary>
    public IEnumerable<int> TailOrder()
    {
        var open = new List<int>();
        for (int i = 0; i < Tree.Count; i++)
        {
            while (open.Count > 0 && Tree[open[^1]].End <= i)
                yield return TakeLast(open);
            if (Tree[i].Kind == EntryKind.Directory)
                open.Add(i);
            else if (HasTail(i))
                yield return i;
        }

        while (open.Count > 0)
            yield return TakeLast(open);
    }

    private static int TakeLast(List<int> list)
    {
        int last = list[^1];
        list.RemoveAt(list.Count - 1);
        return last;
    }

    private bool HasTail(int entry) => Tree[entry].Kind != EntryKind.Removed && !IsSingleLeaf(entry);

    private int RootRow(int entry) => Array.BinarySearch(tailEntries, entry);

    private void PlaceLeaves()
    {
        long at = HeaderLength;
        int file = 0, longFile = 0, tailEntry = 0;
        for (int i = 0; i < Tree.Count; i++)
        {
            if (HasTail(i))
                tailEntries[tailEntry++] = i;
            if (Tree[i].Kind != EntryKind.File)
                continue;
            sections[file] = at;
            var leaves = Leaves(file, i);
            LeafCount += leaves.Count;
            if (leaves.Count > 1)
                (longFiles[longFile], moreLeaves[longFile++]) = (file, LeafCount - file - 1);
            file++;
            at = leaves.End;
            ContentSize += Tree[i].Size;
            LongestSection = Math.Max(LongestSection, Math.Max(leaves.Last.SectionLength, leaves.Count > 1 ? leaves.Full.SectionLength : 0));
        }

        LeafEnd = at;
    }

    private void MeasureTail()
    {
        long at = LeafEnd;
        var directory = new DirectoryNode(Profile);
        var links = new TreeLinks(this, null);
        foreach (int entry in TailOrder())
        {
            var size = Tree[entry].Kind switch
            {
                EntryKind.File => new BalancedFile(Profile, Tree[entry].Size, Metadata(entry)).Size,
                EntryKind.Symlink => directory.MeasureSymlink(Tree.Target(entry).Length, Metadata(entry)),
                _ => directory.Measure(links.Of(entry), Metadata(entry)),
            };
            tailSizes[RootRow(entry)] = size.DagSize;
            at += size.SectionBytes;
        }

        CarSize = at;
    }
}
