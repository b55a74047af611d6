using DataPrep.Records;

namespace DataPrep.Distribution.Exports;

/// <summary>
/// The files of a dataset that are cut into parts. In a piece such a file is a folder under its path, in which each part has its offset as
/// its name (docs/output.md); only <c>files.jsonl</c> tells it from a folder with such names. Memory is that of the cut files, of which a
/// piece begins and ends with one at most.
/// </summary>
internal sealed class CutFiles
{
    private readonly Dictionary<string, FileRecord> files = new(StringComparer.Ordinal);

    /// <summary>Path of the first entry, which is the dataset itself where that is one file.</summary>
    public byte[] FirstPath { get; private set; } = [];

    /// <summary>Time of the last modification of any entry; null where none has one.</summary>
    public string? Newest { get; private set; }

    /// <summary>Goes once through the file list.</summary>
    /// <exception cref="Ipld.MalformedDataException">The list is not what it should be.</exception>
    public static CutFiles Read(ExportDataset dataset)
    {
        var cut = new CutFiles();
        foreach (var (record, _) in RecordFile.ReadLines(Path.Join(dataset.Folder, RecordFile.Files), RecordJson.Default.FileRecord))
        {
            if (cut.FirstPath.Length == 0)
                cut.FirstPath = RecordFile.PathBytes(record.Path, record.PathHex);
            if (string.CompareOrdinal(record.Mtime, cut.Newest) > 0 && TimeText.Parse(record.Mtime) is not null)
                cut.Newest = record.Mtime;
            if (record.Parts.Count > 1)
                cut.files[Key(RecordFile.PathBytes(record.Path, record.PathHex))] = record;
        }

        return cut;
    }

    /// <summary>The file of which a folder of a piece holds parts, or null where it is a folder.</summary>
    public FileRecord? Find(byte[] folder, string pieceCid) =>
        files.Count > 0 && files.TryGetValue(Key(folder), out var file) && file.Parts.Any(part => part.PieceCid == pieceCid) ? file : null;

    /// <summary>Paths are compared as bytes.</summary>
    private static string Key(byte[] path) => Convert.ToHexString(path);
}
