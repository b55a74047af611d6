using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// The folders that pieces are written to. The first is OUT, with all manifests; for a piece in another one, say on
/// another disk, a symlink stands in OUT under the piece's name.
/// </summary>
internal sealed class PieceFolders
{
    private readonly OutputFolder[] all;

    public PieceFolders(IReadOnlyList<string> paths) => all = [.. paths.Select(path => new OutputFolder(path))];

    public OutputFolder Main => all[0];

    /// <summary>Whether writing means to wait for a device.</summary>
    public bool IsOnDevice => all.Any(folder => Posix.KindOf(folder.Work) != FileSystemKind.Memory);

    /// <summary>Makes the folders and keeps other runs out of them until disposed.</summary>
    /// <exception cref="IOException">Another run is at work in one, or they cannot be made.</exception>
    public IDisposable Hold()
    {
        var holds = new Holds();
        try
        {
            foreach (var folder in all)
                holds.Add(folder.Hold());
            return holds;
        }
        catch
        {
            holds.Dispose();
            throw;
        }
    }

    /// <summary>Removes what runs keep in the work folders.</summary>
    public void Clear()
    {
        foreach (var folder in all)
            Workspace.Clear(folder);
    }

    /// <summary>Whether a file of that size stands in OUT, or a link to one.</summary>
    public bool Has(string name, long size) => LinkedFile.Absence(Main.FileOf(name)) is null && LinkedFile.Length(Main.FileOf(name)) == size;

    /// <summary>Bytes of pieces in the making that are on the disks already.</summary>
    public long Unfinished => all.SelectMany(folder => Directory.EnumerateFiles(folder.Work, "piece-*.part")).Sum(Posix.AllocatedSize);

    /// <summary>Bytes that are free for pieces, in all folders together.</summary>
    public long FreeSpace => all.DistinctBy(folder => folder.Device).Sum(folder => folder.FreeSpace);

    /// <summary>Makes the file of a piece: in the folder whose turn it is, or in the next one with room for it.</summary>
    /// <param name="piece">Number of the piece within the dataset.</param>
    public PieceFile Create(int piece, string name, long size, OutputIo io)
    {
        if (all.FirstOrDefault(folder => File.Exists(folder.TemporaryOf(name))) is { } begun)
            return new PieceFile(begun, name, size, io);
        var turn = Enumerable.Range(0, all.Length).Select(i => all[(piece + i) % all.Length]).ToList();
        var folder = turn.FirstOrDefault(folder => folder.FreeSpace >= size) ?? turn[0];
        return new PieceFile(folder, name, size, io);
    }

    /// <summary>Makes a placed piece appear in OUT.</summary>
    public void Link(PieceFile file, string name)
    {
        if (file.Folder == Main)
            return;
        string temporary = Main.TemporaryOf(name);
        File.Delete(temporary);
        _ = File.CreateSymbolicLink(temporary, file.Folder.FileOf(name));
        Main.Place(temporary, name);
    }

    private sealed class Holds : List<IDisposable>, IDisposable
    {
        public void Dispose() => ForEach(hold => hold.Dispose());
    }
}
