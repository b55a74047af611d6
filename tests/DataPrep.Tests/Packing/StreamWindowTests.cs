using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>What is held of a stream, and what becomes of a piece whose tail is broken off.</summary>
public sealed class StreamWindowTests
{
    [Fact]
    public void NoMoreIsReadThanTheWindowIsWide()
    {
        var endless = new Endless(long.MaxValue);
        using var window = new StreamWindow(endless, 4 << 20);
        byte[] bytes = new byte[100_000];
        for (long at = 0; at < 50_000_000; at += bytes.Length)
        {
            Assert.True(window.Reaches(at + bytes.Length, TestContext.Current.CancellationToken, out _));
            window.Read(at, bytes);
            Assert.Equal(Endless.At(at), bytes[0]);
            Assert.Equal(Endless.At(at + bytes.Length - 1), bytes[^1]);
            window.Release(at);
            Assert.InRange(endless.Given, at, at + (6 << 20));
        }
    }

    [Fact]
    public void WhoeverWaitsCanBeStopped()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        using var window = new StreamWindow(new Silent(), 1 << 20);
        using var wake = stop.Token.Register(window.Wake);
        Assert.Throws<OperationCanceledException>(() => window.Reaches(1, stop.Token, out _));
    }

    [Fact]
    public void ALongStreamAllocatesNoMoreThanAShortOne()
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 64 << 10; attempt++)
            least = Math.Min(least, Math.Abs(Allocated(192 << 20) - Allocated(96 << 20)));
        Assert.InRange(least, 0, 64 << 10);
    }

    /// <summary>By the engine's threads and the one that reads the stream, each from its first range to its last.</summary>
    private static long Allocated(long size)
    {
        var tree = StreamTree.Of("file", false, size);
        var layout = PieceLayout.Create(tree, UnixFsProfile.V1Of2025);
        var plan = new SlabPlan(8 << 20, 2);
        var input = new Endless(size);
        using var window = new StreamWindow(input, plan.WindowSize(SlabDemand.OfStream(UnixFsProfile.V1Of2025, 1 << 30)));
        using var source = new StreamSource(window);
        using var sink = new CountingSink();
        using var engine = new SlabEngine(plan, TestContext.Current.CancellationToken);
        PieceJob job = null!;
        job = new PieceJob(layout, plan, source, sink, new PackCounters()) { SlabEnded = (_, slab) => source.End(job, slab) };
        source.Begin(job, 0);
        engine.Run([job], piece => piece.Dispose());
        return sink.Allocated + input.Allocated;
    }

    [Fact]
    public void WhatIsKeptOfAPieceOutlastsATailThatIsBrokenOff()
    {
        const int Size = 3_000_000;
        var content = new Dictionary<int, byte[]> { [0] = Sample.Bytes(1, Size) };
        var layout = PieceLayout.Create(StreamTree.Of("file", false, Size), UnixFsProfile.V1Of2025 with { ChunkSize = 64 });
        var plan = new SlabPlan(1 << 20, 2);
        var whole = new MemorySink(layout.CarSize);
        using (var engine = new SlabEngine(plan, TestContext.Current.CancellationToken))
            engine.Run([new PieceJob(layout, plan, new MadeReader(content), whole, new PackCounters())], piece => piece.Dispose());
        byte[] car = whole.Complete();

        using var cancel = new CancellationTokenSource();
        using var job = new PieceJob(layout, plan, new MadeReader(content), new StoppingSink(layout.LeafEnd, cancel), new PackCounters());
        using (var engine = new SlabEngine(plan, cancel.Token))
            Assert.Throws<OperationCanceledException>(() => engine.Run([job], _ => Assert.Fail("it was broken off")));
        Assert.True(job.IsDone(job.Slabs - 1));
        var kept = job.Describe(job.Slabs - 1, 0).Last;
        Assert.False(kept.Bytes.IsEmpty);
        Assert.True(kept.Bytes.SequenceEqual(car.AsSpan((int)(kept.Segment * SubTreeHasher.SegmentRaw), kept.Bytes.Length)));
    }

    /// <summary>Stops the run when the second segment of the tail is written.</summary>
    private sealed class StoppingSink(long leafEnd, CancellationTokenSource cancel) : IPieceSink
    {
        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            if (offset > leafEnd)
                cancel.Cancel();
        }
    }

    private sealed class CountingSink : IPieceSink, IDisposable
    {
        private readonly ThreadLocal<long[]> spans = new(() => [GC.GetAllocatedBytesForCurrentThread(), 0], trackAllValues: true);

        public long Allocated => spans.Values.Sum(span => span[1] - span[0]);

        public void Write(long offset, ReadOnlySpan<byte> bytes) => spans.Value![1] = GC.GetAllocatedBytesForCurrentThread();

        public void Dispose() => spans.Dispose();
    }

    private sealed class Endless(long size) : ReadStream
    {
        private long first = -1, last;

        public long Given { get; private set; }

        public long Allocated => last - first;

        public static byte At(long offset) => (byte)(offset >> 16);

        public override int Read(Span<byte> buffer)
        {
            last = GC.GetAllocatedBytesForCurrentThread();
            if (first < 0)
                first = last;
            long start = Given;
            int count = (int)Math.Min(Math.Min(buffer.Length, 65_536 - (start % 65_536)), size - start);
            buffer[..count].Fill(At(start));
            Given = start + count;
            return count;
        }
    }

    private sealed class Silent : ReadStream
    {
        public override int Read(Span<byte> buffer)
        {
            Thread.Sleep(Timeout.Infinite);
            return 0;
        }
    }
}
