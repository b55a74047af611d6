using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Verification;

/// <summary>
/// Compares a packed dataset with what it was packed from: the same entries, files of the same content. The files are hashed as packing
/// does it, and their CIDs held against the records; of the pieces nothing is read but to say where a file differs.
/// </summary>
/// <param name="sources">What was packed, as it is named to be packed; or one folder that holds all of it.</param>
/// <param name="previous">Folders of earlier versions, where these are not where they are noted to be.</param>
internal sealed class SourceVerifier(FindingLog log, string folder, IReadOnlyList<string> sources, IReadOnlyList<string> previous, int threads, PackCounters progress, CancellationToken cancel)
{
    private const string Source = "source", Missing = "source-missing", New = "source-new", Metadata = "source-metadata";
    private readonly string filesFile = Path.Join(folder, RecordFile.Files);

    /// <returns>Number of files whose content was compared.</returns>
    /// <exception cref="SourceException">A source does not exist or cannot be read.</exception>
    /// <exception cref="FormatException">A record is not what it should be.</exception>
    /// <exception cref="IOException">A record cannot be read.</exception>
    public long Verify()
    {
        string datasetFile = Path.Join(folder, RecordFile.Dataset);
        var dataset = RecordFile.Read(datasetFile, RecordJson.Default.DatasetRecord);
        if (dataset.DagProfile() is not { } profile || profile.Problem() is not null)
            throw new MalformedDataException("the parameters of the DAG are none that files could be hashed by", 0, datasetFile);
        var selection = dataset.Selection?.Again();
        bool isSelected = dataset.Selection is null || selection is not null;
        if (!isSelected)
            log.Warn(New, datasetFile, -1, "the dataset was packed from a list, or by patterns that are not UTF-8: whether the source holds more that belongs in it is not looked at");
        var scan = new ScanOptions(dataset.Hidden, dataset.EmptyDirs, dataset.Symlinks, dataset.Wrap, selection);
        var tree = LocalScanner.Scan(sources, scan, cancel, progress.Found, threads);
        var skipped = new SkippedPaths(folder);
        foreach (var input in tree.Skipped.Where(input => !skipped.Cover(PathText.Show(input.Path))))
            log.Error(Source, PathText.Quote(input.Path), -1, input.Detail);

        CompareEntries(tree, profile, isSelected ? skipped : null);
        return CompareContent(tree, profile);
    }

    /// <summary>Compares all that needs no content, and marks the files of which the content is to be compared.</summary>
    /// <param name="skipped">What may be in the source alone; null for everything.</param>
    private void CompareEntries(SourceTree tree, UnixFsProfile profile, SkippedPaths? skipped)
    {
        string gone = "/";
        int reported = 0;
        (long Count, string First) others = (0, "");
        RecordMatch.Run(tree, filesFile, OnBoth, OnGone, OnNew);
        if (others.Count > 0)
            log.Warn(Metadata, others.First, -1, $"has another mode or time of modification than {RecordFile.Files} says{(others.Count == 1 ? "" : $", as have {others.Count - 1} more")}; the DAG does not hold them");

        void OnBoth(int entry, FileRecord record, long line, long offset)
        {
            var now = EntryRecord.Of(tree, entry)!;
            bool hasMode = now.Mode == record.Mode, hasTime = now.Mtime == record.Mtime;
            bool isOther = (profile.PreserveMode && !hasMode && record.Type != "symlink") || (profile.PreserveMtime && !hasTime);
            if (now.Type != record.Type)
                log.Error(Source, Place(tree, entry), -1, $"is of type {now.Type}, and was packed as {record.Type}");
            else if (now.Size != record.Size)
                log.Error(Source, Place(tree, entry), -1, $"has {now.Size} bytes, {record.Size} were packed");
            else if (record.Type == "symlink" && !isOther && record.Cid != EarlierVersion.CidOfSymlink(tree, profile, entry))
                log.Error(Source, Place(tree, entry), -1, "is a symlink that leads elsewhere than the one that was packed");
            else
                tree.Keep(entry, record.Type == "file");

            if (isOther)
                log.Error(Metadata, Place(tree, entry), -1, $"has mode {now.Mode} and time {now.Mtime}, packed were {record.Mode} and {record.Mtime}");
            else if (!hasMode || !hasTime)
                others = (others.Count + 1, others.Count == 0 ? Place(tree, entry) : others.First);
        }

        void OnGone(FileRecord record, long offset, int before)
        {
            // What was in a folder that is missing is missing with it.
            if (record.Path.StartsWith(gone, StringComparison.Ordinal))
                return;
            log.Error(Missing, filesFile, offset, $"lists '{record.Path}', which the source does not have");
            gone = record.Type == "dir" ? record.Path + "/" : gone;
        }

        void OnNew(int entry)
        {
            if (skipped is null || entry < reported || skipped.Cover(PathText.Show(tree.DatasetPath(entry))))
                return;
            log.Error(New, Place(tree, entry), -1, "is not in the dataset");
            reported = tree[entry].End;
        }
    }

