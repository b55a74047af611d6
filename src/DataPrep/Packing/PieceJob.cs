using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Planning;
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
/// A piece in the making: what its workers share. Each slab of its leaves is made by one of them; whoever ends the last
/// one writes the tail, and at the very end the first segment, since the header holds the root's CID.
/// </summary>
internal sealed class PieceJob : IDisposable
{
    private readonly NativeBuffer firstSegment;
    private readonly NativeBuffer lastSegment;
    private readonly byte[] nodes;
    private long slabsLeft;
    private bool tablesHandedOver;

    public PieceJob(PieceLayout layout, SlabPlan plan, ISourceReader source, IPieceSink sink, PackProgress progress)
    {
        (Layout, Plan, Source, Sink, Progress) = (layout, plan, source, sink, progress);
        Slabs = slabsLeft = ((layout.LeafEnd - 1) / plan.RawSize) + 1;
        Leaves = new DigestTable(layout.LeafCount);
        Roots = new DigestTable(layout.RootCount);
        nodes = new byte[32 * SubTreeHasher.SegmentCount(layout.CarSize)];
        firstSegment = new NativeBuffer(SubTreeHasher.SegmentRaw);
        lastSegment = new NativeBuffer(SubTreeHasher.SegmentRaw);
    }

    public PieceLayout Layout { get; }

    public SlabPlan Plan { get; }

    public ISourceReader Source { get; }

    public IPieceSink Sink { get; }

    public PackProgress Progress { get; }

    /// <summary>Slabs that hold leaves.</summary>
    public long Slabs { get; }

    public DigestTable Leaves { get; }

    public DigestTable Roots { get; }

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
        hasher.HashSegments(bytes, nodes.AsSpan((int)(32 * segment)));
        Progress.Add(bytes.Length);
    }

    public void Write(StageClock clock, long segment, ReadOnlySpan<byte> bytes)
    {
        clock.Enter(Stage.Write);
        Sink.Write(segment * SubTreeHasher.SegmentRaw, bytes);
    }

    /// <summary>Keeps a segment that cannot be finished yet: the one with the header, or the one in which the leaves end.</summary>
    public void Keep(long segment, ReadOnlySpan<byte> bytes) => bytes.CopyTo(Unfinished(segment));

    /// <summary>Memory of a segment that is kept or that the tail is written into.</summary>
    public Span<byte> Unfinished(long segment) => (segment == 0 ? firstSegment : lastSegment).Span;

    /// <summary>Notes that a slab is made; true for the last one of all.</summary>
    public bool EndSlab() => Interlocked.Decrement(ref slabsLeft) == 0;

    /// <summary>When all slabs are made: the tail, the header, the commitment.</summary>
    public PackedPiece Finish(SubTreeHasher hasher, StageClock clock, CancellationToken stop)
    {
        var tail = new TailWriter(this, hasher, clock, stop);
        Layout.EmitTail(Leaves, Roots, tail);
        tail.End();

        var root = Layout.Profile.CidOf(Layout.IsRaw(0), Layout.RootDigest(0, Leaves, Roots));
        byte[] header = new CarHeader(1, [root]).Encode();
        var first = Unfinished(0)[..(int)Math.Min(SubTreeHasher.SegmentRaw, Layout.CarSize)];
        int at = Varint.Write(first, (ulong)header.Length);
        header.CopyTo(first[at..]);
        if (at + header.Length != Layout.HeaderLength)
            throw new InvalidOperationException($"The layout says {Layout.HeaderLength} bytes of header, it came to {at + header.Length}.");

        long size = PieceSize.Padded(Layout.CarSize);
        int height = PieceSize.Height(size);
        byte[] commitment = new byte[32];
        Commit(hasher, clock, 0, first);
        if (height < SubTreeHasher.SegmentHeight)
        {
            hasher.Root(first, height, commitment);
            commitment.CopyTo(nodes, 0);
        }
        else
        {
            PieceTree.Fold(nodes, SubTreeHasher.SegmentHeight, height, commitment);
        }

        tablesHandedOver = true;
        return new PackedPiece(Layout, root, new PieceCommitment(commitment, Layout.CarSize, size), nodes, Leaves, Roots);
    }

    public void Dispose()
    {
        firstSegment.Dispose();
        lastSegment.Dispose();
        if (tablesHandedOver)
            return;
        Leaves.Dispose();
        Roots.Dispose();
    }
}
