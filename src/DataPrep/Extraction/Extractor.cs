using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;
using DataPrep.Verification;

namespace DataPrep.Extraction;

/// <summary>What was restored.</summary>
/// <param name="Kept">Files and symlinks, among those counted, that were there before with the same content.</param>
/// <param name="Bytes">Content of all these files.</param>
/// <param name="Lost">Files that were not restored.</param>
internal readonly record struct ExtractTotals(long Files, long Folders, long Links, long Kept, long Bytes, long Lost);

/// <summary>
/// Restores what is selected of a dataset or of CARs. One thread walks the DAG, makes folders, and hands out batches of files and of ranges of
/// large files; the others read, check and write them. Memory: for each thread a batch, and a few blocks; for each folder and symlink
/// about 200 bytes; the index of blocks.
/// </summary>
internal sealed class Extractor(DagSource source, TargetFolder target, PathSelection selection, bool overwrite, FindingLog log, int threads, PackCounters progress, CancellationToken cancel)
{
    private const long BatchBytes = 16 << 20;
    private const int BatchFiles = 512;

    // Of a small file its making counts for more than its bytes.
    private const long FileCost = 32 << 10;
    private const uint Permissions = 0xFFF, SetIds = 0xC00;

    private readonly RecordedEntries? records = source.Folder is null ? null : new RecordedEntries(source.Folder, e => log.Warn("manifest", Path.Join(source.Folder, RecordFile.Files), -1, $"{e.Message}; modes and times are restored as far as the DAG has them"));
    private long files, kept, bytes, lost, madeLinks;

    /// <summary>Bytes of a range of a large file: a whole number of chunks of every usual size, so that no leaf is read twice.</summary>
    internal long RangeSize { get; init; } = 32 << 20;

    /// <exception cref="IOException">The target cannot be written to at all.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what was complete stays.</exception>
    public ExtractTotals Run() => ObservedRun.Of("extract", progress, _ => Extract());

    private ExtractTotals Extract()
    {
        using var folders = new RestoredFolders(target, overwrite);
        using (records)
            SideBySide.Run(Batches(folders), threads == 1 ? 1 : threads + 1, Restore, Take, cancel);
        foreach (var (path, linkTarget, metadata) in folders.Links)
        {
            cancel.ThrowIfCancellationRequested();
            Try(path, () =>
            {
                kept += folders.MakeLink(path, linkTarget, metadata) ? 0 : 1;
                madeLinks++;
            });
        }

        folders.Finish((path, e) => Report(path, e, -1));
        foreach (string path in selection.NotFound)
            log.Error("not-found", path, -1, "is not there");
        if (source.Blocks.NotChecked is > 0 and var count)
            log.Warn("unverifiable-hash", target.Path, -1, $"{count} blocks have CIDs of hash functions that are not implemented here: their content was not checked");
        return new ExtractTotals(files, folders.Count, madeLinks, kept, bytes, lost);
    }

    private IEnumerable<List<Range>> Batches(RestoredFolders folders)
    {
        var batch = new List<Range>();
        long weight = 0;
        byte[]? beyond = null; // a folder that could not be made, with its slash
        foreach (var (path, entry) in Entries())
        {
            if (beyond is not null && path.AsSpan().StartsWith(beyond))
                continue;
            beyond = null;
            if (entry.IsFolder)
            {
                if (path.Length > 0 && !Try(path, () => folders.Make(path, MetadataOf(path, entry))))
                    beyond = [.. path, (byte)'/'];
                continue;
            }

            if (entry.Type == UnixFsType.Symlink)
            {
                folders.AddLink(path, entry.Target, MetadataOf(path, entry));
                continue;
            }

            long ranges = Math.Max(1, (entry.Size / RangeSize) + (entry.Size % RangeSize == 0 ? 0 : 1));
            var file = new RestoredFile(target, path, entry.Cid, entry.Size, MetadataOf(path, entry), overwrite, ranges) { IsAlone = folders.IsInNew(path) };
            for (long i = 0; i < ranges; i++)
            {
                if (file.HasFailed)
                {
                    file.GiveUp(ranges - i);
                    break;
                }

                long from = i * RangeSize, length = Math.Min(RangeSize, entry.Size - from);
                batch.Add(new Range(file, from, from + length));
                weight += length + FileCost;
                if (weight < BatchBytes && batch.Count < BatchFiles)
                    continue;
                yield return batch;
                (batch, weight) = ([], 0);
            }
        }

        if (batch.Count > 0)
            yield return batch;
    }

