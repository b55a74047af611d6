using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>Moves finished pieces to another disk: a CAR is copied, flushed and given its name there, and a symlink takes its place in OUT.</summary>
/// <param name="from">OUT.</param>
/// <param name="to">The folder on the other disk; made if missing.</param>
internal sealed class PieceMove(OutputFolder from, OutputFolder to)
{
    private const int Chunk = 4 << 20;

    /// <exception cref="IOException">It cannot be copied, or something else has its name there. Nothing is lost then.</exception>
    /// <exception cref="OperationCanceledException">Stopped; the piece is where it was.</exception>
    public void Move(PieceRecord piece, CancellationToken stop)
    {
        string name = piece.CarFile, source = from.FileOf(name);
        // One that is a link already was moved before, or was written to another folder at once.
        if (new FileInfo(source).LinkTarget is not null)
            return;
        _ = Directory.CreateDirectory(to.Work);
        string copy = to.TemporaryOf(name);
        OutputFolder.WriteFlushed(copy, FileMode.Create, stream => Copy(source, stream, stop));
        if (new FileInfo(copy).Length != piece.CarSize)
            throw new IOException($"{copy} has {new FileInfo(copy).Length} bytes after copying {source}, which has {piece.CarSize}");
        to.PlaceNew(copy, name);
        string link = from.TemporaryOf(name);
        File.Delete(link);
        _ = File.CreateSymbolicLink(link, to.FileOf(name));
        OutputFolder.Place(link, name, from.Path);
    }

    private static void Copy(string source, Stream stream, CancellationToken stop)
    {
        using var file = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(Chunk);
        for (int got; (got = file.Read(buffer)) > 0;)
        {
            stop.ThrowIfCancellationRequested();
            stream.Write(buffer, 0, got);
        }
    }
}
