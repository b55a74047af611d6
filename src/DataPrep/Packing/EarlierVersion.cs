using DataPrep.Ipld;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Packing;

/// <summary>
/// A packed dataset of which a new version is made: what is unchanged in it is kept, that is, the new version links to the
/// blocks in the pieces of the earlier one. Its records are gone through beside the tree; both have the same order.
/// </summary>
internal sealed class EarlierVersion : IDisposable
{
    private readonly string filesFile;
    private readonly SafeFileHandle file;
    private readonly UnixFsProfile profile;

    /// <exception cref="IOException">The folder holds no packed dataset.</exception>
    /// <exception cref="MalformedDataException">Its record is damaged.</exception>
    /// <exception cref="UsageException">It was packed with other parameters, so that nothing of it could be kept.</exception>
    public EarlierVersion(string folder, UnixFsProfile profile)
    {
        (Folder, this.profile) = (new OutputFolder(folder), profile);
        filesFile = Folder.FileOf(RecordFile.Files);
        string datasetFile = Folder.FileOf(RecordFile.Dataset);
        if (!File.Exists(datasetFile))
            throw new FileNotFoundException($"--previous: {Folder.Path} holds no packed dataset ({RecordFile.Dataset} is missing)");
        Dataset = RecordFile.Read(datasetFile, RecordJson.Default.DatasetRecord);
        if (Dataset.DagProfile() is not { } then || then with { Name = profile.Name } != profile)
            throw new UsageException($"--previous: {Folder.Path} was packed with other parameters of the DAG (profile {Dataset.Profile}, chunk size {Dataset.ChunkSize}): its CIDs say nothing about these");
        file = File.OpenHandle(filesFile);
    }

    public OutputFolder Folder { get; }

    public DatasetRecord Dataset { get; }

    /// <summary>Number of entries that it lists: all but a root folder.</summary>
    public long Entries => Dataset.Files + Dataset.Links + Math.Max(0, Dataset.Directories - 1);

    /// <summary>Marks what of a tree is unchanged: files and symlinks, and folders with all that is in them. The root folder never is.</summary>
    /// <param name="isSame">Whether a file of the tree has the content that the record of its path speaks of.</param>
    public void MarkKept(SourceTree tree, Func<int, FileRecord, long, bool> isSame)
    {
        for (int i = 0; i < tree.Count; i++)
            tree.Keep(i, false);
        var lacking = new bool[tree.Count];
        Match(
            tree,
            (entry, record, line, _) => tree.Keep(entry, tree[entry].Kind switch
            {
                EntryKind.File => record.Type == "file" && record.Size == tree[entry].Size && HasCodec(tree, entry, record.Cid) && isSame(entry, record, line),
                EntryKind.Symlink => record.Type == "symlink" && record.Cid == CidOfSymlink(tree, profile, entry),
                _ => entry > 0 && record.Type == "dir" && HasMetadata(tree, entry, record),
            }),
            folder => lacking[folder] = true);
        for (int i = tree.Count - 1; i > 0; i--)
        {
            if (tree[i].Kind == EntryKind.Directory && lacking[i])
                tree.Keep(i, false);
            lacking[tree[i].Parent] |= !tree[i].IsKept && tree[i].Kind != EntryKind.Removed;
        }
    }

    /// <summary>Gives what is known of the entries that are kept: their digests, and where in the earlier version's list they stand.</summary>
    /// <exception cref="IOException">The earlier version is not what it was when they were marked.</exception>
    public void Fill(SourceTree tree, PackedEntries entries)
    {
        int kept = 0;
        for (int i = 0; i < tree.Count; i++)
            kept += tree[i].IsKept ? 1 : 0;
        Match(
            tree,
            (entry, record, _, offset) =>
            {
                if (!tree[entry].IsKept)
                    return;
                if (!Cid.TryParse(record.Cid, out var cid) || cid.DigestLength != 32)
                    throw new MalformedDataException($"'{record.Cid}' is no CID of a dataset", offset, filesFile);
                entries.Set(entry, cid.Digest, offset);
                kept--;
            },
            _ => { });
        if (kept != 0)
            throw new IOException($"{filesFile} is not what it was when the run was begun; begin anew with --restart");
    }

    /// <summary>The record that begins at an offset. Safe for several threads.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public FileRecord RecordAt(long offset) => RecordFile.ReadLine(file, filesFile, offset, RecordJson.Default.FileRecord);

    public void Dispose() => file.Dispose();

    /// <summary>Whether a file is what was packed, as far as its size, its times and its inode tell.</summary>
    /// <param name="inode">The one that it had, where that is known.</param>
    public bool LooksSame(SourceTree tree, int entry, FileRecord record, ulong? inode)
    {
        var stamp = tree.Stamp(entry);
        return record.Mtime is { } mtime && mtime == TimeText.Format(stamp.ModifySeconds, stamp.ModifyNanoseconds)
            && (inode is null || inode == tree.Identity(entry)) && HasMetadata(tree, entry, record);
    }

    // With a mode or a time in its node, a folder or file that has another one has another CID.
    private bool HasMetadata(SourceTree tree, int entry, FileRecord record)
    {
        ref readonly var stamp = ref tree[entry].Stamp;
        return (!profile.PreserveMode || record.Mode == stamp.Permissions)
            && (!profile.PreserveMtime || record.Mtime == TimeText.Format(stamp.ModifySeconds, stamp.ModifyNanoseconds));
    }

    private bool HasCodec(SourceTree tree, int entry, string cid)
    {
        bool isRaw = tree[entry].Size <= profile.ChunkSize && profile.RawLeaves && PieceLayout.ScannedMetadata(tree, profile, entry).IsEmpty;
        return Cid.TryParse(cid, out var parsed) && parsed.DigestLength == 32 && profile.CidOf(isRaw, parsed.Digest) == parsed;
    }

    /// <summary>The CID that a symlink of a tree has.</summary>
    public static string CidOfSymlink(SourceTree tree, UnixFsProfile profile, int entry)
    {
        Span<byte> digest = stackalloc byte[32];
        new DirectoryNode(profile).EmitSymlink(tree.Target(entry), PieceLayout.ScannedMetadata(tree, profile, entry), new DigestOnly(), digest);
        return profile.CidOf(false, digest).ToString();
    }

    /// <param name="onBoth">Is told of each entry that both have at one path: the entry, the record, and the record's line and offset.</param>
    /// <param name="onGone">Is told of the deepest folder of the tree in which something was that is not in the tree.</param>
    private void Match(SourceTree tree, Action<int, FileRecord, long, long> onBoth, Action<int> onGone) =>
        RecordMatch.Run(tree, filesFile, onBoth, (record, _, before) => onGone(FolderOf(tree, before, RecordFile.PathBytes(record.Path, record.PathHex))));

    /// <summary>The deepest folder above a path, of those around an entry that stands before it, and that entry itself.</summary>
    private static int FolderOf(SourceTree tree, int entry, byte[] path)
    {
        for (int folder = Math.Max(0, entry); folder > 0; folder = tree[folder].Parent)
        {
            byte[] candidate = tree[folder].Kind == EntryKind.Directory ? tree.DatasetPath(folder) : path;
            if (candidate.Length < path.Length && path[candidate.Length] == '/' && path.AsSpan().StartsWith(candidate))
                return folder;
        }

        return 0;
    }
}
