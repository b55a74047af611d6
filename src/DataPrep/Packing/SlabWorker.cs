using DataPrep.Hashing;
using DataPrep.Planning;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// Makes slabs: reads the leaves that begin in one straight into place, hashes them many at a time, puts their digests
/// into the section headers, takes over the end of the leaf before, and computes the slab's sub-tree while it is at hand.
/// Owned by one thread.
/// </summary>
internal sealed class SlabWorker(PieceLayout layout, SlabPlan plan, ISourceReader source, SpillExchange spills, DigestTable leafDigests, CancellationToken stop)
{
    private const int Batch = 1024;
    private readonly Sha256Kernel kernel = Sha256Kernels.Current;
    private readonly Message[] messages = new Message[Batch];
    private int batched;
    private ISourceFile? open;
    private int openFile = -1;

    /// <summary>Fills a slab up to the end of its leaves. What follows the leaves is left to the tail.</summary>
    public void Fill(long slab, SlabBuffer buffer)
    {
        long start = slab * plan.RawSize;
        long end = Math.Min(start + plan.RawSize, layout.LeafEnd);
        var bytes = buffer.Span;
        long first = Math.Max(start, layout.HeaderLength);
        if (first >= layout.LeafEnd)
            return;

        int file = layout.FileAt(first);
        var leaves = layout.Leaves(file);
        long leaf = leaves.FirstLeafFrom(first);
        if (leaf == leaves.Count && ++file < layout.FileCount)
            (leaves, leaf) = (layout.Leaves(file), 0);
        long begin = file < layout.FileCount ? leaves.SectionOffset(leaf) : layout.LeafEnd;

        try
        {
            long crossing = FillCrossing(slab, start, bytes);
            if (file < layout.FileCount)
                FillLeaves(file, leaf, Math.Min(end, crossing), start, bytes);
        }
        finally
        {
            Close();
        }

        if (slab > 0 && begin > start)
            spills.Take(slab, bytes[..(int)(Math.Min(begin, end) - start)]);
    }

    /// <summary>The leaf that begins here and ends in the next slab goes first, so that nobody waits long for it.</summary>
    /// <returns>CAR offset of its section, or the slab's end where no leaf crosses.</returns>
    private long FillCrossing(long slab, long start, Span<byte> bytes)
    {
        long end = start + plan.RawSize;
        if (end >= layout.LeafEnd)
            return end;
        int file = layout.FileAt(end);
        var leaves = layout.Leaves(file);
        long leaf = leaves.FirstLeafFrom(end);
        if (leaf < leaves.Count && leaves.SectionOffset(leaf) == end)
            return end;
        leaf--; // it begins before the end and covers it
        long section = leaves.SectionOffset(leaf);
        Place(file, leaves, leaf, (int)(section - start), bytes);
        Flush(layout.FirstLeaf(file) + leaf, bytes);
        CloseFinished();
        int past = (int)(section + leaves.Shape(leaf).SectionLength - end);
        spills.Put(slab + 1, bytes.Slice(plan.RawSize, past));
        return section;
    }

    private void FillLeaves(int file, long leaf, long end, long start, Span<byte> bytes)
    {
        for (long firstInBatch = -1; file < layout.FileCount; file++, leaf = 0)
        {
            var leaves = layout.Leaves(file);
            long number = layout.FirstLeaf(file);
            for (; leaf < leaves.Count; leaf++)
            {
                long section = leaves.SectionOffset(leaf);
                if (section >= end)
                    break;
                if (batched == 0)
                    firstInBatch = number + leaf;
                Place(file, leaves, leaf, (int)(section - start), bytes);
                if (batched == Batch)
                    Flush(firstInBatch, bytes);
            }

            CloseFinished();
            if (leaf < leaves.Count || leaves.End >= end)
            {
                Flush(firstInBatch, bytes);
                return;
            }
        }

        throw new InvalidOperationException("The leaves of the layout end before the slab does.");
    }

    /// <summary>Reads a leaf into its place and writes all around it but the digest.</summary>
    private void Place(int file, in FileLeaves leaves, long leaf, int at, Span<byte> bytes)
    {
        if (openFile != file)
        {
            CloseFinished();
            stop.ThrowIfCancellationRequested();
            open = source.Open(layout.FileEntry(file));
            openFile = file;
        }

        var shape = leaves.Shape(leaf);
        var section = bytes.Slice(at, shape.SectionLength);
        shape.WriteHeader(section, stackalloc byte[32]);
        var block = section[shape.HeaderLength..];
        shape.WriteEnvelope(block);
        if (shape.ContentLength > 0)
            open!.Read(leaf * layout.Profile.ChunkSize, block.Slice(shape.PrefixLength, shape.ContentLength));
        messages[batched++] = new Message(at + shape.HeaderLength, shape.BlockLength);
    }

    private void Flush(long firstLeaf, Span<byte> bytes)
    {
        if (batched == 0)
            return;
        var digests = leafDigests.Rows(firstLeaf, batched);
        kernel.HashMessages(bytes, messages.AsSpan(0, batched), digests);
        for (int i = 0; i < batched; i++)
            digests.Slice(32 * i, 32).CopyTo(bytes[(messages[i].Offset - 32)..]); // the CID, digest last, stands right before its block
        batched = 0;
    }

    private void CloseFinished()
    {
        open?.Finish();
        Close();
    }

    private void Close()
    {
        open?.Dispose();
        (open, openFile) = (null, -1);
    }
}
