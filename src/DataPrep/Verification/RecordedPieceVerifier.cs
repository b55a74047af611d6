using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>A line of <c>pieces.jsonl</c>.</summary>
/// <param name="Offset">Byte offset of the line.</param>
internal readonly record struct PieceLine(PieceRecord Record, long Offset);

/// <summary>Holds a piece of a dataset against its record: the CAR, and the sidecar beside it.</summary>
internal sealed class RecordedPieceVerifier(FindingLog log, OutputFolder output, int threads, PackCounters progress, FileHandles files, CancellationToken cancel)
{
    /// <param name="isElsewhere">Says of a block whether another piece has it.</param>
    /// <returns>What the CAR holds; null where it cannot be read.</returns>
    public VerifiedCar? Verify(PieceLine line, Func<Cid, bool>? isElsewhere = null) => AtHand(line.Record, car =>
    {
        VerifySize(car, line.Record);
        return Verify(car, line, isElsewhere);
    });

    /// <summary>Verifies that the CAR is there under its name with its size, and its sidecar, which folds to the piece CID.</summary>
    public void VerifyQuickly(PieceLine line)
    {
        _ = AtHand(line.Record, car =>
        {
            VerifySize(car, line.Record);
            return car;
        });
        VerifyName(line);
        _ = ProvablePieces.TreeOf(line.Record, output.Path, log);
    }

    private T? AtHand<T>(PieceRecord piece, Func<string, T> verify)
        where T : class
    {
        string car = StoredPiece.FileIn(output.Path, piece);
        if (LinkedFile.Absence(car) is { } absence)
        {
            log.Error("missing-piece", car, -1, $"the piece {absence}");
            return null;
        }

        try
        {
            return verify(car);
        }
        catch (MalformedDataException e)
        {
            log.Error("inline", e.Path ?? car, e.Offset, e.Reason);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Error("unreadable", car, -1, e.Message);
            return null;
        }
    }

    private void VerifySize(string car, PieceRecord piece)
    {
        long size = CarBytes.IsInline(car) ? InlineFooter.Read(car).CarSize : LinkedFile.Length(car);
        if (size != piece.CarSize)
            log.Error("car-size", car, Math.Min(size, piece.CarSize), $"has {size} bytes, {RecordFile.Pieces} says {piece.CarSize}");
    }

    private void VerifyName(in PieceLine line) =>
        log.Compare("file-name", output.FileOf(RecordFile.Pieces), line.Offset, "file name", line.Record.CarFile, line.Record.PieceCid + ".car");

    private VerifiedCar Verify(string car, in PieceLine line, Func<Cid, bool>? isElsewhere)
    {
        var piece = line.Record;
        var verified = new CarVerifier(log, threads, progress, files, cancel).Verify(car, _ => piece.CarSize > piece.PayloadSize, isElsewhere);
        var commitment = verified.Tree.Commitment;
        if (verified.HasSources)
        {
            log.Compare("piece-cid", car, -1, "piece CID", commitment.CidV1.ToString(), piece.PieceCid);
            log.Compare("piece-cid-v2", car, -1, "piece CID v2", commitment.CidV2.ToString(), piece.PieceCidV2);
        }

        if (piece.Sha256 is { } sum && !CarBytes.IsInline(car))
            log.Compare("sha256", car, -1, "SHA-256", PieceSum.Compute(car, cancel), sum);
        log.Compare("piece-size", car, -1, "piece size", commitment.PieceSize, piece.PieceSize);
        VerifyName(line);
        if (verified.Dag.IsWhole)
        {
            log.Compare("payload-size", car, -1, "payload size", verified.PayloadSize, piece.PayloadSize);
            log.Compare("root-cid", car, 0, "root", string.Join(", ", verified.Dag.Blocks.Roots), piece.RootCid);
            if (piece.Kind == "dag")
                log.Compare("root-cid", car, 0, "the root of a dag piece is its last block, which", verified.LastBlock.ToString(), piece.RootCid);
        }

        VerifySidecar(piece, verified);
        return verified;
    }

    private void VerifySidecar(PieceRecord piece, VerifiedCar verified)
    {
        string path = StoredPiece.SidecarIn(output.Path, piece);
        if (ProvablePieces.ReadTree(path, log) is not { } sidecar)
            return;
        var computed = verified.Tree;
        // Without the sources nothing but the record says what the piece was.
        bool isOfPiece = verified.HasSources
            ? sidecar.Commitment.CidV2 == computed.Commitment.CidV2 && sidecar.Nodes.SequenceEqual(computed.Nodes)
            : sidecar.Commitment.CidV2.ToString() == piece.PieceCidV2;
        if (!isOfPiece)
            log.Error("sidecar", path, -1, "the tree sidecar is not that of the CAR beside it");
    }
}
