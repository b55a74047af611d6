using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
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

/// <summary>
/// Makes one piece from its layout. Workers claim slabs of the CAR in order and share nothing but the claim counter,
/// the table of leaf digests and the exchange of spills. When the leaves are done the tail follows; the slab with the
/// header is last, since the header holds the root's CID.
/// </summary>
internal sealed class SlabEngine : IDisposable
{
    private readonly PieceLayout layout;
    private readonly SlabPlan plan;
    private readonly ISourceReader source;
    private readonly IPieceSink sink;
    private readonly PackProgress progress;
    private readonly CancellationTokenSource stop;
    private readonly CancellationToken cancel;
    private readonly SlabPool pool;
    private readonly SpillExchange spills;
    private readonly DigestTable leaves;
    private readonly DigestTable roots;
    private readonly byte[] nodes;
    private readonly BlockingCollection<(long Slab, SlabBuffer Buffer)> tailSlabs = [];
    private readonly CountdownEvent leavesDone;
    private readonly long leafSlabs;
    private SlabBuffer? firstSlab;
    private SlabBuffer? lastLeafSlab;
    private bool tablesHandedOver;
    private long claimed;
    private ExceptionDispatchInfo? failure;

    public SlabEngine(PieceLayout layout, SlabPlan plan, ISourceReader source, IPieceSink sink, PackProgress progress, CancellationToken cancel)
    {
        (this.layout, this.plan, this.source, this.sink, this.progress, this.cancel) = (layout, plan, source, sink, progress, cancel);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        leafSlabs = ((layout.LeafEnd - 1) / plan.RawSize) + 1;
        pool = new SlabPool(plan.Buffers, plan.RawSize + layout.LongestSection);
        spills = new SpillExchange(stop.Token);
        leaves = new DigestTable(layout.LeafCount);
        roots = new DigestTable(layout.Tree.Count);
        nodes = new byte[32 * (((layout.CarSize - 1) / SubTreeHasher.SegmentRaw) + 1)];
        leavesDone = new CountdownEvent(plan.Threads);
    }

    /// <exception cref="SourceChangedException">A file is not what was scanned; nothing of the output may be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public PackedPiece Run()
    {
        progress.Begin(layout.CarSize);
        var threads = new Thread[plan.Threads];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work) { IsBackground = true, Name = $"slab {i}" };
            threads[i].Start();
        }

        Guard(() =>
        {
            leavesDone.Wait(stop.Token);
            WriteTail();
        });
        tailSlabs.CompleteAdding();
        foreach (var thread in threads)
            thread.Join();

        cancel.ThrowIfCancellationRequested();
        failure?.Throw();
        return Finish();
    }

    public void Dispose()
    {
        spills.Dispose();
        pool.Dispose();
        leavesDone.Dispose();
        tailSlabs.Dispose();
        stop.Dispose();
        if (tablesHandedOver)
            return;
        leaves.Dispose();
        roots.Dispose();
    }

    private void Work() => Guard(() =>
    {
        var hasher = new SubTreeHasher(Sha256Kernels.Current);
        var worker = new SlabWorker(layout, plan, source, spills, leaves, stop.Token);
        long slab;
        while ((slab = Interlocked.Increment(ref claimed) - 1) < leafSlabs)
        {
            stop.Token.ThrowIfCancellationRequested();
            var buffer = pool.Rent(stop.Token);
            worker.Fill(slab, buffer);
            if (slab == 0)
                firstSlab = buffer; // waits for the root's CID
            if (slab == leafSlabs - 1 && layout.LeafEnd % plan.RawSize != 0)
                lastLeafSlab = buffer; // waits for the tail
            if (buffer != firstSlab && buffer != lastLeafSlab)
                Commit(hasher, slab, buffer);
        }

        leavesDone.Signal();
        foreach (var (tailSlab, buffer) in tailSlabs.GetConsumingEnumerable(stop.Token))
            Commit(hasher, tailSlab, buffer);
    });

    /// <summary>The first failure stops everything and is the one that is reported.</summary>
    private void Guard(Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // Handed on to the caller of Run
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (e is not OperationCanceledException)
                _ = Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            stop.Cancel();
        }
    }

    private void Commit(SubTreeHasher hasher, long slab, SlabBuffer buffer)
    {
        long start = slab * plan.RawSize;
        var bytes = buffer.Span[..(int)Math.Min(plan.RawSize, layout.CarSize - start)];
        hasher.HashSegments(bytes, nodes.AsSpan((int)(slab * (plan.PaddedSize / SubTreeHasher.SegmentPadded)) * 32));
        sink.Write(start, bytes);
        pool.Return(buffer);
        progress.Add(bytes.Length);
    }

    private void WriteTail()
    {
        var tail = new TailWriter(layout, plan, pool, Finished, stop.Token);
        tail.Begin(lastLeafSlab);
        layout.EmitTail(leaves, roots, tail);
        tail.End();

        void Finished(long slab, SlabBuffer buffer)
        {
            if (slab != 0)
                tailSlabs.Add((slab, buffer));
        }
    }

    private PackedPiece Finish()
    {
        byte[] root = layout.RootDigest(0, leaves, roots).ToArray();
        var cid = layout.Profile.CidOf(layout.IsRaw(0), root);
        byte[] header = new CarHeader(1, [cid]).Encode();
        var first = firstSlab!.Span;
        int at = Varint.Write(first, (ulong)header.Length);
        header.CopyTo(first[at..]);
        if (at + header.Length != layout.HeaderLength)
            throw new InvalidOperationException($"The layout says {layout.HeaderLength} bytes of header, it came to {at + header.Length}.");

        int height = PieceSize.Height(PieceSize.Padded(layout.CarSize));
        var hasher = new SubTreeHasher(Sha256Kernels.Current);
        byte[] commitment = new byte[32];
        if (height < SubTreeHasher.SegmentHeight)
        {
            hasher.Root(first[..(int)layout.CarSize], height, commitment);
            sink.Write(0, first[..(int)layout.CarSize]);
            progress.Add(layout.CarSize);
            return HandOver(cid, commitment, commitment);
        }

        Commit(hasher, 0, firstSlab);
        PieceTree.Fold(nodes, SubTreeHasher.SegmentHeight, height, commitment);
        return HandOver(cid, commitment, nodes);
    }

    private PackedPiece HandOver(Cid root, byte[] commitment, byte[] pieceNodes)
    {
        tablesHandedOver = true;
        return new PackedPiece(layout, root, new PieceCommitment(commitment, layout.CarSize, PieceSize.Padded(layout.CarSize)), pieceNodes, leaves, roots);
    }
}
