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
    private readonly int[] files;
    private readonly long[] sections;
    private readonly long[] firstLeaves;
    private readonly long[] dagSizes;
    private readonly Func<int, NodeMetadata>? metadataOf;

    private PieceLayout(SourceTree tree, UnixFsProfile profile, Func<int, NodeMetadata>? metadataOf)
    {
        (Tree, Profile, this.metadataOf) = (tree, profile, metadataOf);
        dagSizes = new long[tree.Count];
        int count = 0;
        for (int i = 0; i < tree.Count; i++)
            count += tree[i].Kind == EntryKind.File ? 1 : 0;
        (files, sections, firstLeaves) = (new int[count], new long[count], new long[count]);

        HeaderLength = IsRaw(0) || profile.CidVersion == 1 ? CarHeader.LengthWithOneCidV1Root : CarHeader.LengthWithOneCidV0Root;
        PlaceLeaves();
        MeasureTail();
    }

    public SourceTree Tree { get; }

    public UnixFsProfile Profile { get; }

    public int HeaderLength { get; }

    /// <summary>Offset after the last leaf section.</summary>
    public long LeafEnd { get; private set; }

    public long CarSize { get; private set; }

    public long LeafCount { get; private set; }

    /// <summary>Content bytes of all files.</summary>
    public long ContentSize { get; private set; }

    public int FileCount => files.Length;

    /// <summary>Length of the longest leaf section.</summary>
    public int LongestSection { get; private set; }

    /// <param name="metadataOf">Mode and mtime of each entry, where they are not those that the profile takes from the scan.</param>
    /// <exception cref="InvalidDataException">A folder cannot be represented.</exception>
    public static PieceLayout Create(SourceTree tree, UnixFsProfile profile, Func<int, NodeMetadata>? metadataOf = null) => new(tree, profile, metadataOf);

    /// <summary>Cumulative size of an entry's DAG: the Tsize of a link to it.</summary>
    public long DagSize(int entry) => dagSizes[entry];

    /// <summary>Entry of the file with this number in layout order.</summary>
    public int FileEntry(int file) => files[file];

    public long FirstLeaf(int file) => firstLeaves[file];

    /// <summary>Offset of the file's first section.</summary>
    public long FirstSection(int file) => sections[file];

    /// <summary>Number of the file whose sections cover a CAR offset between the header and <see cref="LeafEnd"/>.</summary>
    public int FileAt(long carOffset)
    {
        int found = Array.BinarySearch(sections, carOffset);
        return found >= 0 ? found : ~found - 1;
    }

    public FileLeaves Leaves(int file)
    {
        int entry = files[file];
        return new FileLeaves(Profile, Tree[entry].Size, Metadata(entry), sections[file]);
    }

    /// <summary>Whether an entry's root is a raw leaf.</summary>
    public bool IsRaw(int entry) =>
        IsSingleLeaf(entry) && Profile.RawLeaves && Metadata(entry).IsEmpty;

    /// <summary>Whether an entry is a file of one chunk, whose leaf is its root.</summary>
    public bool IsSingleLeaf(int entry) => Tree[entry].Kind == EntryKind.File && Tree[entry].Size <= Profile.ChunkSize;

    /// <summary>What of mode and mtime the profile puts into the entry's root node; symlinks have no mode.</summary>
    public NodeMetadata Metadata(int entry)
    {
        if (metadataOf is not null)
            return metadataOf(entry);
        ref readonly var e = ref Tree[entry];
        if (e.Stamp.Mode == 0)
            return default; // the folder that several sources stand in is no real one
        return new NodeMetadata(
            Profile.PreserveMode && e.Kind != EntryKind.Symlink ? e.Stamp.Permissions : null,
            Profile.PreserveMtime ? new UnixTime(e.Stamp.ModifySeconds, e.Stamp.ModifyNanoseconds) : null);
    }

    /// <summary>Digest of an entry's root: of a file of one chunk that of its leaf.</summary>
    public ReadOnlySpan<byte> RootDigest(int entry, DigestTable leaves, DigestTable roots) =>
        IsSingleLeaf(entry) ? leaves[firstLeaves[Array.BinarySearch(files, entry)]] : roots[entry];

    /// <summary>Appends the blocks of the tail in layout order and fills in the digest of each entry's root.</summary>
    public void EmitTail(DigestTable leaves, DigestTable roots, IBlockSink sink)
    {
        var directory = new DirectoryNode(Profile);
        var links = new TreeLinks(this, leaves, roots);
        foreach (int entry in TailOrder())
        {
            var digest = roots[entry];
            switch (Tree[entry].Kind)
            {
                case EntryKind.File:
                    long firstLeaf = firstLeaves[Array.BinarySearch(files, entry)];
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
        var open = new Stack<int>();
        for (int i = 0; i < Tree.Count; i++)
        {
            while (open.TryPeek(out int folder) && Tree[folder].End <= i)
                yield return open.Pop();
            if (Tree[i].Kind == EntryKind.Directory)
                open.Push(i);
            else if (Tree[i].Kind == EntryKind.Symlink || (Tree[i].Kind == EntryKind.File && !IsSingleLeaf(i)))
                yield return i;
        }

        while (open.TryPop(out int folder))
            yield return folder;
    }

    private void PlaceLeaves()
    {
        long at = HeaderLength;
        int file = 0;
        for (int i = 0; i < Tree.Count; i++)
        {
            if (Tree[i].Kind != EntryKind.File)
                continue;
            (files[file], sections[file], firstLeaves[file]) = (i, at, LeafCount);
            var leaves = Leaves(file++);
            if (leaves.Count == 1)
                dagSizes[i] = leaves.Last.BlockLength;
            at = leaves.End;
            LeafCount += leaves.Count;
            ContentSize += Tree[i].Size;
            LongestSection = Math.Max(LongestSection, Math.Max(leaves.Last.SectionLength, leaves.Count > 1 ? leaves.Full.SectionLength : 0));
        }

        LeafEnd = at;
    }

    private void MeasureTail()
    {
        long at = LeafEnd;
        var directory = new DirectoryNode(Profile);
        var links = new TreeLinks(this, null, null);
        foreach (int entry in TailOrder())
        {
            var size = Tree[entry].Kind switch
            {
                EntryKind.File => new BalancedFile(Profile, Tree[entry].Size, Metadata(entry)).Size,
                EntryKind.Symlink => directory.MeasureSymlink(Tree.Target(entry).Length, Metadata(entry)),
                _ => directory.Measure(links.Of(entry), Metadata(entry)),
            };
            dagSizes[entry] = size.DagSize;
            at += size.SectionBytes;
        }

        CarSize = at;
    }
}
