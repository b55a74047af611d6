using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Verification;

/// <summary>Walks the canonical DAG over all pieces beside <c>files.jsonl</c>: the same entries, in the same order, with the same CIDs.</summary>
/// <param name="pieces">Data pieces by their piece CID.</param>
/// <param name="earlier">Those of earlier versions.</param>
internal sealed class EntryVerifier(FindingLog log, OutputFolder output, DatasetRecord dataset, IReadOnlyDictionary<string, DataPiece> pieces, EarlierPieces earlier, PieceSet blocks, CancellationToken cancel)
{
    private readonly string datasetFile = output.FileOf(RecordFile.Dataset);
    private readonly string filesFile = output.FileOf(RecordFile.Files);
    private long files, directories, links, bytes;

    /// <exception cref="MalformedDataException">A record, or a node, is not what it should be.</exception>
    /// <exception cref="MissingBlockException">A folder, or an inner node of a file, is missing.</exception>
    /// <exception cref="IOException">Something cannot be read.</exception>
    public void Verify()
    {
        if (!Cid.TryParse(dataset.RootCid, out var root) || !blocks.Contains(root))
        {
            log.Error("missing-root", datasetFile, -1, $"the root {dataset.RootCid} is in none of the pieces");
            return;
        }

        var parameters = new ParameterVerifier(log, datasetFile, dataset);
        parameters.Check();
        var dag = new DagReader(blocks);
        var parts = new PartVerifier(log, filesFile, parameters, pieces, earlier, dag);
        using var entries = dag.Walk(root, allowMissing: true).GetEnumerator();
        bool more = entries.MoveNext(), inStep = true;
        if (more && entries.Current.IsFolder)
        {
            VerifyRoot();
            directories++;
            more = entries.MoveNext(); // the root folder has no record of its own
        }

        byte[] unseen = []; // a folder that is not at hand, with the slash behind it
        foreach (var (record, offset) in RecordFile.ReadLines(filesFile, RecordJson.Default.FileRecord))
        {
            cancel.ThrowIfCancellationRequested();
            if (unseen.Length > 0 && RecordFile.PathBytes(record.Path, record.PathHex).AsSpan().StartsWith(unseen))
            {
                Count(record);
                continue;
            }

            if (!more)
                log.Error("manifest", filesFile, offset, $"lists '{record.Path}', which the DAG does not have");
            inStep = more && Matches(record, entries.Current, offset);
            if (!inStep)
                break;
            Count(record);
            if (entries.Current.IsMissing)
            {
                // Its piece is missing, or cut off, or not at hand, which was said before.
                unseen = record.Type == "dir" ? [.. entries.Current.Path, (byte)'/'] : [];
            }
            else if (record.Type == "file")
            {
                parts.Verify(record, entries.Current, offset);
            }
            else if (record.Parts.Count > 0)
            {
                log.Error("manifest", filesFile, offset, $"'{record.Path}' has parts, but is no file");
            }

            if (!entries.Current.IsMissing)
                parameters.Check(record.Path, entries.Current);
            more = entries.MoveNext();
        }

        if (more && inStep)
            log.Error("manifest", filesFile, new FileInfo(filesFile).Length, $"does not list '{PathText.Quote(entries.Current.Path)}', which the DAG has");
        log.Compare("manifest", datasetFile, -1, "number of files", dataset.Files, files);
        log.Compare("manifest", datasetFile, -1, "number of directories", dataset.Directories, directories);
        log.Compare("manifest", datasetFile, -1, "number of symlinks", dataset.Links, links);
        log.Compare("manifest", datasetFile, -1, "content size", dataset.Bytes, bytes);
        foreach (var piece in pieces.Values)
            piece.End(output.FileOf(RecordFile.Pieces));
    }

    /// <summary>The root folder is in the last dag piece, and where there is none, it is the root of the only piece.</summary>
    private void VerifyRoot()
    {
        if (dataset.DagPieces.Count > 0)
            return;
        if (pieces.Count > 1)
            log.Error("root-cid", datasetFile, -1, $"a folder in {pieces.Count} data pieces has no dag piece");
        else if (pieces.Count == 1)
            log.Compare("root-cid", datasetFile, -1, "root", dataset.RootCid, pieces.Values.Single().Record.RootCid);
    }

    private void Count(FileRecord record)
    {
        files += record.Type == "file" ? 1 : 0;
        directories += record.Type == "dir" ? 1 : 0;
        links += record.Type == "symlink" ? 1 : 0;
        bytes += record.Type == "file" ? record.Size : 0;
    }

    private bool Matches(FileRecord record, DagEntry entry, long offset)
    {
        byte[] path = RecordFile.PathBytes(record.Path, record.PathHex);
        if (entry.Path.Length > 0 && !path.AsSpan().SequenceEqual(entry.Path))
        {
            log.Error("manifest", filesFile, offset, $"lists '{record.Path}' where the DAG has '{PathText.Quote(entry.Path)}'");
            return false;
        }

        if (entry.IsMissing)
        {
            if (entry.Cid.ToString() != record.Cid)
                log.Error("manifest", filesFile, offset, $"says of '{record.Path}': {record.Cid}; the DAG has: {entry.Cid}");
            return true;
        }

        string type = entry.Type switch { UnixFsType.File => "file", UnixFsType.Symlink => "symlink", _ => "dir" };
        if (type != record.Type || entry.Size != record.Size || entry.Cid.ToString() != record.Cid)
            log.Error("manifest", filesFile, offset, $"says of '{record.Path}': {record.Type}, {record.Size} bytes, {record.Cid}; the DAG has: {type}, {entry.Size} bytes, {entry.Cid}");
        if (entry.Metadata.Mode is { } mode && mode != record.Mode)
            log.Error("manifest", filesFile, offset, $"says mode {record.Mode} of '{record.Path}'; the DAG has {mode}");
        if (entry.Metadata.Mtime is { } time && TimeText.Format(time.Seconds, time.Nanoseconds) != record.Mtime)
            log.Error("manifest", filesFile, offset, $"says mtime {record.Mtime} of '{record.Path}'; the DAG has {TimeText.Format(time.Seconds, time.Nanoseconds)}");
        return true;
    }
}
