using DataPrep.Car;
using DataPrep.Ipld;

namespace DataPrep.Records;

/// <summary>A packed dataset as it can be read back: its root, and the blocks of all its pieces.</summary>
internal sealed class PackedDataset : IDisposable
{
    private PackedDataset(DatasetRecord record, Cid root, string? source)
    {
        Record = record;
        Root = root;
        Blocks = new PieceSet(source);
    }

    public DatasetRecord Record { get; }

    /// <summary>Root of the canonical DAG.</summary>
    public Cid Root { get; }

    /// <summary>Whether all earlier versions are at hand whose content is kept.</summary>
    public bool HasAll { get; private set; }

    /// <summary>Blocks of all pieces, and of those of earlier versions. Pieces are opened when they are needed.</summary>
    public PieceSet Blocks { get; }

    /// <param name="previous">Folders of earlier versions, where these are not where they are noted to be.</param>
    /// <param name="onFault">Takes what is wrong with a piece, whose blocks are then missing as far as they cannot be found; null where it is to be thrown.</param>
    /// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
    /// <exception cref="IOException">The folder holds no packed dataset, or cannot be read.</exception>
    /// <exception cref="MalformedDataException">A record is not what it should be.</exception>
    public static PackedDataset Open(string folder, IReadOnlyList<string> previous, Action<Exception>? onFault = null, string? source = null)
    {
        foreach (string name in (string[])[RecordFile.Dataset, RecordFile.Pieces])
        {
            if (!File.Exists(Path.Join(folder, name)))
                throw new FileNotFoundException($"{folder}: no packed dataset ({name} is missing)");
        }

        string datasetFile = Path.Join(folder, RecordFile.Dataset);
        var record = RecordFile.Read(datasetFile, RecordJson.Default.DatasetRecord);
        if (!Cid.TryParse(record.RootCid, out var root))
            throw new MalformedDataException($"rootCid '{record.RootCid}' is no CID", 0, datasetFile);
        var dataset = new PackedDataset(record, root, source);
        foreach (var piece in RootFirst(RecordFile.ReadPieces(folder)))
            dataset.Blocks.AddLater(files => OpenCar(folder, piece, files, onFault));
        var earlier = EarlierFolders.Of(folder, record, previous);
        foreach (var (place, piece) in earlier.Pieces())
            dataset.Blocks.AddLater(files => OpenCar(place, piece, files, onFault));
        dataset.HasAll = earlier.IsComplete;
        return dataset;
    }

    /// <summary>The pieces in the order in which one who reads a dataset from its root asks for them: the folders are in the dag pieces, the root in the last.</summary>
    public static IEnumerable<PieceRecord> RootFirst(IReadOnlyList<PieceRecord> pieces) =>
        pieces.Where(piece => piece.Kind == "dag").Reverse().Concat(pieces.Where(piece => piece.Kind != "dag"));

    /// <exception cref="IOException">The CAR is missing, or cannot be read.</exception>
    public static CarBlocks OpenCar(string folder, PieceRecord piece, FileHandles files, Action<Exception>? onFault = null)
    {
        string path = StoredPiece.FileIn(folder, piece);
        try
        {
            return LinkedFile.Absence(path) is { } absence
                ? throw new FileNotFoundException($"{path}: the piece {absence}")
                : new CarBlocks(path, new CarReadOptions { AllowZeroPadding = piece.CarSize > piece.PayloadSize }, files, onFault);
        }
        catch (Exception e) when (onFault is not null && e is IOException or UnauthorizedAccessException)
        {
            onFault(e);
            return new CarBlocks(path, [], new BlockIndex(), files);
        }
    }

    public void Dispose() => Blocks.Dispose();
}
