using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>
/// The pieces of earlier versions, as far as a dataset keeps content in them: looked up, and not verified byte by byte, which
/// verifying those versions does.
/// </summary>
internal sealed class EarlierPieces : IDisposable
{
    private readonly Dictionary<string, (PieceRecord Piece, Lazy<CarBlocks> Car)> known = [];
    private readonly Dictionary<string, DataPiece> inUse = [];
    private readonly FindingLog log;

    /// <param name="blocks">Is given the blocks of all these pieces.</param>
    public EarlierPieces(EarlierFolders folders, PieceSet blocks, FindingLog log)
    {
        (this.log, AreComplete) = (log, folders.IsComplete);
        foreach (var (folder, piece) in folders.Pieces())
        {
            var car = new Lazy<CarBlocks>(() => PackedDataset.OpenCar(folder, piece, blocks.Files));
            if (known.TryAdd(piece.PieceCid, (piece, car)))
                blocks.AddLater(_ => car.Value);
        }
    }

    /// <summary>Whether every piece is at hand that content may be in.</summary>
    public bool AreComplete { get; }

    /// <summary>A data piece of an earlier version, or null where none has it, or it is not there.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is no CAR.</exception>
    public DataPiece? Find(string pieceCid)
    {
        if (inUse.TryGetValue(pieceCid, out var piece))
            return piece;
        return known.TryGetValue(pieceCid, out var found) && found.Piece.Kind == "data"
            ? inUse[pieceCid] = new DataPiece(new PieceLine(found.Piece, -1), found.Car.Value, log)
            : null;
    }

    public void Dispose()
    {
        foreach (var piece in inUse.Values)
            piece.Dispose();
    }
}
