using System.Text;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>
/// The pieces of OUT that a command has taken over, so that it does not get them again and nobody misses their CARs. A file of
/// the work folder with a piece CID a line, which stays as long as the dataset does.
/// </summary>
internal sealed class HandedOn
{
    public const string FileName = "handed-on";
    private readonly string path;
    private readonly HashSet<string> pieces = new(StringComparer.Ordinal);
    private readonly long end;
    private bool isWhole;

    public HandedOn(OutputFolder folder)
    {
        path = folder.WorkFile(FileName);
        if (!File.Exists(path))
            return;
        string text = File.ReadAllText(path);
        // A line without an end was being written when the run was killed.
        end = text.LastIndexOf('\n') + 1;
        pieces.UnionWith(text[..(int)end].Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    public bool Contains(string pieceCid)
    {
        lock (pieces)
            return pieces.Contains(pieceCid);
    }

    /// <summary>Notes a piece, durably.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Add(string pieceCid)
    {
        using (var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 0))
        {
            if (!isWhole)
                file.SetLength(end);
            file.Position = file.Length;
            file.Write(Encoding.ASCII.GetBytes(pieceCid + "\n"));
            OutputFolder.Sync(file.SafeFileHandle, path);
        }

        lock (pieces)
            _ = pieces.Add(pieceCid);
        isWhole = true;
    }

    /// <summary>Forgets what was handed on before: another plan begins.</summary>
    public static void Forget(OutputFolder folder) => File.Delete(folder.WorkFile(FileName));
}
