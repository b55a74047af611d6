using Microsoft.Win32.SafeHandles;

namespace DataPrep.Car;

/// <summary>Open files, so many at once that a dataset of thousands of pieces does not run out of descriptors. For one thread at a time.</summary>
internal sealed class FileHandles(int most) : IDisposable
{
    private readonly Dictionary<string, SafeFileHandle> open = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();

    /// <summary>A handle for reading, which is valid until the next call.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public SafeFileHandle Of(string path)
    {
        if (open.TryGetValue(path, out var known))
            return known;
        if (order.Count == most && open.Remove(order.Dequeue(), out var oldest))
            oldest.Dispose();
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        open.Add(path, handle);
        order.Enqueue(path);
        return handle;
    }

    public void Dispose()
    {
        foreach (var handle in open.Values)
            handle.Dispose();
        open.Clear();
        order.Clear();
    }
}
