using DataPrep.Ipld;
using DataPrep.Source;
using DataPrep.Unixfs;
using Microsoft.Win32.SafeHandles;

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
        CarBlocks? car;
        SafeFileHandle file;
        long offset;
        bool isHeld = false;
        lock (gate)
        {
            car = set.Find(cid);
            if (car is null || !car.TryFind(cid, out offset, out _))
                return false;
            file = set.Files.Of(car.Path);
            // Another thread may make the set close the file, which then stays open until it is released.
            file.DangerousAddRef(ref isHeld);
            if (readsAhead)
                ReadAhead(file, car.Path, offset);
        }

        try
        {
            int got = Posix.ReadAt((int)file.DangerousGetHandle(), offset, destination, out int error);
            if (got < 0)
                throw new IOException($"cannot read {car.Path} at offset {offset}: {Posix.Describe(error)}");
            if (car.Check(cid, destination, got, offset) == BlockCheck.Unverifiable)
                _ = Interlocked.Increment(ref notChecked);
        }
        finally
        {
            file.DangerousRelease();
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

    private void ReadAhead(SafeFileHandle file, string path, long offset)
    {
        if (Array.IndexOf(begun, (path, offset / Region)) >= 0)
            return;
        begun[next++ % begun.Length] = (path, offset / Region);
        Posix.ReadAhead((int)file.DangerousGetHandle(), offset, Region);
    }
}
