using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>The pieces of a list, and the trees that prove parts of them.</summary>
internal static class ProvablePieces
{
    /// <summary>The pieces of a <c>pieces.jsonl</c>, each once, with sizes that a piece can have.</summary>
    /// <exception cref="MalformedDataException">The list is not what it should be, or empty.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PieceRecord[] Read(string list)
    {
        var lines = RecordFile.ReadPieceLinesOf(list);
        foreach (var (piece, offset) in lines)
        {
            if (piece.PayloadSize < 1 || piece.PayloadSize > piece.CarSize || piece.CarSize > PieceSize.Unpadded(PieceSize.OfHeight(TreeSidecar.MaxPieceHeight)))
                throw new MalformedDataException($"a CAR of {piece.CarSize} bytes, {piece.PayloadSize} of them without zero-fill, is no piece", offset, list);
        }

        PieceRecord[] pieces = [.. lines.Select(line => line.Record).DistinctBy(piece => piece.PieceCid)];
        return pieces.Length > 0 ? pieces : throw new MalformedDataException("there is no piece", 0, list);
    }

    /// <summary>The sidecar of a piece, which folds to its root, once that root and the sizes are those of the piece; else null, and a finding.</summary>
    /// <param name="folder">Where it is.</param>
    public static TreeSidecar? TreeOf(PieceRecord piece, string folder, FindingLog log)
    {
        string path = StoredPiece.SidecarIn(folder, piece);
        if (ReadTree(path, log) is not { } tree)
            return null;
        var commitment = tree.Commitment;
        if (commitment.CidV1.ToString() == piece.PieceCid && commitment.CidV2.ToString() == piece.PieceCidV2 && commitment.PieceSize == piece.PieceSize && commitment.PayloadSize == piece.CarSize)
            return tree;
        log.Error("sidecar", path, -1, $"the tree sidecar is of the piece {commitment.CidV2} with {commitment.PayloadSize} bytes, not of {piece.PieceCidV2} with {piece.CarSize}");
        return null;
    }

    /// <summary>A sidecar of whatever piece; else null, and a finding.</summary>
    public static TreeSidecar? ReadTree(string path, FindingLog log)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return TreeSidecar.Read(stream, path);
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
