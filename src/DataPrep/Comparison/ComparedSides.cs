using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Comparison;

/// <summary>
/// What two names of a comparison stand for. A folder with a <c>dataset.json</c> and a <c>files.jsonl</c> is a packed dataset, a file whose name ends in
/// <c>.jsonl</c> a list of files, anything else a tree of files, of which there may be one.
/// </summary>
internal sealed class ComparedSides : IDisposable
{
    /// <param name="warn">Takes what makes the comparison less than it could be.</param>
    /// <param name="checksum">Whether files of the tree are read and hashed.</param>
    /// <exception cref="UsageException">The two cannot be compared so.</exception>
    /// <exception cref="FormatException">A record is damaged.</exception>
    /// <exception cref="IOException">Something is not there or cannot be read.</exception>
    public ComparedSides(string a, string b, bool checksum, int threads, PackCounters progress, Action<string> warn, CancellationToken cancel)
    {
        string? listA = ListOf(a), listB = ListOf(b);
        if (listA is null && listB is null)
            throw new UsageException($"{a} and {b} are both trees of files: one of the two has to be a packed dataset, or a list of its files (diff -r compares trees)");
        if (checksum && listA is not null && listB is not null)
            throw new UsageException("--checksum is of a tree of files; packed datasets have their CIDs");
        if (listA is not null && listB is not null)
        {
            IsByContent = HaveOneProfile(DatasetOf(listA), DatasetOf(listB));
            if (!IsByContent)
                warn("the two were packed with other parameters of the DAG, so that their CIDs say nothing about each other: files are compared by size and time of modification, and none is found to be moved");
            (Before, After) = (new RecordList(listA), new RecordList(listB));
            return;
        }

        IsByContent = true;
        string list = (listA ?? listB)!, source = listA is null ? a : b;
        var dataset = DatasetOf(list);
        var profile = dataset?.DagProfile() is { } found && found.Problem() is null ? found : null;
        if (checksum && profile is null)
            throw new UsageException($"--checksum: the parameters by which files are to be hashed are not known: {list} has no {RecordFile.Dataset} beside it, or one that does not say them");
        if (dataset?.Selection is { } selection && selection.Again() is null)
            warn("the dataset was packed from a list, or by patterns that are not UTF-8: what the tree has besides is shown as different");
        var scan = dataset is null ? new ScanOptions() : new ScanOptions(dataset.Hidden, dataset.EmptyDirs, dataset.Symlinks, dataset.Wrap, dataset.Selection?.Again());
        var tree = LocalScanner.Scan([source], scan, cancel, progress.Found, threads);
        foreach (var input in tree.Skipped)
            warn($"{PathText.Quote(input.Path)}: {input.Detail}");
        Skipped = tree.Skipped.Count;
        var content = checksum ? Hash(tree, list, profile!, source, threads, progress, cancel) : null;
        EntryList records = new RecordList(list), files = new TreeList(source, tree, profile, content);
        (Before, After) = listA is null ? (files, records) : (records, files);
    }

    public EntryList Before { get; }

    public EntryList After { get; }

    /// <summary>Whether digests can be compared, as far as they are known.</summary>
    public bool IsByContent { get; }

    /// <summary>Inputs of the tree that could not be read.</summary>
    public long Skipped { get; }

    public void Dispose()
    {
        Before.Dispose();
        After.Dispose();
    }

    /// <summary>Only files are hashed whose sizes do not tell all: those that the list has with that size, and those that it does not have.</summary>
    private static ContentCheck Hash(SourceTree tree, string list, UnixFsProfile profile, string source, int threads, PackCounters progress, CancellationToken cancel)
    {
        RecordMatch.Run(
            tree,
            list,
            (entry, record, _, _) => tree.Keep(entry, tree[entry].Kind == EntryKind.File && record.Type == "file" && record.Size == tree[entry].Size),
            (_, _, _) => { },
            entry => tree.Keep(entry, tree[entry].Kind == EntryKind.File));
        return ContentCheck.OfKept(tree, profile, [source], threads, progress, cancel);
    }

    private static string? ListOf(string name)
    {
        if (!Path.Exists(name))
            throw new FileNotFoundException($"{name}: no such file or folder");
        if (File.Exists(name))
            return Path.GetExtension(name) == ".jsonl" ? name : null;
        string list = Path.Join(name, RecordFile.Files);
        return File.Exists(list) && File.Exists(Path.Join(name, RecordFile.Dataset)) ? list : null;
    }

    private static DatasetRecord? DatasetOf(string list)
    {
        string path = Path.Join(Path.GetDirectoryName(Path.GetFullPath(list)), RecordFile.Dataset);
        return File.Exists(path) ? RecordFile.Read(path, RecordJson.Default.DatasetRecord) : null;
    }

    /// <summary>Where one says nothing of its parameters, its CIDs are taken for comparable.</summary>
    private static bool HaveOneProfile(DatasetRecord? a, DatasetRecord? b) =>
        a?.DagProfile() is not { } one || b?.DagProfile() is not { } other || one with { Name = other.Name } == other;
}
