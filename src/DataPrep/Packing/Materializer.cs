using System.Runtime.ExceptionServices;
using DataPrep.Car;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Makes files of pieces whose bytes can be had, such as CARs of inline pieces. Bytes are held against the piece CID before a file gets its name.</summary>
/// <param name="target">Where the CARs go; kept from other runs by the caller.</param>
internal sealed class Materializer(OutputFolder target, int threads, PackCounters progress, CancellationToken cancel)
{
    /// <summary>Segments that a worker makes and writes in one go.</summary>
    private const int Run = 4;

    /// <summary>Makes the CAR of an inline piece, unless it is there. Every segment is held against the piece CID before it is written.</summary>
    /// <param name="name">Name of the CAR.</param>
    /// <returns>False where a file of that name and size was there already.</returns>
    /// <exception cref="SourceFaultException">A source has changed, is not there, or is too short.</exception>
    /// <exception cref="Ipld.MalformedDataException">The inline piece or its tree sidecar is damaged.</exception>
    /// <exception cref="IOException">Something cannot be read or written, or another file has the name.</exception>
    public bool Make(InlinePiece piece, string name) => Make(name, piece.Length, piece.ReadAt, () => { });

    /// <summary>Makes a file, unless one of its name and size is there.</summary>
    /// <param name="read">Fills what it is given. Called by several threads, for ranges that begin at multiples of a segment and end there, or at the end.</param>
    /// <param name="check">Called when all is written: throws where it is not what the name says.</param>
    /// <param name="reserve">Whether room for the whole of it is taken at once; not where much of it will be holes.</param>
    /// <returns>False where a file of that name and size was there already.</returns>
    /// <exception cref="IOException">Something cannot be read or written, or another file has the name.</exception>
    public bool Make(string name, long length, RangeReader read, Action check, bool reserve = true) =>
        ObservedRun.Of("materialize", progress, _ => MakeFile(name, length, read, check, reserve));

    private bool MakeFile(string name, long length, RangeReader read, Action check, bool reserve)
    {
        string path = target.FileOf(name);
        if (LinkedFile.Absence(path) is null)
        {
            long size = LinkedFile.Length(path);
            progress.Add(length);
            return size == length ? false : throw new IOException($"{path} is there already with {size} bytes instead of {length}: move it away");
        }

        if (reserve && target.FreeSpace is var free && free < length)
            throw new IOException($"too little room in {target.Path}: {length} bytes are needed, {free} are free");
        File.Delete(target.TemporaryOf(name));
        var file = new PieceFile(target, name, length, reserve: reserve);
        bool isPlaced = false;
        try
        {
            Write(read, length, file);
            check();
            file.Complete(length);
            file.Place(name);
            return isPlaced = true;
        }
        finally
        {
            if (!isPlaced)
                file.Discard();
            file.Dispose();
        }
    }

    private void Write(RangeReader read, long length, PieceFile file)
    {
        const long Segment = SubTreeHasher.SegmentRaw;
        long runs = (SubTreeHasher.SegmentCount(length) + Run - 1) / Run, next = -1;
        // Those that wait for a device leave the cores to the others.
        int others = Posix.KindOf(target.Work) == FileSystemKind.Memory ? 0 : Math.Clamp(threads / 2, 2, 8);
        int workers = (int)Math.Min(threads + others, runs);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);

        void Work()
        {
            try
            {
                using var buffer = new NativeBuffer((int)Math.Min(Run * Segment, length));
                for (long run; (run = Interlocked.Increment(ref next)) < runs;)
                {
                    stop.Token.ThrowIfCancellationRequested();
                    long offset = run * Run * Segment;
                    var bytes = buffer.Span[..(int)Math.Min(buffer.Length, length - offset)];
                    _ = read(offset, bytes);
                    file.Write(offset, bytes);
                    progress.Add(bytes.Length);
                }
            }
            catch
            {
                stop.Cancel();
                throw;
            }
        }

        try
        {
            Parallel.Invoke(new ParallelOptions { MaxDegreeOfParallelism = workers }, [.. Enumerable.Repeat(Work, workers)]);
        }
        catch (AggregateException e)
        {
            // Those that were only stopped have nothing to say.
            ExceptionDispatchInfo.Throw(e.InnerExceptions.FirstOrDefault(inner => inner is not OperationCanceledException) ?? e.InnerExceptions[0]);
        }
    }
}
