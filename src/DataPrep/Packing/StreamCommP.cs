using System.Collections.Concurrent;
using DataPrep.Hashing;
using DataPrep.Piece;

namespace DataPrep.Packing;

/// <summary>The commitment to a stream of unknown length: one thread reads, several hash what was read.</summary>
internal static class StreamCommP
{
    private const int RangeSegments = 4;
    private const int Range = RangeSegments * SubTreeHasher.SegmentRaw;

    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static PieceCommitment Compute(Stream stream, int threads)
    {
        byte[] first = new byte[Range];
        int length = stream.ReadAtLeast(first, Range, throwOnEndOfStream: false);
        return length < Range ? CommPHasher.HashData(first.AsSpan(0, length)) : ComputeLong(stream, first, threads);
    }

    private static PieceCommitment ComputeLong(Stream stream, byte[] first, int threads)
    {
        using var free = new BlockingCollection<byte[]>();
        using var read = new BlockingCollection<(int Number, byte[] Bytes, int Length)>();
        var nodes = new ConcurrentDictionary<int, byte[]>();
        for (int i = 0; i <= threads; i++)
            free.Add(new byte[Range]);
        var workers = new Task[threads];
        for (int i = 0; i < threads; i++)
            workers[i] = Task.Factory.StartNew(Hash, TaskCreationOptions.LongRunning);

        long size = 0;
        try
        {
            byte[] bytes = first;
            for (int number = 0, length = Range; length > 0; number++)
            {
                read.Add((number, bytes, length));
                size += length;
                bytes = free.Take();
                length = stream.ReadAtLeast(bytes, Range, throwOnEndOfStream: false);
            }
        }
        finally
        {
            read.CompleteAdding();
            Task.WaitAll(workers);
        }

        byte[] all = new byte[SubTreeHasher.SegmentCount(size) * 32];
        foreach (var (number, part) in nodes)
            part.CopyTo(all, number * RangeSegments * 32);
        long pieceSize = PieceSize.Padded(size);
        byte[] root = new byte[32];
        PieceTree.Fold(all, SubTreeHasher.SegmentHeight, PieceSize.Height(pieceSize), root);
        return new PieceCommitment(root, size, pieceSize);

        void Hash()
        {
            var hasher = new SubTreeHasher(Sha256Kernels.Current);
            foreach (var (number, bytes, length) in read.GetConsumingEnumerable())
            {
                byte[] part = new byte[SubTreeHasher.SegmentCount(length) * 32];
                hasher.HashSegments(bytes.AsSpan(0, length), part);
                nodes[number] = part;
                free.Add(bytes);
            }
        }
    }
}
