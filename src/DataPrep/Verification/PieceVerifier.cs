using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>A line of <c>pieces.jsonl</c>.</summary>
/// <param name="Offset">Byte offset of the line.</param>
internal readonly record struct PieceLine(PieceRecord Record, long Offset);

/// <summary>Holds a piece of a dataset against its record: the CAR, and the sidecar beside it.</summary>
internal sealed class PieceVerifier(FindingLog log, OutputFolder output, int threads, PackProgress progress, FileHandles files, CancellationToken cancel)
{
    /// <param name="isElsewhere">Says of a block whether another piece has it.</param>
    /// <returns>What the CAR holds; null where it cannot be read.</returns>
    public VerifiedCar? Verify(in PieceLine line, Func<Cid, bool>? isElsewhere = null)
    {
        var piece = line.Record;
        string car = StoredPiece.FileIn(output.Path, piece);
        if (LinkedFile.Absence(car) is { } absence)
        {
            log.Error("missing-piece", car, -1, $"the piece {absence}");
            return null;
        }

        try
        {
            return Verify(car, line, isElsewhere);
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

    private VerifiedCar Verify(string car, in PieceLine line, Func<Cid, bool>? isElsewhere)
    {
        var piece = line.Record;
        long size = CarBytes.IsInline(car) ? InlineFooter.Read(car).CarSize : LinkedFile.Length(car);
        if (size != piece.CarSize)
            log.Error("car-size", car, Math.Min(size, piece.CarSize), $"has {size} bytes, {RecordFile.Pieces} says {piece.CarSize}");
        var verified = new CarVerifier(log, threads, progress, files, cancel).Verify(car, _ => piece.CarSize > piece.PayloadSize, isElsewhere);
        var commitment = verified.Tree.Commitment;
        if (verified.HasSources)
        {
            log.Compare("piece-cid", car, -1, "piece CID", commitment.CidV1.ToString(), piece.PieceCid);
            log.Compare("piece-cid-v2", car, -1, "piece CID v2", commitment.CidV2.ToString(), piece.PieceCidV2);
        }

        log.Compare("piece-size", car, -1, "piece size", commitment.PieceSize, piece.PieceSize);
        log.Compare("file-name", output.FileOf(RecordFile.Pieces), line.Offset, "file name", piece.CarFile, piece.PieceCid + ".car");
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
        string path = output.FileOf(piece.PieceCid + ".tree");
        try
        {
            using var stream = File.OpenRead(path);
            var sidecar = TreeSidecar.Read(stream, path);
            var computed = verified.Tree;
            // Without the sources nothing but the record says what the piece was.
            bool isOfPiece = verified.HasSources
                ? sidecar.Commitment.CidV2 == computed.Commitment.CidV2 && sidecar.Nodes.SequenceEqual(computed.Nodes)
                : sidecar.Commitment.CidV2.ToString() == piece.PieceCidV2;
            if (!isOfPiece)
                log.Error("sidecar", path, -1, "the tree sidecar is not that of the CAR beside it");
        }
        catch (MalformedDataException e)
        {
            log.Error("sidecar", path, e.Offset, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Error("sidecar", path, -1, e.Message);
        }
    }
}
