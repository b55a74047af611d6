using System.Runtime.ExceptionServices;
using DataPrep.Car;
using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>The commitment to a file's bytes, by several threads.</summary>
internal static class FileCommP
{
    /// <summary>Commitment and the nodes of its tree's sidecar layer.</summary>
    /// <exception cref="IOException">The file cannot be read, or changes meanwhile.</exception>
    public static TreeSidecar Compute(string path, int threads, Action<long> progress, CancellationToken cancel)
    {
        byte[] location = PathText.FromArgument(path);
        int fd = Posix.Open(location, Posix.O_RDONLY | Posix.O_CLOEXEC, out int error);
        if (fd < 0)
            throw new IOException($"{PathText.Quote(path)}: cannot open: {Posix.Describe(error)}");
        try
        {
            if ((error = Posix.Stat(fd, out var before)) != 0)
                throw new IOException($"{PathText.Quote(path)}: cannot stat: {Posix.Describe(error)}");
            if (before.Type == Posix.S_IFDIR)
                throw new IOException($"{PathText.Quote(path)}: is a folder; name files, or pack it");
            var result = Compute(Read, path, before.Size, threads, progress, cancel);
            _ = Posix.Stat(fd, out var after);
            return after.DifferenceFrom(before) is { } difference ? throw new IOException($"{PathText.Quote(path)}: {difference} while it was read") : result;
        }
        finally
        {
            Posix.Close(fd);
        }

        int Read(long offset, Span<byte> destination)
        {
            int got = Posix.ReadAt(fd, offset, destination, out int errno);
            return got >= 0 ? got : throw new IOException($"{PathText.Quote(path)}: {Posix.Describe(errno)} at offset {offset}");
        }
    }

    /// <summary>The same of bytes that are regenerated. Content that cannot be had counts as zeros.</summary>
    /// <exception cref="MalformedDataException">The piece is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TreeSidecar Compute(InlinePiece piece, int threads, Action<long> progress, CancellationToken cancel) =>
        Compute((offset, destination) => piece.Read(offset, destination, _ => { }), piece.Path, piece.Length, threads, progress, cancel);

    private static TreeSidecar Compute(RangeReader read, string path, long size, int threads, Action<long> progress, CancellationToken cancel)
    {
        byte[] nodes = new byte[Math.Max(1, SubTreeHasher.SegmentCount(size)) * 32];
        long next = -1;
        // A segment at a time is hashed while it is in cache; a piece of less than one is one node.
        const int Segment = SubTreeHasher.SegmentRaw;
        int height = PieceSize.Height(PieceSize.Padded(size));
        int nodeHeight = Math.Min(height, SubTreeHasher.SegmentHeight);

        void Work()
        {
            var hasher = new SubTreeHasher(Sha256Kernels.Current);
            byte[] buffer = new byte[(int)Math.Min(size, Segment)];
            for (long segment; (segment = Interlocked.Increment(ref next)) * Segment < size || (segment == 0 && size == 0);)
            {
                cancel.ThrowIfCancellationRequested();
                long start = segment * Segment;
                var bytes = buffer.AsSpan(0, (int)Math.Min(Segment, size - start));
                int got = read(start, bytes);
                if (got < bytes.Length)
                    throw new IOException($"{PathText.Quote(path)}: ended early at offset {start + got}");
                hasher.Root(bytes, nodeHeight, nodes.AsSpan((int)(segment * 32), 32));
                progress(bytes.Length);
            }
        }

        try
        {
            Parallel.Invoke(new ParallelOptions { MaxDegreeOfParallelism = threads }, [.. Enumerable.Repeat(Work, threads)]);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        byte[] root = new byte[32];
        PieceTree.Fold(nodes, nodeHeight, height, root);
        return new TreeSidecar(new PieceCommitment(root, size, PieceSize.Padded(size)), nodes);
    }
}
