using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// Gives workers the bytes of a stream, once they have come, and has those forgotten that no piece in the making needs any
/// more. A slab is needed until it has ended; one that follows an ended one may need the leaf that crosses into it.
/// </summary>
internal sealed class StreamSource(StreamWindow window) : ISourceReader, ISourceFile
{
    private readonly Dictionary<PieceJob, Need> needs = [];
    private long passed;
    private volatile Boundary? boundary;

    /// <summary>Ends the waiting of workers.</summary>
    public CancellationToken Stop { get; set; }

    public ISourceFile Open(int entry) => this;

    public void Expect(long offset, long length)
    {
    }

    /// <exception cref="StreamEndedException">The stream ends before.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        long end = offset + destination.Length;
        Require(boundary is { } next && end >= next.End ? next.Most + 1 : end, Stop);
        window.Read(offset, destination);
    }

    public void Finish()
    {
    }

    /// <summary>Waits until the stream has come to a length.</summary>
    /// <exception cref="StreamEndedException">It ends before.</exception>
    public void Require(long length, CancellationToken stop)
    {
        if (!window.Reaches(length, stop, out long size))
            throw new StreamEndedException(size);
    }

    /// <summary>What ends at an offset is read only when the stream is known to be longer than <paramref name="most"/>.</summary>
    public void Bound(long end, long most) => boundary = new Boundary(end, most);

    /// <summary>The stream has ended: what it holds can be read to its end.</summary>
    public void Unbound() => boundary = null;

    /// <summary>Says that a piece needs what its slabs do that have not ended.</summary>
    /// <param name="offset">Where in the stream the piece begins.</param>
    public void Begin(PieceJob job, long offset)
    {
        lock (needs)
        {
            var need = new Need(job, offset);
            if (need.Next() is not null)
                needs.Add(job, need);
        }
    }

    /// <summary>A slab has ended.</summary>
    public void End(PieceJob job, long slab)
    {
        lock (needs)
        {
            if (!needs.TryGetValue(job, out var need))
                return;
            need.End(slab);
            if (need.Next() is null)
            {
                _ = needs.Remove(job);
                passed = Math.Max(passed, need.Behind);
            }

            Release();
        }
    }

    /// <summary>All before an offset has been read, apart from what pieces need.</summary>
    public void Pass(long offset)
    {
        lock (needs)
        {
            passed = Math.Max(passed, offset);
            Release();
        }
    }

    /// <summary>The pieces are begun once more.</summary>
    public void Reset()
    {
        lock (needs)
            needs.Clear();
    }

    /// <summary>Called for each run of ranges that was read: the window stays.</summary>
    public void Dispose()
    {
    }

    private void Release()
    {
        long least = needs.Count == 0 ? passed : long.MaxValue;
        foreach (var need in needs.Values)
            least = Math.Min(least, need.Next()!.Value);
        window.Release(least);
    }

    private sealed record Boundary(long End, long Most);

    /// <summary>What a piece needs of the stream.</summary>
    private sealed class Need(PieceJob job, long offset)
    {
        private readonly HashSet<long> ended = [];
        private long low;

        /// <summary>Offset after the piece.</summary>
        public long Behind => offset + job.Layout.ContentSize;

        public void End(long slab) => ended.Add(slab);

        /// <summary>The first offset that is needed; null where all slabs have ended.</summary>
        public long? Next()
        {
            while (low < job.Slabs && (ended.Remove(low) || job.WasDone(low)))
                low++;
            if (low == job.Slabs)
                return null;
            long leaf = Math.Max(0, new Slab(job.Layout, job.Plan, low).FirstLeafNumber - 1);
            return offset + (leaf * job.Layout.Profile.ChunkSize);
        }
    }
}