    private long CompareContent(SourceTree tree, UnixFsProfile profile)
    {
        long files = 0;
        for (int i = 0; i < tree.Count; i++)
            files += tree[i].IsKept ? 1 : 0;
        using var check = ContentCheck.OfKept(tree, profile, sources, threads, progress, cancel);
        using var difference = new Difference(folder, previous, cancel);
        RecordMatch.Run(tree, filesFile, OnBoth, (_, _, _) => { });
        return files;

        void OnBoth(int entry, FileRecord record, long line, long offset)
        {
            if (!tree[entry].IsKept || !Cid.TryParse(record.Cid, out var cid) || cid.Digest.SequenceEqual(check[entry]))
                return;
            if (check[entry].IndexOfAnyExcept((byte)0) < 0)
                log.Error(Source, Place(tree, entry), -1, "cannot be read, or changed while it was");
            else if (difference.Find(cid, tree.Location(entry), record.Size, out long at))
                log.Error(Source, Place(tree, entry), at, "has other content than was packed");
            else if (!profile.PreserveMode && !profile.PreserveMtime)
                log.Error("manifest", filesFile, offset, $"says of '{record.Path}': {record.Cid}, which is not its CID under the parameters of the dataset");
        }
    }

    private static string Place(SourceTree tree, int entry) => PathText.Quote(tree.Location(entry));

    /// <summary>Finds where a file differs from what the pieces hold of it.</summary>
    private sealed class Difference(string folder, IReadOnlyList<string> previous, CancellationToken cancel) : IDisposable
    {
        private readonly Lazy<PackedDataset> dataset = new(() => PackedDataset.Open(folder, previous, _ => { }));

        /// <param name="at">Offset of the first byte that differs; -1 where the pieces do not say.</param>
        /// <returns>Whether any does.</returns>
        public bool Find(in Cid cid, byte[] location, long size, out long at)
        {
            at = -1;
            int fd = Posix.Open(location, Posix.O_RDONLY | Posix.O_CLOEXEC | Posix.O_NONBLOCK | Posix.O_NOFOLLOW, out _);
            if (fd < 0)
                return true;
            try
            {
                long found = -1;
                new FileContent(dataset.Value.Blocks, cancel).Read(cid, size, 0, size, (offset, content) =>
                {
                    if (found >= 0)
                        return;
                    byte[] now = new byte[content.Length];
                    int same = now.AsSpan(0, Math.Max(0, Posix.ReadAt(fd, offset, now, out _))).CommonPrefixLength(content);
                    found = same == content.Length ? -1 : offset + same;
                });
                at = found;
                return found >= 0;
            }
            catch (Exception e) when (e is MissingBlockException or FormatException or IOException or UnauthorizedAccessException)
            {
                return true;
            }
            finally
            {
                Posix.Close(fd);
            }
        }

        public void Dispose()
        {
            if (dataset.IsValueCreated)
                dataset.Value.Dispose();
        }
    }
}
