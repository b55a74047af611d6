using DataPrep.Ipld;
using DataPrep.Unixfs;

namespace DataPrep.Car;

/// <summary>
/// The blocks of several CARs as one source. CARs that were added to be opened later are opened one after the other,
/// when a block is asked for that is in none of those before; so whoever goes through a dataset in order pays for what he
/// sees. For one thread at a time.
/// </summary>
/// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
internal sealed class PieceSet(string? source = null) : IBlockSource, IDisposable
{
    private const int MostOpenFiles = 64;
    private readonly List<CarBlocks> cars = [];
    private readonly Queue<Func<FileHandles, CarBlocks>> waiting = new();

    // Blocks that are asked for one after the other mostly lie in one CAR, or else in the next.
    private int latest;

    /// <summary>Handles for the CARs of the set.</summary>
    public FileHandles Files { get; } = new(MostOpenFiles, source);

    public void Add(CarBlocks car) => cars.Add(car);

    /// <summary>Adds a CAR of which nothing is read until a block may be in it.</summary>
    public void AddLater(Func<FileHandles, CarBlocks> open) => waiting.Enqueue(open);

    public bool Contains(in Cid cid) => Find(cid) is not null;

    /// <summary>The CAR that has a block, or null.</summary>
    public CarBlocks? Find(in Cid cid) => Find(cid, out _, out _);

    /// <inheritdoc/>
    /// <exception cref="IOException">A CAR cannot be opened or read.</exception>
    public byte[]? Read(in Cid cid) => Find(cid)?.Read(cid);

    /// <inheritdoc/>
    /// <exception cref="IOException">A CAR cannot be opened or read.</exception>
    public bool TryRead(in Cid cid, Span<byte> destination) => Find(cid)?.TryRead(cid, destination) ?? false;

    /// <inheritdoc/>
    public long Length(in Cid cid) => Find(cid, out _, out int length) is null ? -1 : length;

    public void Dispose()
    {
        Files.Dispose();
        foreach (var car in cars)
            car.Dispose();
    }

    /// <summary>The CAR that has a block, or null, and where it stands there.</summary>
    public CarBlocks? Find(in Cid cid, out long offset, out int length)
    {
        for (int i = 0; i < cars.Count; i++)
        {
            int at = (latest + i) % cars.Count;
            if (!cars[at].TryFind(cid, out offset, out length))
                continue;
            latest = at;
            return cars[at];
        }

        while (waiting.TryDequeue(out var next))
        {
            cars.Add(next(Files));
            if (!cars[^1].TryFind(cid, out offset, out length))
                continue;
            latest = cars.Count - 1;
            return cars[^1];
        }

        (offset, length) = (-1, -1);
        return null;
    }
}
