using DataPrep.Car;
using DataPrep.Ipld;

namespace DataPrep.Records;

/// <summary>A packed dataset as it can be read back: its root, and the blocks of all its pieces.</summary>
internal sealed class PackedDataset : IDisposable
{
    private PackedDataset(DatasetRecord record, Cid root)
    {
        Record = record;
        Root = root;
    }

    public DatasetRecord Record { get; }

    /// <summary>Root of the canonical DAG.</summary>
    public Cid Root { get; }

    /// <summary>Blocks of all pieces. Pieces are opened when they are needed.</summary>
    public PieceSet Blocks { get; } = new();

    /// <exception cref="IOException">The folder holds no packed dataset, or cannot be read.</exception>
    /// <exception cref="MalformedDataException">A record is not what it should be.</exception>
    public static PackedDataset Open(string folder)
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
        var dataset = new PackedDataset(record, root);
        var pieces = RecordFile.ReadPieces(folder);

        // The folders are in the dag pieces, the root in the last.
        foreach (var piece in pieces.Where(piece => piece.Kind == "dag").Reverse().Concat(pieces.Where(piece => piece.Kind != "dag")))
            dataset.Blocks.AddLater(files => OpenCar(folder, piece, files));
        return dataset;
    }

    private static CarBlocks OpenCar(string folder, PieceRecord piece, FileHandles files)
    {
        string path = Path.Join(folder, piece.CarFile);
        return LinkedFile.Absence(path) is { } absence
            ? throw new FileNotFoundException($"{path}: the piece {absence}")
            : new CarBlocks(path, new CarReadOptions { AllowZeroPadding = piece.CarSize > piece.PayloadSize }, files);
    }

    public void Dispose() => Blocks.Dispose();
}
