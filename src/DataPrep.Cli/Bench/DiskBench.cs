using System.Diagnostics;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Cli.Bench;

/// <summary>
/// What a disk gives: one large file written, up to the moment when it is on the device, and read when the page cache has forgotten it. The file
/// that the last write made is what is read, and what is packed later.
/// </summary>
/// <param name="size">Most bytes of the file.</param>
/// <param name="seconds">Most time of a write or a read.</param>
internal sealed class DiskBench(BenchFolder folder, long size, double seconds, CancellationToken cancel) : IDisposable
{
    private const int Chunk = 4 << 20;
    private const int Block = 4096;

    /// <summary>Chunks on their way at once past the page cache, and single blocks.</summary>
    private const int InFlight = 4, BlocksInFlight = 16;

    /// <summary>Bytes on their way to the device through the page cache, as <c>pack</c> allows them.</summary>
    private const long MostBehind = 64 << 20;

    private readonly NativeBuffer[] chunks = [.. Enumerable.Range(0, InFlight).Select(_ => new NativeBuffer(Chunk))];
    private readonly NativeBuffer blocks = new(BlocksInFlight * Block);
    private double cached;

    /// <summary>The file.</summary>
    public string File => folder.At("large");

    /// <summary>Its length, once it is written.</summary>
    public long Length => new FileInfo(File).Length;

    /// <summary>How the reads were done.</summary>
    public string Note => folder.IsMemory ? "from memory" : cached < 0.05 ? "cold" : "from the page cache, which did not forget the file";

    /// <summary>Whether reads came from the device.</summary>
    public bool IsCold => !folder.IsMemory && cached < 0.05;

    public IReadOnlyList<Probe> Writes()
    {
        foreach (var chunk in chunks)
            TestData.Fill(chunk.Span, 7);
        var cache = new Probe("disk/write", 1, () => Write(false)) { Note = () => folder.IsMemory ? "into memory" : "through the page cache, flushed" };
        return folder.IsMemory || !TakesDirect() ? [cache] : [cache, new Probe("disk/write-direct", InFlight, () => Write(true)) { Note = () => "past the page cache, flushed" }];
    }

    public IReadOnlyList<Probe> Reads()
    {
        var cache = new Probe("disk/read", 1, Read) { Note = () => Note };
        return folder.IsMemory || !TakesDirect()
            ? [cache]
            :
            [
                cache,
                new Probe("disk/read-direct", InFlight, ReadDirect) { Note = () => "cold, past the page cache" },
                new Probe("disk/read-random", BlocksInFlight, ReadBlocks) { Counts = Items.Reads, Note = () => "4 KiB each, past the page cache" },
            ];
    }

    /// <summary>Makes the page cache forget a file, as far as it does.</summary>
    public void Forget(string path)
    {
        using var file = System.IO.File.OpenHandle(path);
        _ = Posix.Flush(file);
        Posix.DropFromCache(file, 0, 0);
        long length = RandomAccess.GetLength(file);
        cached = Math.Max(cached, length == 0 ? 1 : Posix.CachedShare((int)file.DangerousGetHandle(), 0, length));
    }

    public void Dispose()
    {
        foreach (var chunk in chunks)
            chunk.Dispose();
        blocks.Dispose();
    }

    private bool TakesDirect()
    {
        string name = folder.At("direct");
        using var file = System.IO.File.OpenHandle(name, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        return Posix.SetDirect(file, true) && Posix.WriteAt(file, 0, chunks[0].Span[..Block]) == 0;
    }

    private Amount Write(bool direct)
    {
        System.IO.File.Delete(File);
        using var file = System.IO.File.OpenHandle(File, FileMode.CreateNew, FileAccess.ReadWrite);
        var clock = Stopwatch.StartNew();
        if (!folder.IsMemory)
            Check(Posix.Allocate(file, size), "reserve room in");
        if (direct)
            _ = Posix.SetDirect(file, true);
        long next = 0;
        var amount = Team.Run(direct ? InFlight : 1, seconds, i =>
        {
            long offset = Interlocked.Add(ref next, Chunk) - Chunk;
            if (offset >= size)
                return 0;
            var chunk = chunks[i].Span;
            TestData.Stamp(chunk, offset);
            Check(Posix.WriteAt(file, offset, chunk), "write");
            if (!direct && !folder.IsMemory)
                WriteBack(file, offset);
            return Chunk;
        }, cancel);
        Check(Posix.Truncate(file, amount.Bytes), "cut");
        Check(Posix.Flush(file), "flush");
        return amount with { Seconds = clock.Elapsed.TotalSeconds };
    }

    /// <summary>Lets the kernel begin with what was just written, and waits for what was long ago.</summary>
    private void WriteBack(SafeFileHandle file, long offset)
    {
        Check(Posix.StartWriteBack(file, offset, Chunk), "write");
        if (offset < MostBehind)
            return;
        Check(Posix.AwaitWriteBack(file, offset - MostBehind, Chunk), "write");
        Posix.DropFromCache(file, offset - MostBehind, Chunk);
    }

    private Amount Read()
    {
        const long Ahead = 32 << 20;
        Forget(File);
        using var file = System.IO.File.OpenHandle(File);
        int fd = (int)file.DangerousGetHandle();
        long length = Length, offset = 0;
        return Team.Run(1, seconds, _ =>
        {
            Posix.ReadAhead(fd, offset == 0 ? 0 : offset + Ahead, offset == 0 ? Ahead + Chunk : Chunk);
            int got = offset >= length ? 0 : Posix.ReadAt(file, File, offset, chunks[0].Span);
            offset += got;
            return got;
        }, cancel);
    }

    private Amount ReadDirect()
    {
        using var file = System.IO.File.OpenHandle(File);
        _ = Posix.SetDirect(file, true);
        long length = Length, next = 0;
        var clock = Stopwatch.StartNew();
        var amount = Team.Run(InFlight, seconds, i =>
        {
            long offset = Interlocked.Add(ref next, Chunk) - Chunk;
            return offset >= length ? 0 : Posix.ReadAt(file, File, offset, chunks[i].Span);
        }, cancel);
        return amount with { Seconds = clock.Elapsed.TotalSeconds };
    }

    private Amount ReadBlocks()
    {
        using var file = System.IO.File.OpenHandle(File);
        _ = Posix.SetDirect(file, true);
        long count = Length / Block;
        var random = Enumerable.Range(0, BlocksInFlight).Select(i => new Random(i)).ToArray();
        return Team.Run(BlocksInFlight, seconds / 2, i => Posix.ReadAt(file, File, random[i].NextInt64(count) * Block, blocks.Span.Slice(i * Block, Block)), cancel);
    }

    private void Check(int error, string what)
    {
        if (error != 0)
            throw new IOException($"cannot {what} {File}: {Posix.Describe(error)}");
    }
}
