using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>Holds the list of pieces against <c>dataset.json</c>: their number, their kinds and order, and the sizes that were allowed.</summary>
internal sealed class PieceListVerifier(FindingLog log, OutputFolder output, DatasetRecord dataset, IReadOnlyList<PieceLine> pieces)
{
    private readonly string datasetFile = output.FileOf(RecordFile.Dataset);
    private readonly string piecesFile = output.FileOf(RecordFile.Pieces);

    public void Verify()
    {
        if (dataset.Pieces != pieces.Count)
            log.Error("manifest", datasetFile, -1, $"says {dataset.Pieces} pieces, {RecordFile.Pieces} lists {pieces.Count}");
        var known = new HashSet<string>();
        bool inDag = false;
        foreach (var (piece, offset) in pieces)
        {
            if (!known.Add(piece.PieceCid))
                log.Error("manifest", piecesFile, offset, $"lists {piece.PieceCid} twice");
            if (piece.Kind is not ("data" or "dag"))
                log.Error("manifest", piecesFile, offset, $"says kind '{piece.Kind}' of {piece.PieceCid}, which is neither data nor dag");
            if (inDag && piece.Kind == "data")
                log.Error("manifest", piecesFile, offset, $"lists {piece.PieceCid} of kind data behind pieces of kind dag");
            inDag |= piece.Kind == "dag";
            if (piece.Kind == "dag")
                log.Compare("manifest", piecesFile, offset, "number of files of a dag piece", piece.Files, 0);
        }

        VerifySizes();
        VerifyDag();
    }

    private void VerifySizes()
    {
        long least = dataset.MinPieceSize ?? 0;
        if (!PieceSize.IsValid(dataset.PieceSize))
            log.Error("manifest", datasetFile, -1, $"pieceSize {dataset.PieceSize} is no piece size");
        else if (least != 0 && (!PieceSize.IsValid(least) || least > dataset.PieceSize))
            log.Error("manifest", datasetFile, -1, $"minPieceSize {least} is no piece size up to {dataset.PieceSize}");
        else
            VerifySizes(Math.Min(PieceSize.Unpadded(dataset.PieceSize), dataset.MaxCarSize ?? long.MaxValue), least == 0 ? 0 : PieceSize.Unpadded(least));
    }

    private void VerifySizes(long largest, long least)
    {
        foreach (var (piece, offset) in pieces)
        {
            if (piece.PayloadSize > largest)
                log.Error("manifest", piecesFile, offset, $"lists a CAR of {piece.PayloadSize} bytes, where {RecordFile.Dataset} allows {largest}");
            log.Compare("manifest", piecesFile, offset, $"size of a CAR of {piece.PayloadSize} bytes, filled up to {least},", piece.CarSize, Math.Max(piece.PayloadSize, least));
        }
    }

    private void VerifyDag()
    {
        var dag = pieces.Where(piece => piece.Record.Kind == "dag").ToList();
        if (!dag.Select(piece => piece.Record.PieceCid).SequenceEqual(dataset.DagPieces))
            log.Error("manifest", datasetFile, -1, $"dagPieces are {string.Join(", ", dataset.DagPieces)}; of kind dag in {RecordFile.Pieces} are {string.Join(", ", dag.Select(piece => piece.Record.PieceCid))}");
        if (dag.Count > 0)
            log.Compare("root-cid", datasetFile, -1, "root", dataset.RootCid, dag[^1].Record.RootCid);
    }
}
