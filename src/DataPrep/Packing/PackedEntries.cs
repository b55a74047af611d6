using System.Buffers.Binary;
using System.Globalization;
using DataPrep.Hashing;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>
/// What packing found out of the entries of a dataset: for each the digest of its root and a place, the CAR offset of its
/// first section; and of files that are cut the digests of all leaves. In files of the work folder that are mapped to memory.
/// <code>
/// entries:  digest 32 | place 8, little-endian           for every entry of the tree
/// leaves-N: digest 32                                    for every leaf of entry N
/// </code>
/// Pieces are taken in by different threads, but no two for the same rows.
/// </summary>
internal sealed unsafe class PackedEntries : IDagDigests, IDisposable
{
    public const int RowSize = DigestTable.RowSize + sizeof(long);
    private const string Entries = "entries", LeavesPrefix = "leaves-";
    private readonly OutputFolder folder;
    private readonly SourceTree tree;
    private readonly UnixFsProfile profile;
    private readonly MappedMemory rows;
    private readonly Dictionary<int, (MappedMemory Memory, DigestTable Table)> leaves = [];

    /// <param name="isBegun">Whether there are finished pieces, of whose entries the files tell.</param>
    /// <exception cref="IOException">The files cannot be made, or are gone though there are finished pieces.</exception>
    public PackedEntries(OutputFolder folder, SourceTree tree, UnixFsProfile profile, bool isBegun = false)
    {
        (this.folder, this.tree, this.profile) = (folder, tree, profile);
        if (isBegun && !File.Exists(folder.WorkFile(Entries)))
            throw Lost(folder.WorkFile(Entries));
        rows = new MappedMemory(folder.WorkFile(Entries), (long)tree.Count * RowSize);
    }

    /// <exception cref="IOException">The file does not tell it.</exception>
    public ReadOnlySpan<byte> this[int entry]
    {
        get
        {
            var digest = Row(entry)[..DigestTable.RowSize];
            return IsThere(digest) ? digest : throw Lost(folder.WorkFile(Entries));
        }
    }

    /// <summary>Whether the digests of leaves are kept of files that are not cut, too: to hold a stream against them that comes once more.</summary>
    public bool KeepsLeaves { get; init; }

    /// <summary>Offset of the first section of a file in the piece in which its first leaf lies; of what is kept, of its line in the earlier version's list.</summary>
    public long PlaceOf(int entry) => BinaryPrimitives.ReadInt64LittleEndian(Row(entry)[DigestTable.RowSize..]);

    public void Set(int entry, ReadOnlySpan<byte> digest) => digest.CopyTo(Row(entry));

    /// <summary>Takes what an earlier version says of an entry that is kept.</summary>
    /// <param name="place">Offset of its line in the earlier version's list.</param>
    public void Set(int entry, ReadOnlySpan<byte> digest, long place)
    {
        Set(entry, digest);
        BinaryPrimitives.WriteInt64LittleEndian(Row(entry)[DigestTable.RowSize..], place);
    }

    /// <exception cref="IOException">The file does not tell all of them.</exception>
    public DigestTable LeavesOf(int entry)
    {
        return LeavesOf(entry, 0, LeafCount(entry));
    }

    /// <summary>The digests of a file's leaves, of which some have to be there.</summary>
    /// <inheritdoc cref="LeavesOf(int)"/>
    public DigestTable LeavesOf(int entry, long first, long end)
    {
        lock (leaves)
        {
            var table = TableOf(entry, end);
            for (long i = first; i < end; i++)
            {
                if (!IsThere(table[i]))
                    throw Lost(LeavesFile(entry));
            }

            return table;
        }
    }

    /// <summary>A table with room for the digests of a file's leaves, so many at least.</summary>
    public DigestTable RoomForLeaves(int entry, long least)
    {
        lock (leaves)
            return TableOf(entry, least);
    }

    private static bool IsThere(ReadOnlySpan<byte> digest) => digest.ContainsAnyExcept((byte)0);

    private static IOException Lost(string path) =>
        new($"{path} does not hold what was found out of the pieces that are finished, as if it had been removed; begin anew with --restart");

    private long LeafCount(int entry) => BalancedFile.LeafCount(profile, tree[entry].Size);

    /// <summary>The leaves of a file. While the length of a stream is not known they become more; then no table from before may be used. Within the lock.</summary>
    private DigestTable TableOf(int entry, long least)
    {
        if (leaves.TryGetValue(entry, out var known) && known.Table.Count >= least)
            return known.Table;
        long count = Math.Max(LeafCount(entry), least);
        known.Memory?.Dispose();
        _ = leaves.Remove(entry);
        var memory = new MappedMemory(LeavesFile(entry), count * DigestTable.RowSize);
        var table = new DigestTable(memory.Start, count);
        leaves[entry] = (memory, table);
        return table;
    }

    /// <summary>Forgets the leaves of a file that has another size now.</summary>
    public void Forget(int entry)
    {
        if (leaves.Remove(entry, out var known))
            known.Memory.Dispose();
        File.Delete(LeavesFile(entry));
    }

    /// <summary>Takes in what a finished piece says of its entries.</summary>
    public void Take(PackedPiece piece)
    {
        var layout = piece.Layout;
        for (int i = 0, file = 0; i < layout.Tree.Count; i++)
        {
            bool isFile = layout.Tree[i].Kind == EntryKind.File, isPart = isFile && piece.Part.IsPart(i);
            int origin = piece.Part.Origin(i);
            if (isPart || (isFile && KeepsLeaves))
                TakeLeaves(piece, i, file, origin);
            if ((isFile && !isPart) || layout.Tree[i].Kind == EntryKind.Symlink || (layout.Tree[i].Kind == EntryKind.Directory && origin >= 0))
                piece.RootDigest(i).CopyTo(Row(origin));
            if (isFile && piece.Part.FileOffset(i) == 0)
                BinaryPrimitives.WriteInt64LittleEndian(Row(origin)[DigestTable.RowSize..], layout.FirstSection(file));
            file += isFile ? 1 : 0;
        }
    }

    public void Flush()
    {
        rows.Flush();
        lock (leaves)
        {
            foreach (var (memory, _) in leaves.Values)
                memory.Flush();
        }
    }

    public void Dispose()
    {
        rows.Dispose();
        foreach (var (memory, _) in leaves.Values)
            memory.Dispose();
        leaves.Clear();
    }

    private void TakeLeaves(PackedPiece piece, int entry, int file, int origin)
    {
        long first = piece.Part.FileOffset(entry) / profile.ChunkSize, from = piece.Layout.FirstLeaf(file);
        long count = piece.Layout.Leaves(file).Count;
        lock (leaves)
        {
            var table = TableOf(origin, first + count);
            for (long i = 0; i < count; i++)
                piece.Leaves[from + i].CopyTo(table[first + i]);
        }
    }

    /// <summary>What is known of an entry: its digest and its place.</summary>
    public Span<byte> Row(int entry)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(entry);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(entry, tree.Count);
        return new Span<byte>(rows.Start + ((long)entry * RowSize), RowSize);
    }

    private string LeavesFile(int entry) => folder.WorkFile(LeavesPrefix + entry.ToString(CultureInfo.InvariantCulture));
}
