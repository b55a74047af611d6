using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Fills a span with the bytes of an entry from an offset on.</summary>
internal delegate void ReadContent(int entry, long offset, Span<byte> destination);

/// <summary>A reader of contents that are made, not stored.</summary>
internal sealed class MadeReader(ReadContent read) : ISourceReader
{
    public MadeReader(Dictionary<int, byte[]> contents)
        : this((entry, offset, destination) => contents[entry].AsSpan((int)offset, destination.Length).CopyTo(destination))
    {
    }

    public ISourceFile Open(int entry) => new MadeFile(read, entry);

    public void Dispose()
    {
    }

    private sealed class MadeFile(ReadContent read, int entry) : ISourceFile
    {
        public void Read(long offset, Span<byte> destination) => read(entry, offset, destination);

        public void Expect(long offset, long length)
        {
        }

        public void Finish()
        {
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>Takes a piece's bytes and notes that each is written exactly once.</summary>
internal sealed class MemorySink(long size) : IPieceSink
{
    private readonly byte[] bytes = new byte[size];
    private readonly List<(long Offset, int Length)> ranges = [];

    public byte[] Complete()
    {
        long at = 0;
        foreach (var (offset, length) in ranges.Order())
        {
            Assert.Equal(at, offset);
            at += length;
        }

        Assert.Equal(bytes.Length, at);
        return bytes;
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        source.CopyTo(bytes.AsSpan((int)offset));
        lock (ranges)
            ranges.Add((offset, source.Length));
    }
}

/// <summary>Runs the engine without a file system.</summary>
internal static class MemoryRun
{
    public static byte[] Car(Sample root, UnixFsProfile profile, SlabPlan? plan, out PackedPiece piece)
    {
        var (tree, contents) = root.ToSource();
        var layout = PieceLayout.Create(tree, profile);
        return Car(layout, new MadeReader(contents), plan ?? SlabPlan.Choose(layout, 2, null, null), out piece);
    }

    public static byte[] Car(PieceLayout layout, ISourceReader reader, SlabPlan plan, out PackedPiece piece)
    {
        var sink = new MemorySink(layout.CarSize);
        piece = Run(new PieceJob(layout, plan, reader, sink, new PackCounters()));
        return sink.Complete();
    }

    public static PackedPiece Run(PieceJob job)
    {
        PackedPiece? made = null;
        using var engine = new SlabEngine(job.Plan, TestContext.Current.CancellationToken);
        engine.Run([job], piece => made = piece);
        return made!;
    }
}
