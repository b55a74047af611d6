using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Extraction;

/// <summary>The records of a dataset's entries, asked for in the order of their paths, in which the file has them. Reads as far as it is asked.</summary>
internal sealed class RecordedEntries : IDisposable
{
    private readonly Action<Exception> onFault;
    private IEnumerator<(FileRecord Record, long Offset)>? lines;
    private FileRecord? current;

    /// <param name="onFault">Takes what is wrong with the file, of which nothing is then known from there on.</param>
    public RecordedEntries(string folder, Action<Exception> onFault)
    {
        this.onFault = onFault;
        lines = RecordFile.ReadLines(Path.Join(folder, RecordFile.Files), RecordJson.Default.FileRecord).GetEnumerator();
        MoveNext();
    }

    /// <summary>The record of a path, or null; the first one where the path is empty, as of a dataset that is a single file.</summary>
    /// <param name="path">Not before one that was asked for.</param>
    public FileRecord? Find(byte[] path)
    {
        while (current is not null && path.Length > 0)
        {
            int order = PathText.Compare(RecordFile.PathBytes(current.Path, current.PathHex), path);
            if (order >= 0)
                return order == 0 ? current : null;
            MoveNext();
        }

        return current;
    }

    public void Dispose() => lines?.Dispose();

    private void MoveNext()
    {
        try
        {
            current = lines is not null && lines.MoveNext() ? lines.Current.Record : null;
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            (current, lines) = (null, null);
            onFault(e);
        }
    }
}
