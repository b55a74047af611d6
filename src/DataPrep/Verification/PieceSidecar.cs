using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>Reads the sidecars of pieces that are not read as a whole.</summary>
internal static class PieceSidecar
{
    /// <summary>The sidecar, which folds to its root, once that root and the sizes are those of the piece; else null, which is a finding.</summary>
    public static TreeSidecar? Read(FindingLog log, OutputFolder output, PieceRecord piece)
    {
        string path = output.FileOf(piece.PieceCid + ".tree");
        try
        {
            using var stream = File.OpenRead(path);
            var tree = TreeSidecar.Read(stream, path);
            var commitment = tree.Commitment;
            if (commitment.CidV1.ToString() == piece.PieceCid && commitment.CidV2.ToString() == piece.PieceCidV2 && commitment.PieceSize == piece.PieceSize && commitment.PayloadSize == piece.CarSize)
                return tree;
            log.Error("sidecar", path, -1, $"the tree sidecar is of the piece {commitment.CidV2} with {commitment.PayloadSize} bytes, not of {piece.PieceCidV2} with {piece.CarSize}");
        }
        catch (MalformedDataException e)
        {
            log.Error("sidecar", path, e.Offset, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Error("sidecar", path, -1, e.Message);
        }

        return null;
    }
}
