using System.Runtime.ExceptionServices;
using DataPrep.Car;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Makes the CARs of inline pieces. Every segment is held against the piece CID before it is written.</summary>
/// <param name="target">Where the CARs go; kept from other runs by the caller.</param>
internal sealed class Materializer(OutputFolder target, int threads, PackProgress progress, CancellationToken cancel)
{
    /// <summary>Segments that a worker makes and writes in one go.</summary>
    private const int Run = 4;

    /// <summary>Makes a CAR, unless it is there.</summary>
    /// <param name="name">Name of the CAR.</param>
    /// <returns>False where a file of that name and size was there already.</returns>
    /// <exception cref="SourceFaultException">A source has changed, is not there, or is too short.</exception>
    /// <exception cref="Ipld.MalformedDataException">The inline piece or its tree sidecar is damaged.</exception>
    /// <exception cref="IOException">Something cannot be read or written, or another file has the name.</exception>
    public bool Make(InlinePiece piece, string name)
    {
        string car = target.FileOf(name);
        if (LinkedFile.Absence(car) is null)
        {
            long size = LinkedFile.Length(car);
            progress.Add(piece.Length);
            return size == piece.Length ? false : throw new IOException($"{car} is there already with {size} bytes, the CAR has {piece.Length}: move it away");
        }

        if (target.FreeSpace is var free && free < piece.Length)
            throw new IOException($"too little room in {target.Path}: {piece.Length} bytes are needed, {free} are free");
        File.Delete(target.TemporaryOf(name));
        var file = new PieceFile(target, name, piece.Length);
        bool isPlaced = false;
        try
        {
            Write(piece, file);
            file.Complete(piece.Length);
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

    private void Write(InlinePiece piece, PieceFile file)
    {
        const long Segment = SubTreeHasher.SegmentRaw;
        long runs = (SubTreeHasher.SegmentCount(piece.Length) + Run - 1) / Run, next = -1;
        // Those that wait for a device leave the cores to the others.
        int others = Posix.KindOf(target.Work) == FileSystemKind.Memory ? 0 : Math.Clamp(threads / 2, 2, 8);
        int workers = (int)Math.Min(threads + others, runs);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);

        void Work()
        {
            try
            {
                using var buffer = new NativeBuffer((int)Math.Min(Run * Segment, piece.Length));
                for (long run; (run = Interlocked.Increment(ref next)) < runs;)
                {
                    stop.Token.ThrowIfCancellationRequested();
                    long offset = run * Run * Segment;
                    var bytes = buffer.Span[..(int)Math.Min(buffer.Length, piece.Length - offset)];
                    _ = piece.ReadAt(offset, bytes);
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
