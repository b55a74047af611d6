using System.Diagnostics;
using DataPrep.Hashing;
using DataPrep.Piece;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>
/// Makes slabs. The leaves that begin in one are read straight into place, a few megabytes at a time, and while these
/// are in the cache their digests are put into the section headers, and the segments that are complete by then are
/// hashed for the commitment and written. Owned by one thread, and owns the memory of its slab.
/// </summary>
/// <param name="hashing">Lets as many workers hash at once as there are to be; the others read and write.</param>
/// <param name="turn">Held while a slab is read, where workers are to read one after the other; else null.</param>
internal sealed class SlabWorker(SlabPlan plan, SpillExchange spills, SemaphoreSlim hashing, SemaphoreSlim? turn, CancellationToken stop) : IDisposable
{
    private const int GroupLeaves = 1024;
    private const int Segment = SubTreeHasher.SegmentRaw;
    private const int Digest = Sha256Kernel.DigestLength;

    private readonly Sha256Kernel kernel = Sha256Kernels.Current;
    private readonly Message[] messages = new Message[GroupLeaves];
    private readonly long[] numbers = new long[GroupLeaves];
    private readonly byte[] digests = new byte[GroupLeaves * Digest];

    /// <summary>Leaves are read and hashed in groups of about this many bytes: as many of 1 MiB as keep the kernel busy.</summary>
    private readonly int groupBytes = Sha256Kernels.Current.LongMessages << 20;
    private int batched;
    private int batchedBytes;
    private NativeBuffer buffer = new(0);
    private PieceJob job = null!;
    private ISourceFile? open;
    private long openOffset;
    private ReadTime visit;

    public SubTreeHasher Hasher { get; } = new(Sha256Kernels.Current);

    public StageClock Clock { get; } = new();

    /// <summary>The files that took longest to read.</summary>
    public SlowFiles Slow { get; } = new();

    /// <summary>How fast this and the other workers may read; null for no limit.</summary>
    public RateLimit? Rate { get; init; }

    /// <summary>Makes one slab: all of it but the segments that the header and the tail complete, which the job keeps.</summary>
    public void Make(PieceJob job, long slab)
    {
        this.job = job;
        int room = plan.RawSize + job.Layout.LongestSection; // a leaf may reach past the slab
        if (buffer.Length < room)
        {
            buffer.Dispose();
            buffer = new NativeBuffer(room);
        }

        try
        {
            Make(new Slab(job.Layout, plan, slab), buffer.Span);
        }
        finally
        {
            Close();
            Clock.Enter(Stage.Wait);
        }
    }

    public void Dispose() => buffer.Dispose();

    private void Make(in Slab slab, Span<byte> bytes)
    {
        // Segments that begin before the first leaf wait for the leaf that crosses into this slab.
        int low = Segments(slab.FirstLeaf + Segment - 1), whole = Segments(slab.Length);
        int next = ReadInTurn(slab, bytes, low);
        HashGroup(slab, bytes);
        if (slab.FirstLeaf > 0 && slab.Number > 0)
            TakeSpill(slab, bytes[..slab.FirstLeaf]);
        Commit(slab, slab.Number == 0 ? 1 : 0, Math.Min(low, whole), bytes);
        Commit(slab, next, whole, bytes);
        if (slab.Number == 0)
            job.Bytes.Keep(0, bytes[..Math.Min(Segment, slab.Length)]);
        if (slab.Length % Segment != 0 && (slab.Number > 0 || whole > 0))
            job.Bytes.Keep((slab.Start / Segment) + whole, bytes[(whole * Segment)..slab.Length]);
    }

    /// <summary>The end of the leaf that begins in the slab before: handed over, or read again where another run made that slab.</summary>
    private void TakeSpill(in Slab slab, Span<byte> destination)
    {
        Clock.Enter(Stage.Wait);
        if (!job.WasDone(slab.Number - 1))
        {
            spills.Take(job, slab.Number, destination);
            return;
        }

        var before = new Slab(job.Layout, plan, slab.Number - 1);
        var (file, leaf) = before.Crossing!.Value;
        var leaves = job.Layout.Leaves(file);
        using var section = new NativeBuffer(leaves.Shape(leaf).SectionLength);
        long start = leaves.SectionOffset(leaf);
        Open(file, leaf, leaf + 1, leaves);
        var place = Place(file, leaves, leaf, start, section.Span);
        CloseFinished();
        var message = messages[0];
        (batched, batchedBytes) = (0, 0);
        Span<byte> digest = stackalloc byte[Digest];
        kernel.HashMessages(section.Span, [message], digest);
        if (!digest.SequenceEqual(job.Leaves[job.Layout.FirstLeaf(file) + leaf]))
            throw job.Changed(file, leaf * job.Layout.Profile.ChunkSize);
        digest.CopyTo(section.Span[(message.Offset - Digest)..]);
        section.Span[place][(int)(slab.Start - start)..].CopyTo(destination);
    }

