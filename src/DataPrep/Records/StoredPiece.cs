using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Piece;

namespace DataPrep.Records;

/// <summary>The file of a dataset's folder that a piece is read from: its CAR, or the <c>.inline</c> file from which the CAR can be made.</summary>
internal static class StoredPiece
{
    /// <summary>Name of the file that packing leaves of a piece.</summary>
    public static string NameOf(PieceRecord piece) => piece.Inline ? piece.PieceCid + CarBytes.InlineExtension : piece.CarFile;

    /// <summary>The CAR where it stands there, else what packing left.</summary>
    public static string FileIn(string folder, PieceRecord piece)
    {
        string car = Path.Join(folder, piece.CarFile);
        return piece.Inline && LinkedFile.Absence(car) is not null ? Path.Join(folder, NameOf(piece)) : car;
    }

    /// <summary>The tree sidecar of a piece.</summary>
    public static string SidecarIn(string folder, PieceRecord piece) => Path.Join(folder, piece.PieceCid + ".tree");

    /// <summary>Says, without reading it, why a file is not that of a piece; null where it may be.</summary>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static string? Problem(string path, PieceRecord piece, bool isInline)
    {
        if (LinkedFile.Absence(path) is { } absence)
            return $"is missing: it {absence}";
        if (!isInline)
            return LinkedFile.Length(path) is var length && length != piece.CarSize ? $"has {length} bytes instead of {piece.CarSize}" : null;
        try
        {
            var footer = InlineFooter.Read(path);
            return footer.CarSize == piece.CarSize && PieceCid.V1(footer.Root.Span).ToString() == piece.PieceCid ? null : "is of another piece";
        }
        catch (MalformedDataException e)
        {
            return $"is damaged: {e.Reason}";
        }
    }
}