    /// <summary>What is to be restored, with the paths in the target.</summary>
    private IEnumerable<(byte[] Path, DagEntry Entry)> Entries()
    {
        var dag = new DagReader(source.Blocks);
        int found = 0;
        foreach (var root in source.Roots)
        {
            foreach (var entry in dag.Walk(root, enters: path => selection.Match(path) != PathMatch.None, onFault: (path, e) => Lose(path, e)))
            {
                cancel.ThrowIfCancellationRequested();
                // A root that is no folder has no name in its DAG.
                byte[] path = entry.Path.Length > 0 || entry.IsFolder ? entry.Path : NameOf(root);
                var match = selection.Match(path);
                if (match == PathMatch.None || (match == PathMatch.Above && !entry.IsFolder))
                    continue;
                if (IsWorkFolder(path))
                {
                    Report(path, new IOException("it has the name of the folder that files are made in"), -1);
                    continue;
                }

                progress.Found(++found);
                yield return (path, entry);
            }
        }
    }

    private byte[] NameOf(Cid root) =>
        records?.Find([]) is { } record ? record.Bytes : PathText.FromArgument(root.ToString());

    private static bool IsWorkFolder(ReadOnlySpan<byte> path) =>
        path.StartsWith(PathText.FromArgument(TargetFolder.WorkFolder)) && (path.Length == TargetFolder.WorkFolder.Length || path[TargetFolder.WorkFolder.Length] == '/');

    /// <summary>Of the DAG, and where that has none, of the records. CARs that come without are not given the right to make files that run as their owner.</summary>
    private NodeMetadata MetadataOf(byte[] path, DagEntry entry)
    {
        var record = records?.Find(entry.Path.Length == 0 ? [] : path);
        uint? mode = (entry.Metadata.Mode ?? record?.Mode) & (records is null ? Permissions & ~SetIds : Permissions);
        return new NodeMetadata(mode, entry.Metadata.Mtime ?? TimeText.Parse(record?.Mtime));
    }

    private Outcome Restore(List<Range> batch, CancellationToken stop)
    {
        var outcome = new Outcome();
        var content = new FileContent(source.Blocks, stop);
        using var cursor = new FolderCursor(target);
        foreach (var (file, from, to) in batch)
        {
            stop.ThrowIfCancellationRequested();
            if (file.Restore(from, to, content, cursor, progress.Add, (e, offset) => outcome.Faults.Add((file, e, offset))))
                outcome.Done.Add(file);
        }

        return outcome;
    }

    private void Take(Outcome outcome)
    {
        foreach (var (file, fault, offset) in outcome.Faults)
        {
            lost++;
            Report(file.Path, fault, offset);
        }

        foreach (var file in outcome.Done)
        {
            files++;
            bytes += file.Size;
            kept += file.IsKept ? 1 : 0;
        }
    }

    private bool Try(byte[] path, Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (IOException e)
        {
            Report(path, e, -1);
            return false;
        }
    }

    private void Lose(byte[] path, Exception e)
    {
        lost++;
        Report(path, e, -1);
    }

    /// <param name="offset">In the file that was to be restored; -1 where none applies.</param>
    private void Report(byte[] path, Exception e, long offset)
    {
        string code = e switch
        {
            NameTakenException => "name-taken",
            MissingBlockException => "missing-block",
            MalformedDataException => "damaged",
            SourceFaultException => "source",
            _ => "not-restored",
        };
        string message = e is MalformedDataException { Path: null } malformed ? malformed.Reason : e.Message;
        log.Error(code, path.Length == 0 ? "/" : PathText.Show(path), e is NameTakenException ? -1 : offset, message);
    }

    private readonly record struct Range(RestoredFile File, long From, long To);

    private sealed class Outcome
    {
        public List<RestoredFile> Done { get; } = [];

        public List<(RestoredFile File, Exception Fault, long Offset)> Faults { get; } = [];
    }
}
