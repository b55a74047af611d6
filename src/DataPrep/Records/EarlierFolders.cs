using System.Text;

namespace DataPrep.Records;

/// <summary>
/// The versions of a dataset before one, whose pieces hold what was unchanged since. A dataset's record names the version before
/// it by its root; where it lies on this machine is noted in the work folder.
/// </summary>
/// <param name="Folders">The latest first.</param>
/// <param name="IsComplete">Whether all are there, down to the one that had none before it, with all their pieces.</param>
internal sealed record EarlierFolders(IReadOnlyList<string> Folders, bool IsComplete)
{
    /// <summary>The note: an absolute path.</summary>
    public const string FileName = "previous";

    /// <param name="previous">Null where there is none.</param>
    public static void Note(OutputFolder folder, string? previous)
    {
        if (previous is null)
            File.Delete(folder.WorkFile(FileName));
        else
            folder.WriteWork(FileName, stream => stream.Write(Encoding.UTF8.GetBytes(previous + "\n")));
    }

    /// <param name="given">Where to look before the notes.</param>
    /// <exception cref="Ipld.MalformedDataException">A record is damaged.</exception>
    public static EarlierFolders Of(string folder, DatasetRecord dataset, IReadOnlyList<string> given)
    {
        var folders = new List<string>();
        string at = folder;
        bool isComplete = true;
        for (string? wanted = dataset.Previous; wanted is not null;)
        {
            var found = given.Concat(Noted(at)).Select(candidate => (Path: candidate, Record: Read(candidate))).FirstOrDefault(candidate => candidate.Record?.RootCid == wanted);
            if (found.Record is null || folders.Contains(found.Path))
                return new EarlierFolders(folders, false);
            folders.Add(at = found.Path);
            wanted = found.Record.Previous;
            isComplete &= RecordFile.ReadPieces(at).All(piece => LinkedFile.Absence(StoredPiece.FileIn(at, piece)) is null);
        }

        return new EarlierFolders(folders, isComplete);
    }

    /// <summary>The pieces of all these versions that are there: those of folders first.</summary>
    public IEnumerable<(string Folder, PieceRecord Piece)> Pieces() =>
        Folders.SelectMany(folder => PackedDataset.RootFirst(RecordFile.ReadPieces(folder)).Where(piece => LinkedFile.Absence(StoredPiece.FileIn(folder, piece)) is null).Select(piece => (folder, piece)));

    private static DatasetRecord? Read(string folder)
    {
        string path = Path.Join(folder, RecordFile.Dataset);
        return File.Exists(path) ? RecordFile.Read(path, RecordJson.Default.DatasetRecord) : null;
    }

    private static string[] Noted(string folder)
    {
        string path = new OutputFolder(folder).WorkFile(FileName);
        return File.Exists(path) ? [File.ReadAllText(path).TrimEnd('\n')] : [];
    }
}
