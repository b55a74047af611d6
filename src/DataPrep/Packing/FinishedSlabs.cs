using DataPrep.Piece;

namespace DataPrep.Packing;

/// <summary>Slabs of a piece that were made before: those before the first file that changed since are still what they should be.</summary>
/// <param name="firstEntry">The first entry of the piece, in the whole tree.</param>
internal sealed class FinishedSlabs(PieceJob job, int firstEntry, ChangedFiles changed)
{
    /// <summary>Takes over what the journal of another run holds.</summary>
    /// <returns>Bytes of the CAR that need not be made again.</returns>
    public long TakeFrom(IReadOnlyList<(int Order, byte[] Payload)> noted)
    {
        long bytes = 0;
        foreach (var (order, payload) in noted)
            bytes += Take(SlabDone.Read(payload), changed.Since(order));
        return bytes;
    }

    /// <summary>Takes over what a job made before a changed file ended it.</summary>
    /// <param name="order">When the job was begun.</param>
    /// <returns>Bytes of the CAR that need not be made again.</returns>
    public long TakeFrom(PieceJob before, int order)
    {
        long bytes = 0;
        for (long slab = 0; slab < before.Slabs; slab++)
        {
            if (before.IsDone(slab))
                bytes += Take(before.Describe(slab, 0), changed.Since(order));
        }

        return bytes;
    }

    private long Take(in SlabDone slab, IEnumerable<int> changes)
    {
        long end = (slab.Slab * job.Plan.RawSize) + Math.Min(job.Plan.RawSize, job.Layout.LeafEnd - (slab.Slab * job.Plan.RawSize));
        foreach (int entry in changes)
        {
            if (entry >= firstEntry && end > job.FirstSectionFrom(entry))
                return 0;
        }

        return job.Restore(slab) ? RawBytes(slab) : 0;
    }

    // What is kept is counted when it is committed.
    private static long RawBytes(in SlabDone slab) => slab.Nodes.Length / 32L * SubTreeHasher.SegmentRaw;
}