    private int ReadInTurn(in Slab slab, Span<byte> bytes, int next)
    {
        if (turn is null)
            return Read(slab, bytes, next, groupBytes);
        turn.Wait(stop);
        try
        {
            return Read(slab, bytes, next, int.MaxValue);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Reads all leaves that begin in the slab, and finishes what is complete on the way.</summary>
    /// <param name="next">The first segment with nothing but leaves that begin here.</param>
    /// <param name="atOnce">How much to read before it is hashed.</param>
    /// <returns>The first of them that is not finished.</returns>
    private int Read(in Slab slab, Span<byte> bytes, int next, int atOnce)
    {
        // The leaf that begins here and ends in the next slab goes first, so that nobody waits long for it.
        int crossing = slab.Length;
        job.Announce(slab, stop);
        if (slab.Crossing is var (file, leaf))
        {
            var leaves = job.Layout.Leaves(file);
            Open(file, leaf, leaf + 1, leaves);
            crossing = Place(file, leaves, leaf, slab.Start, bytes).Start.Value;
            CloseFinished();
        }

        foreach (var (number, first) in slab.Files())
        {
            var leaves = job.Layout.Leaves(number);
            long last = leaves.FirstLeafFrom(slab.Start + crossing);
            if (last <= first)
                break;
            Open(number, first, last, leaves);
            for (long i = first; i < last; i++)
            {
                int end = Place(number, leaves, i, slab.Start, bytes).End.Value;
                if (batched == GroupLeaves || batchedBytes >= atOnce)
                {
                    HashGroup(slab, bytes);
                    Commit(slab, next, Segments(end), bytes);
                    next = Math.Max(next, Segments(end));
                }
            }

            CloseFinished();
        }

        return next;
    }

    private static int Segments(int bytes) => bytes / Segment;

    private void Commit(in Slab slab, int from, int to, ReadOnlySpan<byte> bytes)
    {
        if (to <= from)
            return;
        long segment = (slab.Start / Segment) + from;
        var run = bytes[(from * Segment)..(to * Segment)];
        BeginHashing();
        job.Bytes.Hash(Hasher, Clock, segment, run);
        hashing.Release();
        job.Bytes.Write(Clock, segment, run);
    }

    private void BeginHashing()
    {
        Clock.Enter(Stage.Wait);
        hashing.Wait(stop);
    }

    private void Open(int file, long first, long last, in FileLeaves leaves)
    {
        stop.ThrowIfCancellationRequested();
        if (batched == 0)
            Clock.Enter(Stage.Read);
        long begun = Stopwatch.GetTimestamp();
        var range = job.RangeOf(file, first, last, leaves);
        open = job.Open(file);
        openOffset = range.Offset - (first * job.Layout.Profile.ChunkSize);
        visit = new ReadTime(range.Entry, Stopwatch.GetTimestamp() - begun, 0);
        open.Expect(range.Offset, range.Length);
    }

    /// <summary>Reads a leaf into its place and writes all around it but the digest.</summary>
    /// <returns>Where in the slab its section lies.</returns>
    private Range Place(int file, in FileLeaves leaves, long leaf, long start, Span<byte> bytes)
    {
        if (batched == 0)
            Clock.Enter(Stage.Read);
        int at = (int)(leaves.SectionOffset(leaf) - start);
        var shape = leaves.Shape(leaf);
        var section = bytes.Slice(at, shape.SectionLength);
        shape.WriteHeader(section, stackalloc byte[Digest]);
        var block = section[shape.HeaderLength..];
        shape.WriteEnvelope(block);
        if (shape.ContentLength > 0 && Rate is not null)
            AwaitTurn(shape.ContentLength);
        if (shape.ContentLength > 0)
        {
            long begun = Stopwatch.GetTimestamp();
            open!.Read(openOffset + (leaf * job.Layout.Profile.ChunkSize), block.Slice(shape.PrefixLength, shape.ContentLength));
            visit = visit with { Ticks = visit.Ticks + Stopwatch.GetTimestamp() - begun, Bytes = visit.Bytes + shape.ContentLength };
        }

        numbers[batched] = job.Layout.FirstLeaf(file) + leaf;
        messages[batched++] = new Message(at + shape.HeaderLength, shape.BlockLength);
        batchedBytes += shape.SectionLength;
        return at..(at + shape.SectionLength);
    }

    private void AwaitTurn(int length)
    {
        Clock.Enter(Stage.Wait);
        Rate!.Take(length, stop);
        Clock.Enter(Stage.Read);
    }

    private void HashGroup(in Slab slab, Span<byte> bytes)
    {
        if (batched == 0)
            return;
        BeginHashing();
        Clock.Enter(Stage.LeafHash);
        kernel.HashMessages(bytes, messages.AsSpan(0, batched), digests);
        hashing.Release();
        for (int i = 0; i < batched; i++)
        {
            var digest = digests.AsSpan(Digest * i, Digest);
            digest.CopyTo(job.Leaves[numbers[i]]);
            digest.CopyTo(bytes[(messages[i].Offset - Digest)..]); // the CID, digest last, stands right before its block
        }

        // Only the first leaf of the first group can reach past the slab.
        int past = messages[0].Offset + messages[0].Length - plan.RawSize;
        if (past > 0 && !job.WasDone(slab.Number + 1))
            spills.Put(job, slab.Number + 1, bytes.Slice(plan.RawSize, past));
        (batched, batchedBytes) = (0, 0);
    }

    private void CloseFinished()
    {
        open?.Finish();
        Close();
        Slow.Add(visit);
        Clock.Read(visit.Bytes);
    }

    private void Close()
    {
        open?.Dispose();
        open = null;
    }
}
