using DataPrep.Hashing;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>Where the dataset DAG finds digests that the pieces gave, and leaves those of its own nodes.</summary>
internal interface IDagDigests : IEntryDigests
{
    /// <summary>Takes the digest of the root of a folder or a cut file.</summary>
    void Set(int entry, ReadOnlySpan<byte> digest);

    /// <summary>Digests of all leaves of a cut file.</summary>
    DigestTable LeavesOf(int entry);
}

/// <summary>
/// What links the data pieces of a dataset into one DAG: every folder, and the inner nodes of files that are cut by the
/// end of a piece. Content stands before its folder, so the root is the last block. What an earlier version has is left out.
/// </summary>
internal sealed class DatasetDag(SourceTree tree, UnixFsProfile profile, IReadOnlySet<int> cutFiles)
{
    private readonly PieceLayout whole = PieceLayout.Create(tree, profile);

    /// <summary>Layout of the whole tree, were it one piece.</summary>
    public PieceLayout Whole => whole;

    /// <summary>Bytes before the first section of a dag piece: its root is a dag-pb node.</summary>
    public int HeaderLength => whole.FolderHeaderLength;

    /// <summary>Cuts the blocks into pieces, each as full as it can be.</summary>
    /// <param name="capacity">Most bytes of a CAR.</param>
    /// <returns>Exact CAR sizes. None where there is no block: the dataset is one file that lies whole in a piece.</returns>
    /// <exception cref="PieceTooSmallException">A block does not fit.</exception>
    public IReadOnlyList<long> Measure(long capacity)
    {
        LargeGarbage.Collect();
        var sizes = new List<long>();
        var directory = new DirectoryNode(profile);
        var links = new TreeLinks(whole, null);
        foreach (int entry in Entries())
        {
            if (tree[entry].Kind == EntryKind.Directory)
            {
                _ = directory.Measure(links.Of(entry), whole.Metadata(entry), Add);
            }
            else
            {
                foreach (int length in File(entry).BlockLengths())
                    Add(length);
            }

            void Add(long length)
            {
                long section = BalancedFile.SectionLength(profile, length);
                if (section + HeaderLength > capacity)
                    throw new PieceTooSmallException(tree.DatasetPath(entry), section + HeaderLength, capacity);
                if (sizes.Count == 0 || sizes[^1] + section > capacity)
                    sizes.Add(HeaderLength);
                sizes[^1] += section;
            }
        }

        return sizes;
    }

    /// <summary>Appends all blocks, the dataset's root last.</summary>
    public void Emit(IDagDigests digests, IBlockSink sink)
    {
        var directory = new DirectoryNode(profile);
        var links = new TreeLinks(whole, digests);
        Span<byte> digest = stackalloc byte[DigestTable.RowSize];
        foreach (int entry in Entries())
        {
            if (tree[entry].Kind == EntryKind.Directory)
                directory.Emit(links.Of(entry), whole.Metadata(entry), sink, digest);
            else
                File(entry).Emit(digests.LeavesOf(entry), 0, sink, digest);
            digests.Set(entry, digest);
        }
    }

    private BalancedFile File(int entry) => new(profile, tree[entry].Size, whole.Metadata(entry));

    private IEnumerable<int> Entries() => whole.TailOrder().Where(i => !tree[i].IsKept && (tree[i].Kind == EntryKind.Directory || cutFiles.Contains(i)));
}
