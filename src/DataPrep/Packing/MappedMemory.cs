using System.IO.MemoryMappedFiles;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// A file as memory: tables that grow with the dataset are in the page cache, from where the system can write them out,
/// and are still there after a crash.
/// </summary>
internal sealed unsafe class MappedMemory : IDisposable
{
    private readonly FileStream file;
    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor view;

    /// <summary>Opens the file, or makes it, filled with zeros.</summary>
    /// <exception cref="IOException">There is no room for it.</exception>
    public MappedMemory(string path, long size)
    {
        size = Math.Max(size, 1);
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            // Memory without room behind it would end the process where it is first touched.
            OutputFolder.Check(Posix.Allocate(file.SafeFileHandle, size), $"reserve {size} bytes for", path);
            mapping = MemoryMappedFile.CreateFromFile(file, null, size, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            view = mapping.CreateViewAccessor(0, size);
        }
        catch
        {
            mapping?.Dispose();
            file.Dispose();
            throw;
        }

        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start;
    }

    public byte* Start { get; private set; }

    /// <summary>Flushes to the device.</summary>
    public void Flush()
    {
        view.Flush();
        OutputFolder.Sync(file.SafeFileHandle, file.Name);
    }

    public void Dispose()
    {
        if (Start == null)
            return;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        Start = null;
        view.Dispose();
        mapping.Dispose();
        file.Dispose();
    }
}
