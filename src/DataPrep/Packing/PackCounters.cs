namespace DataPrep.Packing;

/// <summary>How far packing has come. Written by the workers, read by whoever shows it.</summary>
internal sealed class PackCounters
{
    private long bytes;
    private long entries;
    private long made;
    private int slabs;
    private readonly List<(StageClock Clock, SlowFiles Slow)> workers = [];

    /// <summary>CAR bytes made so far.</summary>
    public long BytesDone => Interlocked.Read(ref bytes);

    /// <summary>CAR bytes in all; 0 while the source is being scanned.</summary>
    public long BytesTotal { get; set; }

    /// <summary>Entries found by the scan so far.</summary>
    public long Entries => Interlocked.Read(ref entries);

    /// <summary>CAR bytes that this run itself has made; never less than before.</summary>
    public long BytesMade => Interlocked.Read(ref made);

    /// <summary>Slabs that workers have in hand.</summary>
    public int Slabs => Volatile.Read(ref slabs);

    /// <summary>Time of all workers together so far, by stage, and what they have read.</summary>
    public StageClock Times()
    {
        var sum = new StageClock();
        lock (workers)
        {
            foreach (var (clock, _) in workers)
                sum.Add(clock);
        }

        return sum;
    }

    /// <summary>The files that took longest to read, the slowest first; when no worker is at work.</summary>
    public IEnumerable<ReadTime> SlowFiles()
    {
        lock (workers)
        {
            return [.. workers.SelectMany(worker => worker.Slow.Files).GroupBy(file => file.Entry)
                .Select(visits => new ReadTime(visits.Key, visits.Sum(visit => visit.Ticks), visits.Sum(visit => visit.Bytes)))
                .OrderByDescending(file => file.Ticks).ThenBy(file => file.Entry)];
        }
    }

    /// <summary>Takes note of a worker: its clock, which it goes on with, and what it finds slow.</summary>
    public void Join(StageClock clock, SlowFiles slow)
    {
        lock (workers)
            workers.Add((clock, slow));
    }

    /// <summary>Hands over what the run has counted, at its end.</summary>
    public (StageClock Times, long Made) TakeEnded()
    {
        var times = Times();
        lock (workers)
            workers.Clear();
        return (times, Interlocked.Exchange(ref made, 0));
    }

    public void Add(long count) => Interlocked.Add(ref bytes, count);

    /// <summary>Adds CAR bytes that are made in this run, and not taken over.</summary>
    public void Made(long count)
    {
        Add(count);
        _ = Interlocked.Add(ref made, count);
    }

    public void BeginSlab() => Interlocked.Increment(ref slabs);

    public void EndSlab() => Interlocked.Decrement(ref slabs);

    public void Found(int count) => Interlocked.Exchange(ref entries, count);

    public void More(long total) => BytesTotal += total;

    public void Begin(long total)
    {
        Interlocked.Exchange(ref bytes, 0);
        BytesTotal = total;
    }
}
