namespace DataPrep.Car;

/// <summary>Open CARs, so many at once that a dataset of thousands of pieces does not run out of descriptors. For one thread at a time.</summary>
/// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
internal sealed class FileHandles(int most, string? source = null) : IDisposable
{
    private readonly Dictionary<string, CarBytes> open = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();

    public string? Source => source;

    /// <summary>A CAR for reading, which is valid until the next call, unless it is held.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public CarBytes Of(string path)
    {
        if (open.TryGetValue(path, out var known))
            return known;
        if (order.Count == most && open.Remove(order.Dequeue(), out var oldest))
            oldest.Dispose();
        var car = CarBytes.Open(path, source);
        open.Add(path, car);
        order.Enqueue(path);
        return car;
    }

    public void Dispose()
    {
        foreach (var car in open.Values)
            car.Dispose();
        open.Clear();
        order.Clear();
    }
}
