using DataPrep.Records;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Packing;

/// <summary>How a piece's bytes get to the device.</summary>
internal enum OutputIo
{
    /// <summary>Direct on the file systems of local disks, for pieces that are not small; else cached.</summary>
    Auto,

    /// <summary>Past the page cache: no copy, and nothing left to flush at the end.</summary>
    Direct,

    /// <summary>Through the page cache, written back and dropped from it along the way.</summary>
    Cached,
}

/// <summary>
/// A CAR being written to a file under a temporary name, which it keeps until it is placed. Where it is written directly, ranges begin at multiples of 8 KiB and,
/// but for the last, end there.
/// </summary>
internal sealed class PieceFile : IPieceFile
{
    private const int Block = 4096;
    private const long LeastDirect = 16 << 20;

    /// <summary>Shorter writes are left to the kernel.</summary>
    private const int LeastWriteBack = 64 << 10;

    /// <summary>Shorter runs of zeros are written: a multiple of the block, so that all offsets stay aligned.</summary>
    private const int LeastHole = 16 << 10;

    /// <summary>Bytes on their way to the device, of one file in the page cache.</summary>
    private const long MostBehind = 64 << 20;

    private readonly string temporary;
    private readonly SafeFileHandle file;
    private readonly bool inMemory;
    private readonly Queue<(long Offset, int Length)> behind = new();
    private readonly Lock closing = new();
    private long bytesBehind;
    private volatile bool direct;
    private bool closed;

    /// <exception cref="IOException">No room for the whole file, or it cannot be made.</exception>
    /// <param name="name">What tells it from other pieces in the making.</param>
    /// <param name="reserve">Whether room for the whole of it is taken at once; not where much of it will be holes.</param>
    public PieceFile(OutputFolder folder, string name, long size, OutputIo io = OutputIo.Auto, bool reserve = true)
    {
        (Folder, Size) = (folder, size);
        temporary = folder.TemporaryOf(name);
        WasThere = File.Exists(temporary);
        file = File.OpenHandle(temporary, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var kind = Posix.KindOf(file);
        // Reserving memory takes as long as writing it.
        inMemory = kind == FileSystemKind.Memory;
        int error = inMemory || !reserve ? 0 : Posix.Allocate(file, size);
        if (error != 0)
        {
            Dispose();
            OutputFolder.Check(error, $"reserve {size} bytes for", temporary);
        }

        bool wanted = io == OutputIo.Direct || (io == OutputIo.Auto && kind == FileSystemKind.LocalDisk && size >= LeastDirect);
        direct = wanted && !inMemory && Posix.SetDirect(file, true);
    }

    public OutputFolder Folder { get; }

    public bool WasThere { get; }

    public long Size { get; }

    /// <summary>Writes a range. Long runs of zeros in it become holes.</summary>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        int written = 0;
        for (int at = 0; at + LeastHole <= bytes.Length;)
        {
            int end = at;
            while (end + LeastHole <= bytes.Length && bytes.Slice(end, LeastHole).IndexOfAnyExcept((byte)0) < 0)
                end += LeastHole;
            if (end > at && Posix.PunchHole(file, offset + at, end - at))
            {
                WriteData(offset + written, bytes[written..at]);
                written = end;
            }

            at = end + LeastHole;
        }

        WriteData(offset + written, bytes[written..]);
    }

    /// <summary>Flushes what has been written so far to the device.</summary>
    public void Sync()
    {
        lock (closing)
        {
            if (!closed)
                OutputFolder.Sync(file, temporary);
        }
    }

    /// <summary>Gives the file its length and flushes it: complete but for its name.</summary>
    /// <param name="payload">Bytes of the CAR; what is behind them becomes zeros.</param>
    public void Complete(long payload)
    {
        // Direct writes end with a whole block, and a longer CAR may have stood here before.
        OutputFolder.Check(Posix.Truncate(file, payload), "set the length of", temporary);
        if (Size > payload)
            OutputFolder.Check(Posix.Truncate(file, Size), "set the length of", temporary);
        Sync();
    }

    public void Append(Action<Stream> write)
    {
        using (var stream = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0))
            write(stream);
        Sync();
    }

    /// <summary>SHA-256 of the complete file in hex, by reading it. The page cache holds what it held of it before.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public string Sha256(CancellationToken cancel) => PieceSum.Compute(temporary, cancel);

    public void Place(string name) => Folder.PlaceNew(temporary, name);

    public void Discard() => File.Delete(temporary);

    public void Dispose()
    {
        lock (closing)
        {
            closed = true;
            file.Dispose();
        }
    }

    private void WriteData(long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        if (direct)
            WriteDirect(offset, bytes);
        else
            WriteCached(offset, bytes);
    }

    private void WriteDirect(long offset, ReadOnlySpan<byte> bytes)
    {
        int whole = bytes.Length / Block * Block;
        int error = Posix.WriteAt(file, offset, bytes[..whole]);
        if (error == 0 && whole < bytes.Length)
        {
            // The last block of the file is written whole, and cut when all is done.
            using var last = new NativeBuffer(Block);
            last.Span.Clear();
            bytes[whole..].CopyTo(last.Span);
            error = Posix.WriteAt(file, offset + whole, last.Span);
        }

        if (error == Posix.EINVAL)
        {
            // The file system took the flag, but not the write.
            direct = !Posix.SetDirect(file, false);
            WriteCached(offset, bytes);
        }
        else
        {
            Check(error, offset);
        }
    }

    private void WriteCached(long offset, ReadOnlySpan<byte> bytes)
    {
        Check(Posix.WriteAt(file, offset, bytes), offset);
        if (inMemory || bytes.Length < LeastWriteBack)
            return;
        Check(Posix.StartWriteBack(file, offset, bytes.Length), offset);
        lock (behind)
        {
            behind.Enqueue((offset, bytes.Length));
            bytesBehind += bytes.Length;
        }

        // Whoever writes waits for what was written long ago.
        while (TakeBehind() is var (from, length))
        {
            Check(Posix.AwaitWriteBack(file, from, length), from);
            Posix.DropFromCache(file, from, length);
        }
    }

    private (long Offset, int Length)? TakeBehind()
    {
        lock (behind)
        {
            if (bytesBehind <= MostBehind)
                return null;
            var oldest = behind.Dequeue();
            bytesBehind -= oldest.Length;
            return oldest;
        }
    }

    private void Check(int error, long offset)
    {
        if (error != 0)
            throw new IOException($"cannot write {temporary} at offset {offset}: {Posix.Describe(error)}");
    }
}
