using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Unixfs;

namespace DataPrep.Verification;

/// <summary>Verifies a packed dataset: every piece, and that the records say what the pieces hold.</summary>
internal sealed class DatasetVerifier(string folder, FindingLog log, int threads, PackProgress progress, CancellationToken cancel)
{
    private readonly OutputFolder output = new(folder);

    /// <summary>Bytes that will be gone over: each CAR is read for its commitment and for its blocks.</summary>
    public static long Work(string folder) => Directory.EnumerateFiles(folder, "*.car").Sum(file => 2 * new FileInfo(file).Length);

    /// <returns>Number of pieces verified.</returns>
    public int Verify()
    {
        string datasetFile = output.FileOf(RecordFile.Dataset);
        if (Manifest(() => RecordFile.Read(datasetFile, RecordJson.Default.DatasetRecord)) is not { } dataset)
            return 0;
        string piecesFile = output.FileOf(RecordFile.Pieces);
        if (Manifest(() => RecordFile.ReadPieces(output.Path)) is not { } pieces)
            return 0;
        if (dataset.Pieces != pieces.Count)
            log.Error("manifest", datasetFile, -1, $"says {dataset.Pieces} pieces, {RecordFile.Pieces} lists {pieces.Count}");

        foreach (var piece in pieces)
            VerifyPiece(piece, piecesFile);
        _ = Manifest(() => VerifyEntries(dataset, pieces));
        VerifySkipped(dataset, datasetFile);
        WarnOfStrangers(pieces);
        return pieces.Count;
    }

    private void VerifyPiece(PieceRecord piece, string piecesFile)
    {
        string car = output.FileOf(piece.CarFile);
        if (!File.Exists(car))
        {
            log.Error("missing-piece", car, -1, "the piece is not there");
            return;
        }

        long size = new FileInfo(car).Length;
        if (size != piece.CarSize)
            log.Error("car-size", car, Math.Min(size, piece.CarSize), $"has {size} bytes, {RecordFile.Pieces} says {piece.CarSize}");
        var verified = new CarVerifier(log, threads, progress, cancel).Verify(car, piece.CarSize > piece.PayloadSize);
        var commitment = verified.Tree.Commitment;
        Compare("piece-cid", car, "piece CID", commitment.CidV1.ToString(), piece.PieceCid);
        Compare("piece-cid-v2", car, "piece CID v2", commitment.CidV2.ToString(), piece.PieceCidV2);
        Compare("piece-size", car, "piece size", commitment.PieceSize, piece.PieceSize);
        Compare("file-name", piecesFile, "file name", piece.CarFile, piece.PieceCid + ".car");
        if (verified.IsWhole)
        {
            Compare("payload-size", car, "payload size", verified.PayloadSize, piece.PayloadSize);
            Compare("root-cid", car, "root", string.Join(", ", verified.Roots), piece.RootCid);
        }

        VerifySidecar(piece, verified.Tree);
    }

    private void VerifySidecar(PieceRecord piece, TreeSidecar computed)
    {
        string path = output.FileOf(piece.PieceCid + ".tree");
        _ = Manifest(() =>
        {
            using var stream = File.OpenRead(path);
            var sidecar = TreeSidecar.Read(stream, path);
            if (sidecar.Commitment.CidV2 != computed.Commitment.CidV2 || !sidecar.Nodes.SequenceEqual(computed.Nodes))
                log.Error("sidecar", path, -1, "the tree sidecar is not that of the CAR beside it");
            return sidecar;
        });
    }

    /// <summary>Walks the DAG beside files.jsonl: the same entries, in the same order, with the same CIDs.</summary>
    private DatasetRecord VerifyEntries(DatasetRecord dataset, IReadOnlyList<PieceRecord> pieces)
    {
        string filesFile = output.FileOf(RecordFile.Files);
        if (pieces is not [var piece] || !File.Exists(output.FileOf(piece.CarFile)))
            return dataset;
        Compare("root-cid", output.FileOf(RecordFile.Dataset), "root", piece.RootCid, dataset.RootCid);

        long files = 0, directories = 0, links = 0, bytes = 0;
        using var car = new CarBlocks(output.FileOf(piece.CarFile), new CarReadOptions { AllowZeroPadding = true });
        var dag = new DagReader(car);
        using var entries = dag.Walk(Cid.Parse(piece.RootCid)).GetEnumerator();
        bool more = entries.MoveNext();
        if (more && entries.Current.Type is UnixFsType.Directory or UnixFsType.HamtShard)
        {
            directories++;
            more = entries.MoveNext(); // the root folder has no record of its own
        }

        foreach (var (record, offset) in RecordFile.ReadLines(filesFile, RecordJson.Default.FileRecord))
        {
            cancel.ThrowIfCancellationRequested();
            if (!more)
            {
                log.Error("manifest", filesFile, offset, $"lists '{record.Path}', which the DAG does not have");
                break;
            }

            if (!Matches(record, entries.Current, filesFile, offset))
                break;
            files += record.Type == "file" ? 1 : 0;
            directories += record.Type == "dir" ? 1 : 0;
            links += record.Type == "symlink" ? 1 : 0;
            bytes += record.Type == "file" ? record.Size : 0;
            if (record.Type == "file")
                VerifyParts(record, piece, car, dag, filesFile, offset);
            more = entries.MoveNext();
        }

        if (more && log.Errors == 0)
            log.Error("manifest", filesFile, new FileInfo(filesFile).Length, $"does not list '{Source.PathText.Quote(entries.Current.Path)}', which the DAG has");
        string datasetFile = output.FileOf(RecordFile.Dataset);
        Compare("manifest", datasetFile, "number of files", dataset.Files, files);
        Compare("manifest", datasetFile, "number of directories", dataset.Directories, directories);
        Compare("manifest", datasetFile, "number of symlinks", dataset.Links, links);
        Compare("manifest", datasetFile, "content size", dataset.Bytes, bytes);
        Compare("manifest", output.FileOf(RecordFile.Pieces), "number of files", piece.Files, files);
        return dataset;
    }

