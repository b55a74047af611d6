using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// The folders that pieces are written to. The first is OUT, with all manifests; for a piece in another one, say on
/// another disk, a symlink stands in OUT under the piece's name. Where there is a target, pieces go there, and OUT has but the manifests.
/// </summary>
internal sealed class PieceFolders
{
    private readonly OutputFolder[] all;
    private readonly IPieceTarget? target;

    public PieceFolders(IEnumerable<OutputFolder> folders, IPieceTarget? target = null) => (all, this.target) = ([.. folders], target);

    public OutputFolder Main => all[0];

    /// <summary>Whether writing means to wait for a device.</summary>
    public bool IsOnDevice => target is not null || all.Any(folder => Posix.KindOf(folder.Work) != FileSystemKind.Memory);

    /// <summary>Makes the folders and keeps other runs out of them until disposed.</summary>
    /// <exception cref="IOException">Another run is at work in one, or they cannot be made.</exception>
    public IDisposable Hold()
    {
        var holds = new Holds();
        try
        {
            foreach (var folder in all)
                holds.Add(folder.Hold());
            target?.Tidy();
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
        target?.Clear();
        foreach (var folder in all)
            Workspace.Clear(folder);
    }

    /// <summary>Whether a finished piece stands in OUT, or in another folder: then its link is made where a run was ended before it did so.</summary>
    public bool Has(PieceRecord piece)
    {
        if (target is not null)
            return target.Has(piece);
        string name = StoredPiece.NameOf(piece);
        if (Stands(Main))
            return true;
        if (all.Skip(1).FirstOrDefault(Stands) is not { } other)
            return false;
        Link(other, name);
        return true;

        bool Stands(OutputFolder folder) => StoredPiece.Problem(folder.FileOf(name), piece, piece.Inline) is null;
    }

    /// <summary>Removes a finished piece: its CAR or what stands for that, wherever it is, and its tree sidecar.</summary>
    public void Remove(string car)
    {
        target?.Remove(car);
        foreach (var folder in all)
            Leftovers.Delete(Leftovers.FilesOf(folder.FileOf(car)));
        File.Delete(Main.FileOf(Path.ChangeExtension(car, ".tree")));
    }

    /// <summary>Bytes of pieces in the making that are on the disks already.</summary>
    public long Unfinished => all.SelectMany(folder => Directory.EnumerateFiles(folder.Work, "piece-*.part")).Sum(file => Posix.AllocatedSize(PathText.FromArgument(file)));

    /// <summary>Bytes that are free for pieces, in all folders together.</summary>
    public long FreeSpace => all.Length == 1 ? Main.FreeSpace : all.DistinctBy(folder => folder.Device).Sum(folder => folder.FreeSpace);

    /// <summary>Whether room for each piece is taken at once, when it is begun; not where sources have holes.</summary>
    public bool Reserve { get; set; } = true;

    /// <summary>The file of a piece that is complete but for its name; null where there is none.</summary>
    public IPieceFile? Complete(string name, PieceRecord piece, OutputIo io) =>
        target is not null ? target.Complete(name, piece)
        : all.FirstOrDefault(folder => StoredPiece.Problem(folder.TemporaryOf(name), piece, piece.Inline) is null) is { } folder
            ? new PieceFile(folder, name, new FileInfo(folder.TemporaryOf(name)).Length, io)
            : null;

    /// <summary>Makes the file of a piece: in the folder whose turn it is, or in the next one with room for it.</summary>
    /// <param name="piece">Number of the piece within the dataset.</param>
    /// <param name="leafEnd">Offset at which its leaves end.</param>
    public IPieceFile Create(int piece, string name, long size, long leafEnd, OutputIo io)
    {
        if (target is not null)
            return target.Create(name, size, leafEnd);
        if (all.FirstOrDefault(folder => File.Exists(folder.TemporaryOf(name))) is { } begun)
            return new PieceFile(begun, name, size, io, Reserve);
        var turn = Enumerable.Range(0, all.Length).Select(i => all[(piece + i) % all.Length]).ToList();
        var folder = turn.FirstOrDefault(folder => folder.FreeSpace >= size) ?? turn[0];
        return new PieceFile(folder, name, size, io, Reserve);
    }

    /// <summary>Gives a complete piece its name, and makes it appear in OUT.</summary>
    public void Place(IPieceFile file, string name)
    {
        file.Place(name);
        if (file is PieceFile { Folder: var folder } && folder != Main)
            Link(folder, name);
    }

    private void Link(OutputFolder folder, string name)
    {
        string temporary = Main.TemporaryOf(name);
        File.Delete(temporary);
        _ = File.CreateSymbolicLink(temporary, folder.FileOf(name));
        Main.PlaceNew(temporary, name);
    }

    private sealed class Holds : List<IDisposable>, IDisposable
    {
        public void Dispose() => ForEach(hold => hold.Dispose());
    }
}
