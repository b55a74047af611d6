using DataPrep.Ipld;

namespace DataPrep.Records;

/// <summary>Reads the records that packing leaves beside the pieces; docs/output.md describes every field.</summary>
public sealed class DatasetManifest
{
    private readonly string folder;

    private DatasetManifest(string folder, DatasetRecord dataset, IReadOnlyList<PieceRecord> pieces) =>
        (this.folder, Dataset, Pieces) = (folder, dataset, pieces);

    /// <summary>What stands in <c>dataset.json</c>.</summary>
    public DatasetRecord Dataset { get; }

    /// <summary>The lines of <c>pieces.jsonl</c>.</summary>
    public IReadOnlyList<PieceRecord> Pieces { get; }

    /// <param name="folder">What was packed into.</param>
    /// <exception cref="MalformedDataException">A record is not what it should be; the exception has file and offset.</exception>
    /// <exception cref="IOException">The folder holds no finished dataset, or cannot be read.</exception>
    public static DatasetManifest Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new DatasetManifest(folder, RecordFile.Read(Path.Join(folder, RecordFile.Dataset), RecordJson.Default.DatasetRecord), RecordFile.ReadPieces(folder));
    }

    /// <summary>The lines of <c>files.jsonl</c>, read as they are asked for, in the order of their paths.</summary>
    /// <inheritdoc cref="Read"/>
    public IEnumerable<FileRecord> Files() => RecordFile.ReadLines(Path.Join(folder, RecordFile.Files), RecordJson.Default.FileRecord).Select(line => line.Record);

    /// <summary>The lines of <c>skipped.jsonl</c>; none where nothing was skipped.</summary>
    /// <inheritdoc cref="Read"/>
    public IEnumerable<SkippedRecord> Skipped()
    {
        string path = Path.Join(folder, RecordFile.Skipped);
        return File.Exists(path) ? RecordFile.ReadLines(path, RecordJson.Default.SkippedRecord).Select(line => line.Record) : [];
    }
}
