using System.Globalization;
using System.Runtime.ExceptionServices;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Unixfs;

namespace DataPrep.Distribution.Exports;

/// <summary>An entry of a piece, as the DAG in its CAR has it.</summary>
/// <param name="Path">Bytes; empty of the root, unless that is a file.</param>
/// <param name="IsCutFile">Whether it is the folder in which parts of a file stand.</param>
/// <param name="Part">The file of which it is a part, and where in the file it begins; null where it is none.</param>
internal sealed record PieceEntry(byte[] Path, DagEntry Dag, bool IsCutFile = false, (FileRecord File, long Offset)? Part = null)
{
    public byte[] Name => Path[(Array.LastIndexOf(Path, (byte)'/') + 1)..];

    public int Depth => Path.Length == 0 ? 0 : 1 + Path.AsSpan().Count((byte)'/');
}

/// <summary>The names in a piece. Memory: the index of the piece's blocks, and its largest folder.</summary>
internal sealed class PieceTree : IDisposable
{
    private readonly ExportPiece piece;
    private readonly CancellationToken cancel;
    private readonly FileHandles files;
    private readonly CarBlocks? blocks;

    /// <exception cref="IOException">The CAR is missing, or cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is no CAR.</exception>
    public PieceTree(ExportInput input, ExportPiece piece)
    {
        (this.piece, cancel) = (piece, input.Cancel);
        files = new FileHandles(1, input.Source);
        // The root of a dag piece that others come behind is whatever block was its last: no tree begins there.
        if (!IsDag || piece.Record.RootCid == piece.Dataset.Record.RootCid)
            blocks = PackedDataset.OpenCar(piece.Dataset.Folder, piece.Record, files);
    }

    private bool IsDag => piece.Record.Kind == "dag";

    /// <summary>The entries, the root first, every folder before its content, siblings sorted by the bytes of their names. In a dag piece, what lies elsewhere is missing.</summary>
    /// <exception cref="IOException">The CAR cannot be read, or lacks a block.</exception>
    /// <exception cref="MalformedDataException">A block is not what it should be.</exception>
    public IEnumerable<PieceEntry> Entries()
    {
        var root = Cid.Parse(piece.Record.RootCid);
        if (blocks is null)
        {
            yield return new PieceEntry([], new DagEntry([], UnixFsType.Raw, -1, root, default, []));
            yield break;
        }

        FileRecord? file = null;
        byte[] folder = [];
        foreach (var entry in new DagReader(blocks).Walk(root, allowMissing: IsDag, onFault: OnFault))
        {
            cancel.ThrowIfCancellationRequested();
            if (entry.Path.Length == 0 && !entry.IsFolder)
            {
                yield return new PieceEntry(piece.Dataset.Cut.FirstPath, entry);
                continue;
            }

            if (file is not null && IsPart(entry, folder, out long offset))
            {
                yield return new PieceEntry(entry.Path, entry, Part: (file, offset));
                continue;
            }

            file = entry.IsFolder && !IsDag ? piece.Dataset.Cut.Find(entry.Path, piece.Record.PieceCid) : null;
            folder = entry.Path;
            yield return new PieceEntry(entry.Path, entry, file is not null);
        }
    }

    /// <summary>Whether an entry stands in the folder of a cut file under its offset.</summary>
    private static bool IsPart(DagEntry entry, byte[] folder, out long offset)
    {
        offset = 0;
        return !entry.IsFolder && entry.Path.Length > folder.Length && entry.Path.AsSpan().StartsWith(folder) && entry.Path[folder.Length] == '/'
            && long.TryParse(entry.Path.AsSpan(folder.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out offset);
    }

    /// <summary>A folder of a dag piece may have shards in other pieces; anything else that is wrong is an error.</summary>
    private void OnFault(byte[] path, Exception fault)
    {
        if (fault is not MissingBlockException || !IsDag)
            ExceptionDispatchInfo.Throw(fault);
    }

    public void Dispose()
    {
        blocks?.Dispose();
        files.Dispose();
    }
}
