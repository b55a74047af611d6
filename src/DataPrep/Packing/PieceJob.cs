using DataPrep.Hashing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// A data piece in the making: what its workers share. Each slab of its leaves is made by one of them; whoever ends the
/// last one writes the tail, and at the very end the first segment.
/// </summary>
internal sealed class PieceJob : IDisposable
{
    private readonly ISourceReader source;
    private readonly PartialTree part;
    private long slabsLeft;
    private bool tablesHandedOver;

    /// <param name="part">The tree that the layout is of, as a part of the tree that the source reads; null where they are the same.</param>
    /// <param name="fileSize">Bytes of the CAR file where it is to be filled up with zeros.</param>
    public PieceJob(PieceLayout layout, SlabPlan plan, ISourceReader source, IPieceSink sink, PackProgress progress, PartialTree? part = null, long fileSize = 0)
    {
        (Layout, Plan, this.source) = (layout, plan, source);
        this.part = part ?? PartialTree.Whole(layout.Tree);
        Slabs = slabsLeft = ((layout.LeafEnd - 1) / plan.RawSize) + 1;
        Leaves = new DigestTable(layout.LeafCount);
        Roots = new DigestTable(layout.RootCount);
        Bytes = new PieceBytes(layout.CarSize, Math.Max(layout.CarSize, fileSize), sink, progress);
    }

    public PieceLayout Layout { get; }

    public SlabPlan Plan { get; }

    public PieceBytes Bytes { get; }

    /// <summary>Slabs that hold leaves.</summary>
    public long Slabs { get; }

    public DigestTable Leaves { get; }

    public DigestTable Roots { get; }

    /// <summary>Opens a file of the layout, by its number.</summary>
    /// <param name="offset">Where in the source's file the piece's part of it begins.</param>
    public ISourceFile Open(int file, out long offset)
    {
        int entry = Layout.FileEntry(file);
        offset = part.FileOffset(entry);
        return source.Open(part.Origin(entry));
    }

    /// <summary>Notes that a slab is made; true for the last one of all.</summary>
    public bool EndSlab() => Interlocked.Decrement(ref slabsLeft) == 0;

    /// <summary>When all slabs are made: the tail, the header, the commitment.</summary>
    public PackedPiece Finish(SubTreeHasher hasher, StageClock clock, CancellationToken stop)
    {
        var tail = new TailWriter(Bytes, Layout.Profile, Layout.LeafEnd, hasher, clock, stop);
        Layout.EmitTail(Leaves, Roots, tail);
        tail.End();
        var root = Layout.Profile.CidOf(Layout.IsRaw(0), Layout.RootDigest(0, Leaves, Roots));
        var commitment = Bytes.End(hasher, clock, root, Layout.HeaderLength);
        tablesHandedOver = true;
        return new PackedPiece(this, root, commitment, part);
    }

    public void Dispose()
    {
        Bytes.Dispose();
        if (tablesHandedOver)
            return;
        Leaves.Dispose();
        Roots.Dispose();
    }
}
