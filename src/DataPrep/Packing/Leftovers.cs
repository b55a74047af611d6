using System.Text;
using DataPrep.Car;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>What runs that were broken off have left in OUT, read without changing anything.</summary>
internal sealed class Leftovers(OutputFolder folder)
{
    private const string Note = ".named";

    /// <summary>The file of the work folder that tells where pieces go that are not kept in folders.</summary>
    public const string TargetNote = "target";

    /// <summary>Whether a file of the work folder is none that a finished run takes away.</summary>
    public static bool Stays(string name) => name is OutputFolder.LockFile or HandedOn.FileName or InodeList.FileName or EarlierFolders.FileName or SourcePlaces.FileName or RunLog.FileName or TargetNote;

    /// <summary>Whether OUT holds a finished dataset. Then no piece in it is a leftover.</summary>
    public bool IsComplete => File.Exists(folder.FileOf(RecordFile.Dataset));

    /// <summary>Files of the work folder, those of rounds too.</summary>
    public IReadOnlyList<string> WorkFiles() => Directory.Exists(folder.Work)
        ? [.. Directory.EnumerateFiles(folder.Work, "*", SearchOption.AllDirectories).Where(file => Path.GetDirectoryName(file) != folder.Work || !(IsComplete ? Stays(Path.GetFileName(file)) : Path.GetFileName(file) == OutputFolder.LockFile)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>
    /// Files of the finished pieces that the journal names: each CAR, or what stands for it, or the link to it and the file in another folder that it
    /// leads to, and the tree. None where OUT holds a finished dataset.
    /// </summary>
    /// <exception cref="Ipld.MalformedDataException">The journal cannot be read.</exception>
    public IReadOnlyList<string> PieceFiles()
    {
        var files = new List<string>();
        foreach (string name in PieceNames())
        {
            foreach (string file in FilesOf(folder.FileOf(name)))
            {
                if (LinkedTo(file) is { } target)
                    files.Add(target);
                files.Add(file);
            }

            files.Add(Path.ChangeExtension(folder.FileOf(name), ".tree"));
        }

        return [.. files.Where(file => new FileInfo(file) is { } info && (info.Exists || info.LinkTarget is not null))];
    }

    /// <summary>Further folders over which the run has spread its pieces, as links in OUT show them.</summary>
    public IReadOnlyList<OutputFolder> MoreFolders() =>
        [.. PieceNames().SelectMany(name => FilesOf(folder.FileOf(name))).Select(LinkedTo).OfType<string>().Select(car => Path.GetDirectoryName(car)!).Distinct(StringComparer.Ordinal).Select(path => new OutputFolder(path))];

    /// <summary>Names that a finished piece may have: that of its CAR, and of what the CAR can be made from.</summary>
    public static string[] FilesOf(string car) => [car, Path.ChangeExtension(car, CarBytes.InlineExtension)];

    /// <summary>Bytes that files take on their devices.</summary>
    public static long SizeOf(IEnumerable<string> files) => files.Where(file => new FileInfo(file).LinkTarget is null).Sum(file => Posix.AllocatedSize(PathText.FromArgument(file)));

    public static void Delete(IEnumerable<string> files)
    {
        foreach (string file in files)
            File.Delete(file);
    }

    /// <summary>Notes the name of a piece by an empty file, before a file of OUT gets it: the journal speaks of data pieces alone, and only once their trees are there.</summary>
    public static void NotePiece(OutputFolder folder, string pieceCid) => File.WriteAllBytes(folder.WorkFile(pieceCid + Note), []);

    /// <summary>Piece CIDs that files of OUT may be named after, of a run that has not ended.</summary>
    public static IEnumerable<string> NotedPieces(OutputFolder folder) =>
        Directory.EnumerateFiles(folder.Work, "*" + Note).Order(StringComparer.Ordinal).Select(note => Path.GetFileNameWithoutExtension(note));

    /// <summary>Names of the CARs that are noted: in the journal as finished, and beside it. None where OUT holds a finished dataset.</summary>
    /// <exception cref="IOException">The journal cannot be read, or is of another plan.</exception>
    /// <exception cref="Ipld.MalformedDataException">It is damaged.</exception>
    public IReadOnlyList<string> PieceNames()
    {
        var names = new List<string>();
        string journal = folder.WorkFile(Workspace.JournalFile);
        if (IsComplete)
            return names;
        names.AddRange(new ArrayFolder(folder.Path).PieceNames());
        if (Workspace.PlanIn(folder.Work) is not { } plan || !File.Exists(journal))
            return names;
        Journal.Read(journal, PlanFile.HashInName(plan) ?? [], (kind, payload) =>
        {
            if (kind == JournalKind.PieceDone)
                names.Add(Encoding.UTF8.GetString(PieceDone.Read(payload).CarFile));
        });
        names.AddRange(NotedPieces(folder).Select(cid => cid + ".car"));
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The file that a link in OUT leads to, if it is one that a run has put there: of this name, and beside a work folder.</summary>
    private static string? LinkedTo(string car) =>
        new FileInfo(car).LinkTarget is { } target && Path.IsPathRooted(target) && Path.GetFileName(target) == Path.GetFileName(car)
            && Directory.Exists(Path.Join(Path.GetDirectoryName(target), OutputFolder.WorkFolder)) ? target : null;
}
