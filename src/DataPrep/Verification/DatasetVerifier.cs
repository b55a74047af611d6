using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>
/// Verifies a packed dataset: every data piece by itself, the dag pieces with all others, and that the records say what the
/// pieces hold. Findings come in the order of the pieces, whatever the number of threads. Memory: about 60 bytes for each block
/// of the dataset (<see cref="BlockIndex"/>), and what is read of one piece for each thread.
/// </summary>
/// <param name="previous">Folders of earlier versions, where these are not where they are noted to be.</param>
/// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
internal sealed class DatasetVerifier(string folder, IReadOnlyList<string> previous, FindingLog log, int threads, PackCounters progress, CancellationToken cancel, string? source = null)
{
    private readonly OutputFolder output = new(folder);

    /// <summary>Bytes that will be gone over: each CAR is read for its commitment and for its blocks.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static long Work(string folder) =>
        Directory.EnumerateFiles(folder, "*.car").Concat(Directory.EnumerateFiles(folder, "*" + CarBytes.InlineExtension).Where(file => !File.Exists(Path.ChangeExtension(file, ".car")))).Sum(WorkOf);

    /// <summary>The same of one CAR, stored or inline.</summary>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static long WorkOf(string path)
    {
        try
        {
            return 2 * (CarBytes.IsInline(path) && LinkedFile.Absence(path) is null ? InlineFooter.Read(path).CarSize : LinkedFile.Length(path));
        }
        catch (MalformedDataException)
        {
            return 0; // which is found again when its turn comes
        }
    }

    /// <returns>Number of pieces verified.</returns>
    public int Verify() => log.Observe("verify", progress, VerifyFully);

    private int VerifyFully()
    {
        if (Manifests() is not var (dataset, pieces))
            return 0;
        string datasetFile = output.FileOf(RecordFile.Dataset);
        using var blocks = new PieceSet(source);
        var data = new Dictionary<string, DataPiece>();
        try
        {
            VerifyDataPieces([.. pieces.Where(piece => piece.Record.Kind != "dag")], blocks, data);
            _ = Manifest(() =>
            {
                var folders = EarlierFolders.Of(folder, dataset, previous);
                using var earlier = new EarlierPieces(folders, blocks, log);
                if (!earlier.AreComplete)
                    log.Warn("earlier-version", datasetFile, -1, $"keeps content of the version {dataset.Previous}, which is not where it was, or not with all its pieces: what lies there was not looked up (--previous OLD_OUT says where it is)");
                VerifyDagPieces([.. pieces.Where(piece => piece.Record.Kind == "dag")], blocks, earlier);
                new EntryVerifier(log, output, dataset, data, earlier, blocks, cancel).Verify();
                return dataset;
            });
        }
        finally
        {
            foreach (var piece in data.Values)
                piece.Dispose();
        }

        VerifySkipped(dataset, datasetFile);
        WarnOfStrangers(pieces);
        return pieces.Length;
    }

    /// <summary>Verifies only what the records say of each other, that every piece is there with its size, and its sidecar. Of the CARs nothing is read.</summary>
    /// <returns>Number of pieces verified.</returns>
    public int VerifyQuickly() => log.Observe("verify", progress, VerifyRecords);

    private int VerifyRecords()
    {
        if (Manifests() is not var (dataset, pieces))
            return 0;
        using var files = new FileHandles(1);
        var verifier = new RecordedPieceVerifier(log, output, threads, progress, files, cancel);
        foreach (var piece in pieces)
        {
            cancel.ThrowIfCancellationRequested();
            verifier.VerifyQuickly(piece);
        }

        if (!File.Exists(output.FileOf(RecordFile.Files)))
            log.Error("manifest", output.FileOf(RecordFile.Files), -1, "is missing");
        VerifySkipped(dataset, output.FileOf(RecordFile.Dataset));
        WarnOfStrangers(pieces);
        return pieces.Length;
    }

    /// <summary>The records, held against each other; each piece once. Null where one cannot be read.</summary>
    private (DatasetRecord Dataset, PieceLine[] Pieces)? Manifests()
    {
        if (Manifest(() => RecordFile.Read(output.FileOf(RecordFile.Dataset), RecordJson.Default.DatasetRecord)) is not { } dataset)
            return null;
        if (Manifest(() => RecordFile.ReadPieceLines(output.Path)) is not { } lines)
            return null;
        PieceLine[] pieces = [.. lines.Select(line => new PieceLine(line.Record, line.Offset))];
        new PieceListVerifier(log, output, dataset, pieces).Verify();
        return (dataset, [.. pieces.DistinctBy(piece => piece.Record.PieceCid)]);
    }

    /// <summary>Several at once, each by as many threads as are left for it.</summary>
    private void VerifyDataPieces(PieceLine[] pieces, PieceSet blocks, Dictionary<string, DataPiece> data)
    {
        int atOnce = Math.Clamp(pieces.Length, 1, threads);
        SideBySide.Run(
            pieces,
            atOnce,
            (piece, stop) =>
            {
                var findings = new List<Finding>();
                var verified = new RecordedPieceVerifier(new FindingLog(findings.Add), output, threads / atOnce, progress, blocks.Files, stop).Verify(piece);
                return (Piece: piece, Verified: verified, Findings: findings);
            },
            done =>
            {
                done.Findings.ForEach(log.Take);
                var dag = done.Verified?.Dag;
                dag?.CheckComplete(log, _ => false);
                if (dag is not null)
                    blocks.Add(dag.Blocks);
                data.Add(done.Piece.Record.PieceCid, new DataPiece(done.Piece, dag is { IsWhole: true } ? dag.Blocks : null, log));
            },
            cancel);
    }

    /// <summary>One after the other: each links to blocks of those before.</summary>
    private void VerifyDagPieces(PieceLine[] pieces, PieceSet blocks, EarlierPieces earlier)
    {
        var verified = new List<CarDag>();
        foreach (var piece in pieces)
        {
            if (new RecordedPieceVerifier(log, output, threads, progress, blocks.Files, cancel).Verify(piece, IsElsewhere) is not { } car)
                continue;
            verified.Add(car.Dag);
            blocks.Add(car.Dag.Blocks);
        }

        foreach (var dag in verified)
            dag.CheckComplete(log, IsElsewhere);

        // Of what lies in a piece that is not at hand nothing can be said.
        bool IsElsewhere(Cid cid) => blocks.Contains(cid) || !earlier.AreComplete;
    }

    private void VerifySkipped(DatasetRecord dataset, string datasetFile)
    {
        string path = output.FileOf(RecordFile.Skipped);
        long listed = 0;
        if (File.Exists(path))
            _ = Manifest(() => { listed = RecordFile.ReadLines(path, RecordJson.Default.SkippedRecord).LongCount(); return path; });
        log.Compare("manifest", datasetFile, -1, "number of skipped inputs", dataset.Skipped, listed);
    }

    private void WarnOfStrangers(PieceLine[] pieces)
    {
        var known = pieces.SelectMany(p => (string[])[p.Record.PieceCid + ".car", StoredPiece.NameOf(p.Record), p.Record.PieceCid + ".tree"]).ToHashSet();
        foreach (string file in Directory.EnumerateFiles(folder).Where(f => Path.GetExtension(f) is ".car" or ".tree" or CarBytes.InlineExtension && !known.Contains(Path.GetFileName(f))).Order(StringComparer.Ordinal))
            log.Warn("stranger", file, -1, $"no piece of {RecordFile.Pieces}");
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
