using DataPrep.Ipld;
using DataPrep.Unixfs;

namespace DataPrep.Car;

/// <summary>The blocks of a set for several threads at once: they take turns to find a block, and read and hash side by side.</summary>
/// <param name="readsAhead">Whether what follows a block is likely to be wanted too.</param>
internal sealed class SharedBlocks(PieceSet set, bool readsAhead = true) : IBlockSource
{
    // Files are opened for reads at any place; those here mostly go on where the one before ended.
    private const long Region = 16 << 20;

    private readonly Lock gate = new();
    private readonly (string Path, long Region)[] begun = new (string, long)[32];
    private int next;
    private long notChecked;

    /// <summary>Blocks that were read and whose hash function is not implemented here.</summary>
    public long NotChecked => Interlocked.Read(ref notChecked);

    public long Length(in Cid cid)
    {
        lock (gate)
            return set.Length(cid);
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">A CAR cannot be opened or read.</exception>
    public byte[]? Read(in Cid cid)
    {
        long length = Length(cid);
        byte[]? block = length < 0 ? null : new byte[length];
        return block is not null && TryRead(cid, block) ? block : null;
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">A CAR cannot be opened or read.</exception>
    public bool TryRead(in Cid cid, Span<byte> destination)
    {
        CarBytes bytes;
        long offset;
        lock (gate)
        {
            if (set.Find(cid, out offset, out _) is not { } car)
                return false;
            bytes = set.Files.Of(car.Path);
            // Another thread may make the set close the file, which then stays open until it is released.
            bytes.Hold();
            if (readsAhead)
                ReadAhead(bytes, offset);
        }

        using (bytes)
        {
            if (CarBlocks.Check(cid, destination, bytes.Read(offset, destination), offset, bytes) == BlockCheck.Unverifiable)
                _ = Interlocked.Increment(ref notChecked);
        }

        return true;
    }

    /// <summary>Closes the files that are open, unless somebody is at them; they are opened again when they are needed.</summary>
    public void CloseFiles()
    {
        if (!gate.TryEnter())
            return;
        try
        {
            set.Files.Dispose();
        }
        finally
        {
            gate.Exit();
        }
    }

    private void ReadAhead(CarBytes bytes, long offset)
    {
        if (Array.IndexOf(begun, (bytes.Path, offset / Region)) >= 0)
            return;
        begun[next++ % begun.Length] = (bytes.Path, offset / Region);
        bytes.Expect(offset, Region);
    }
}