    private bool Matches(FileRecord record, DagEntry entry, string filesFile, long offset)
    {
        byte[] path = RecordFile.PathBytes(record.Path, record.PathHex);
        if (entry.Path.Length > 0 && !path.AsSpan().SequenceEqual(entry.Path))
        {
            log.Error("manifest", filesFile, offset, $"lists '{record.Path}' where the DAG has '{Source.PathText.Quote(entry.Path)}'");
            return false;
        }

        string type = entry.Type switch { UnixFsType.File => "file", UnixFsType.Symlink => "symlink", _ => "dir" };
        if (type != record.Type || entry.Size != record.Size || entry.Cid.ToString() != record.Cid)
            log.Error("manifest", filesFile, offset, $"says of '{record.Path}': {record.Type}, {record.Size} bytes, {record.Cid}; the DAG has: {type}, {entry.Size} bytes, {entry.Cid}");
        return true;
    }

    private void VerifyParts(FileRecord record, PieceRecord piece, CarBlocks car, DagReader dag, string filesFile, long offset)
    {
        long at = 0;
        foreach (var part in record.Parts)
        {
            if (part is null)
                throw new MalformedDataException($"a part of '{record.Path}' is null", offset, filesFile);
            if (part.PieceCid != piece.PieceCid || part.FileOffset != at)
                log.Error("manifest", filesFile, offset, $"'{record.Path}' has a part at {part.FileOffset} of piece {part.PieceCid}, expected at {at} of {piece.PieceCid}");
            at = part.FileOffset + part.Length;
        }

        if (at != record.Size || record.Parts.Count == 0)
            log.Error("manifest", filesFile, offset, $"the parts of '{record.Path}' come to {at} of {record.Size} bytes");
        else if (car.CidAt(record.Parts[0].CarOffset) is not { } cid || cid != dag.FirstLeaf(Cid.Parse(record.Cid)))
            log.Error("manifest", filesFile, offset, $"'{record.Path}' does not begin at offset {record.Parts[0].CarOffset} of {piece.CarFile}");
    }

    private void VerifySkipped(DatasetRecord dataset, string datasetFile)
    {
        string path = output.FileOf(RecordFile.Skipped);
        long listed = 0;
        if (File.Exists(path))
            _ = Manifest(() => { listed = RecordFile.ReadLines(path, RecordJson.Default.SkippedRecord).LongCount(); return path; });
        Compare("manifest", datasetFile, "number of skipped inputs", dataset.Skipped, listed);
    }

    private void WarnOfStrangers(IReadOnlyList<PieceRecord> pieces)
    {
        var known = pieces.SelectMany(p => (string[])[p.PieceCid + ".car", p.PieceCid + ".tree"]).ToHashSet();
        foreach (string file in Directory.EnumerateFiles(folder).Where(f => Path.GetExtension(f) is ".car" or ".tree" && !known.Contains(Path.GetFileName(f))).Order(StringComparer.Ordinal))
            log.Warn("stranger", file, -1, $"no piece of {RecordFile.Pieces}");
    }

    private void Compare<T>(string code, string path, string what, T actual, T expected)
    {
        if (!EqualityComparer<T>.Default.Equals(actual, expected))
            log.Error(code, path, -1, $"{what} is {actual}, expected {expected}");
    }

    /// <summary>Reads a record; what cannot be read is a finding.</summary>
    private T? Manifest<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (MalformedDataException e)
        {
            log.Error("manifest", e.Path ?? folder, e.Offset, e.Message);
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            log.Error("manifest", folder, -1, e.Message);
        }

        return null;
    }
}
