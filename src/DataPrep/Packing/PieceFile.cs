using DataPrep.Records;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Packing;

/// <summary>A CAR being written under a temporary name. A write that failed is not tried again: the run ends.</summary>
internal sealed class PieceFile : IPieceSink, IDisposable
{
    private readonly OutputFolder folder;
    private readonly string temporary;
    private readonly SafeFileHandle file;
    private bool placed;

    /// <exception cref="IOException">No room for the whole file, or it cannot be made.</exception>
    public PieceFile(OutputFolder folder, long size)
    {
        this.folder = folder;
        temporary = folder.TemporaryOf("piece.car");
        file = File.OpenHandle(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        int error = Posix.Allocate(file, size);
        if (error != 0)
        {
            Dispose();
            OutputFolder.Check(error, $"reserve {size} bytes for", temporary);
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        int error = Posix.WriteAt(file, offset, bytes);
        if (error != 0)
            throw new IOException($"cannot write {temporary} at offset {offset}: {Posix.Describe(error)}");
    }

    /// <summary>Flushes the file and gives it its name.</summary>
    public void Place(string name)
    {
        OutputFolder.Sync(file, temporary);
        folder.Place(temporary, name);
        placed = true;
    }

    public void Dispose()
    {
        file.Dispose();
        if (!placed)
            File.Delete(temporary);
    }
}
