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
            // A file that has another size now may have left a longer one.
            if (file.Length > size)
                OutputFolder.Check(Posix.Truncate(file.SafeFileHandle, size), "set the length of", path);
            // Memory without room behind it would end the process where it is first touched.
            OutputFolder.Check(Posix.Allocate(file.SafeFileHandle, size), $"reserve {size} bytes for", path);
            if (file.Length < size)
                Fill(size);
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

    private long Size => file.Length;

    /// <summary>Flushes to the device.</summary>
    public void Flush()
    {
        // Not by the view, which does not say which file it was.
        OutputFolder.Check(Posix.FlushMemory(Start, Size), "flush", file.Name);
        OutputFolder.Sync(file.SafeFileHandle, file.Name);
    }

    /// <summary>Takes room by writing, where the file system cannot reserve it.</summary>
    private void Fill(long size)
    {
        byte[] zeros = new byte[1 << 16];
        for (long at = file.Length; at < size; at += zeros.Length)
            OutputFolder.Check(Posix.WriteAt(file.SafeFileHandle, at, zeros.AsSpan(0, (int)Math.Min(zeros.Length, size - at))), $"reserve {size} bytes for", file.Name);
    }

    public void Dispose()
    {
        if (Start == null)
            return;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        Start = null;
        // Or disposing the view would flush once more, and its failure hide what went wrong before.
        view.SafeMemoryMappedViewHandle.Dispose();
        view.Dispose();
        mapping.Dispose();
        file.Dispose();
    }
}
