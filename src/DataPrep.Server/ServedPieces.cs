using System.Collections.Frozen;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Server;

/// <summary>A piece as it is served: the bytes of its CAR file, zero-fill included. What a client takes for the rest of the piece is zeros.</summary>
/// <param name="PieceCid">Piece CID v1.</param>
/// <param name="Path">The CAR file, or a symlink to it.</param>
/// <param name="Size">Bytes of it.</param>
/// <param name="Inline">The file from which the CAR's bytes are made where no CAR is; null for none.</param>
internal sealed record ServedPiece(string PieceCid, string Path, long Size, string? Inline = null);

/// <summary>The pieces of some packed datasets, by their piece CIDs.</summary>
internal sealed class ServedPieces
{
    private readonly FrozenDictionary<Cid, ServedPiece> pieces;
    private readonly List<(string Folder, PieceRecord Record)> records = [];

    /// <param name="outputs">Folders that were packed into; of a piece in several of them the first is served.</param>
    /// <exception cref="IOException">A folder holds no packed dataset.</exception>
    /// <exception cref="MalformedDataException">A record is damaged.</exception>
    public ServedPieces(IReadOnlyList<string> outputs)
    {
        var found = new Dictionary<Cid, ServedPiece>();
        foreach (string output in outputs)
        {
            string list = Path.Join(output, RecordFile.Pieces);
            if (!File.Exists(list))
                throw new FileNotFoundException($"{output}: no packed dataset ({RecordFile.Pieces} is missing)");
            foreach (var piece in PackedDataset.RootFirst(RecordFile.ReadPieces(output)))
            {
                if (!Cid.TryParse(piece.PieceCid, out var cid))
                    throw new MalformedDataException($"pieceCid '{piece.PieceCid}' is no CID", 0, list);
                if (found.TryAdd(cid, new ServedPiece(piece.PieceCid, Path.Join(output, piece.CarFile), piece.CarSize, piece.Inline ? Path.Join(output, StoredPiece.NameOf(piece)) : null)))
                    records.Add((output, piece));
            }
        }

        pieces = found.ToFrozenDictionary();
    }

    public int Count => pieces.Count;

    /// <summary>The folders and records of the pieces, in the order in which blocks are looked for in them.</summary>
    public IReadOnlyList<(string Folder, PieceRecord Record)> Records => records;

    public long Bytes => pieces.Values.Sum(piece => piece.Size);

    /// <param name="text">Piece CID v1, or v2 with any payload size.</param>
    /// <param name="piece">The piece; null where there is none of that CID.</param>
    /// <returns>False where the text is no piece CID.</returns>
    public bool TryFind(string text, out ServedPiece? piece)
    {
        piece = null;
        if (!Cid.TryParse(text, out var cid))
            return false;
        try
        {
            _ = pieces.TryGetValue(PieceCid.V1(PieceCid.Decode(cid).Root), out piece);
            return true;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidDataException)
        {
            return false;
        }
    }
}
