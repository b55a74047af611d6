using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Where a piece's bytes go. Called from several threads, for ranges that do not overlap.</summary>
internal interface IPieceSink
{
    void Write(long offset, ReadOnlySpan<byte> bytes);
}

/// <summary>Takes a piece of which only the hashes are wanted.</summary>
internal sealed class NoSink : IPieceSink
{
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
    }
}

/// <summary>
/// The bytes of a piece in the making: segments of 1,040,384 bytes (1 MiB padded) are hashed for the commitment and
/// written, in any order and by several threads. Two of them can be kept: the first, since the header holds the root's
/// CID, and the one in which the leaves end.
/// </summary>
internal sealed class PieceBytes : IDisposable
{
    private readonly NativeBuffer firstSegment = new(SubTreeHasher.SegmentRaw);
    private readonly NativeBuffer lastSegment = new(SubTreeHasher.SegmentRaw);
    private readonly Lazy<NativeBuffer> tailSegment = new(() => new NativeBuffer(SubTreeHasher.SegmentRaw));
    private readonly long fileSize;
    private readonly IPieceSink sink;
    private readonly PackCounters progress;
    private long kept;

    /// <param name="payloadSize">Bytes of the CAR itself.</param>
    /// <param name="fileSize">Bytes of the CAR and the zeros behind it.</param>
    public PieceBytes(long payloadSize, long fileSize, IPieceSink sink, PackCounters progress)
    {
        (PayloadSize, this.fileSize, this.sink, this.progress) = (payloadSize, fileSize, sink, progress);
        Nodes = new byte[32 * SubTreeHasher.SegmentCount(fileSize)];
    }

    public long PayloadSize { get; }

    /// <summary>One 32-byte node for each started segment; of a smaller piece its root.</summary>
    public byte[] Nodes { get; }

    /// <summary>Hashes whole segments, or the last, shorter one, and writes them.</summary>
    /// <param name="segment">Number of the first within the piece.</param>
    public void Commit(SubTreeHasher hasher, StageClock clock, long segment, ReadOnlySpan<byte> bytes)
    {
        Hash(hasher, clock, segment, bytes);
        Write(clock, segment, bytes);
    }

    public void Hash(SubTreeHasher hasher, StageClock clock, long segment, ReadOnlySpan<byte> bytes)
    {
        clock.Enter(Stage.CommP);
        hasher.HashSegments(bytes, Nodes.AsSpan((int)(32 * segment)));
        progress.Made(bytes.Length);
    }

    public void Write(StageClock clock, long segment, ReadOnlySpan<byte> bytes)
    {
        clock.Enter(Stage.Write);
        sink.Write(segment * SubTreeHasher.SegmentRaw, bytes);
    }

    /// <summary>Keeps a segment that cannot be finished yet.</summary>
    public void Keep(long segment, ReadOnlySpan<byte> bytes)
    {
        if (segment > 0)
            kept = segment;
        bytes.CopyTo(Unfinished(segment));
    }

    /// <summary>Memory of a segment that is kept or that the tail is written into. What is kept is still there when a tail is broken off.</summary>
    public Span<byte> Unfinished(long segment) => (segment == 0 ? firstSegment : segment == kept ? lastSegment : tailSegment.Value).Span;

    /// <summary>When all else is written: the header, the first segment, the zeros, the commitment.</summary>
    public PieceCommitment End(SubTreeHasher hasher, StageClock clock, Cid root, int headerLength)
    {
        byte[] header = CarWriter.Header([root]);
        if (header.Length != headerLength)
            throw new InvalidOperationException($"The layout says {headerLength} bytes of header, it came to {header.Length}.");
        var first = Unfinished(0)[..(int)Math.Min(SubTreeHasher.SegmentRaw, PayloadSize)];
        header.CopyTo(first);
        Commit(hasher, clock, 0, first);

        long size = PieceSize.Padded(fileSize);
        int height = PieceSize.Height(size);
        byte[] commitment = new byte[32];
        if (height < SubTreeHasher.SegmentHeight)
        {
            hasher.Root(first, height, commitment);
            commitment.CopyTo(Nodes, 0);
        }
        else
        {
            for (long segment = SubTreeHasher.SegmentCount(PayloadSize); segment < Nodes.Length / 32; segment++)
                ZeroCommitment.At(SubTreeHasher.SegmentHeight).CopyTo(Nodes.AsSpan((int)(32 * segment)));
            PieceTree.Fold(Nodes, SubTreeHasher.SegmentHeight, height, commitment);
        }

        return new PieceCommitment(commitment, fileSize, size);
    }

    public void Dispose()
    {
        firstSegment.Dispose();
        lastSegment.Dispose();
        if (tailSegment.IsValueCreated)
            tailSegment.Value.Dispose();
    }
}
