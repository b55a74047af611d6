namespace DataPrep.Packing;

/// <summary>How far packing has come. Written by the workers, read by whoever shows it.</summary>
public sealed class PackProgress
{
    private long bytes;
    private long entries;

    /// <summary>CAR bytes made so far.</summary>
    public long BytesDone => Interlocked.Read(ref bytes);

    /// <summary>CAR bytes in all; 0 while the source is being scanned.</summary>
    public long BytesTotal { get; internal set; }

    /// <summary>Entries found by the scan so far.</summary>
    public long Entries => Interlocked.Read(ref entries);

    internal void Add(long count) => Interlocked.Add(ref bytes, count);

    internal void Found(int count) => Interlocked.Exchange(ref entries, count);

    internal void More(long total) => BytesTotal += total;

    internal void Begin(long total)
    {
        Interlocked.Exchange(ref bytes, 0);
        BytesTotal = total;
    }
}
