using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Distribution.Exports;

/// <summary>A piece that is exported.</summary>
/// <param name="Dataset">The dataset, or the version of it, that lists the piece.</param>
internal sealed record ExportPiece(PieceRecord Record, ExportDataset Dataset);

/// <summary>A packed dataset, as far as its records tell of it.</summary>
internal sealed class ExportDataset
{
    private CutFiles? cut;

    /// <exception cref="IOException">The folder holds no packed dataset.</exception>
    /// <exception cref="MalformedDataException">A record is not what it should be.</exception>
    public ExportDataset(string folder)
    {
        foreach (string name in (string[])[RecordFile.Dataset, RecordFile.Pieces, RecordFile.Files])
        {
            if (!File.Exists(Path.Join(folder, name)))
                throw new FileNotFoundException($"{folder}: no packed dataset ({name} is missing)");
        }

        Folder = folder;
        Record = RecordFile.Read(Path.Join(folder, RecordFile.Dataset), RecordJson.Default.DatasetRecord);
    }

    public string Folder { get; }

    public DatasetRecord Record { get; }

    /// <summary>The pieces that it lists, in their order.</summary>
    /// <exception cref="MalformedDataException">The list is not what it should be.</exception>
    public IEnumerable<ExportPiece> Pieces()
    {
        foreach (var (piece, offset) in RecordFile.ReadPieceLines(Folder))
        {
            string path = Path.Join(Folder, RecordFile.Pieces);
            if (!IsCid(piece.PieceCid) || !IsCid(piece.PieceCidV2) || !IsCid(piece.RootCid))
                throw new MalformedDataException("a CID of a piece is none", offset, path);
            if (!PieceSize.IsValid(piece.PieceSize) || piece.PayloadSize < 0 || piece.CarSize < piece.PayloadSize || piece.CarSize > PieceSize.Unpadded(piece.PieceSize))
                throw new MalformedDataException($"the sizes of piece {piece.PieceCid} are none that a piece can have", offset, path);
            yield return new ExportPiece(piece, this);
        }
    }

    /// <summary>Of the files that lie in several pieces, what is needed to find their parts again. Read when it is first asked for.</summary>
    public CutFiles Cut => cut ??= CutFiles.Read(this);

    /// <summary>The pieces of all earlier versions of which content is kept, those of the first version first, without those that a later one lists too.</summary>
    /// <param name="given">Folders of earlier versions, where these are not where they are noted to be.</param>
    /// <exception cref="IOException">A version is not found.</exception>
    public IEnumerable<ExportPiece> EarlierPieces(IReadOnlyList<string> given)
    {
        var versions = EarlierFolders.Of(Folder, Record, given).Folders.Select(folder => new ExportDataset(folder)).ToList();
        var first = versions.Count > 0 ? versions[^1] : this;
        if (first.Record.Previous is { } missing)
            throw new IOException($"{first.Folder} keeps content of the version {missing}, which is not where it was: say where it is with --previous OLD_OUT");
        versions.Reverse();
        return versions.SelectMany(version => version.Pieces());
    }

    private static bool IsCid(string text) => Cid.TryParse(text, out _);
}

/// <summary>What an exporter is given.</summary>
/// <param name="Dataset">The dataset that the export is of.</param>
/// <param name="Pieces">Those of its pieces that are exported, in the order in which they are written.</param>
/// <param name="Warn">Takes a sentence on what the importing side may not take.</param>
internal sealed record ExportInput(ExportDataset Dataset, IReadOnlyList<ExportPiece> Pieces, ExportOptions Options, Action<string> Warn)
{
    /// <summary>Where the sources of inline pieces are; null for where they were.</summary>
    public string? Source { get; init; }

    public CancellationToken Cancel { get; init; }

    public IEnumerable<PieceRecord> Records => Pieces.Select(piece => piece.Record);

    /// <summary>The value of an option that the format needs.</summary>
    /// <exception cref="UsageException">It is not given.</exception>
    public static T Needed<T>(T? value, ExportOption option)
        where T : class => value ?? throw new UsageException($"{ExportOptions.NameOf(option)} is missing: {ExportOptions.MeaningOf(option)}");

    /// <summary>
    /// Refuses pieces that are larger than their file needs. Who computes a commitment from the file alone gets that of its natural size,
    /// which is another one.
    /// </summary>
    /// <param name="who">What computes it.</param>
    /// <exception cref="InvalidDataException">There is such a piece.</exception>
    public void OnlyNaturalSizes(string who)
    {
        if (Records.FirstOrDefault(piece => piece.PieceSize != PieceSize.Padded(piece.CarSize)) is { } piece)
            throw new InvalidDataException($"piece {piece.PieceCid} has {piece.PieceSize} bytes, but the natural size of its CAR of {piece.CarSize} bytes is {PieceSize.Padded(piece.CarSize)}: {who} would compute another piece CID. Append zeros to the CAR up to {PieceSize.Unpadded(piece.PieceSize)} bytes, as pack --min-piece-size does");
    }
}
