using DataPrep.Car;
using DataPrep.Hashing;
using DataPrep.Piece;

namespace DataPrep.Aggregation;

/// <summary>
/// The bytes of an aggregate's payload, from the files of its pieces. They are hashed as they are read, so that in the end they can be held against the deal's
/// piece CID. Memory: 32 bytes for each MiB of the deal. For several threads at once.
/// </summary>
/// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
internal sealed class AggregatePayload(Aggregate aggregate, string? source) : IDisposable
{
    private const int NodeLength = PieceSize.NodeLength;
    private const int MostOpenFiles = 64;

    private readonly FileHandles files = new(MostOpenFiles, source);
    private readonly SegmentTree tree = new(aggregate.Commitment);

    public long Length => aggregate.Commitment.PayloadSize;

    /// <summary>Reads and hashes whole segments of 1,040,384 bytes; of a smaller deal all of it.</summary>
    /// <exception cref="IOException">A piece cannot be read, or is shorter than it should be.</exception>
    /// <exception cref="Ipld.MalformedDataException">An inline piece is damaged.</exception>
    public int Read(long offset, Span<byte> destination)
    {
        Fill(offset, destination);
        tree.Hash(offset, destination);
        return destination.Length;
    }

    /// <summary>Holds what was read, which has to be everything, against the deal's piece CID.</summary>
    /// <exception cref="IOException">It is something else; the message names the piece that has changed.</exception>
    public void Check()
    {
        if (tree.IsExpected)
            return;
        for (int i = 0; i < aggregate.Pieces.Count; i++)
        {
            if (!HasRoot(i))
                throw Changed(i);
        }

        throw new IOException("what was read is not the aggregate, though each piece is what it should be: one changed meanwhile; run the same command again");
    }

    public void Dispose() => files.Dispose();

    private bool HasRoot(int piece)
    {
        var commitment = aggregate.Pieces[piece].Commitment;
        Span<byte> root = stackalloc byte[NodeLength];
        if (commitment.Height >= tree.NodeHeight)
        {
            long first = aggregate.OffsetOf(piece) >> (tree.NodeHeight + 5), count = commitment.PieceSize >> (tree.NodeHeight + 5);
            PieceTree.Fold(tree.Nodes.Slice((int)first * NodeLength, (int)count * NodeLength), tree.NodeHeight, commitment.Height, root);
        }
        else
        {
            byte[] bytes = new byte[commitment.PayloadSize];
            ReadPiece(piece, 0, bytes);
            new SubTreeHasher(Sha256Kernels.Current).Root(bytes, commitment.Height, root);
        }

        return root.SequenceEqual(commitment.Root);
    }

    private IOException Changed(int piece)
    {
        var (path, commitment) = aggregate.Pieces[piece];
        string what = $"{path}: is not the piece {commitment.CidV1}, by which the aggregate was planned";
        if (!CarBytes.IsInline(path))
            return new IOException(what);
        using var car = CarBytes.Open(path, files.Source);
        var fault = car.Mismatch(what, 0, (int)Math.Min(int.MaxValue, car.Length));
        return fault as IOException ?? new IOException($"{what}: {fault.Message}");
    }

    private void Fill(long offset, Span<byte> destination)
    {
        destination.Clear();
        long end = offset + destination.Length;
        for (int i = FirstBehind(offset); i < aggregate.Pieces.Count && Start(i) < end; i++)
        {
            long from = Math.Max(offset, Start(i)), to = Math.Min(end, Start(i) + aggregate.Pieces[i].Commitment.PayloadSize);
            if (from < to)
                ReadPiece(i, from - Start(i), destination[(int)(from - offset)..(int)(to - offset)]);
        }

        long index = Unpadded(aggregate.IndexStart), first = Math.Max(offset, index), last = Math.Min(end, index + aggregate.Index.Length);
        if (first < last)
            aggregate.Index[(int)(first - index)..(int)(last - index)].CopyTo(destination[(int)(first - offset)..]);
    }

    private void ReadPiece(int piece, long offset, Span<byte> destination)
    {
        var (path, commitment) = aggregate.Pieces[piece];
        CarBytes car;
        lock (files)
        {
            car = files.Of(path);
            car.Hold();
        }

        try
        {
            for (int got = 0; got < destination.Length;)
            {
                int more = car.Read(offset + got, destination[got..]);
                if (more == 0)
                    throw new IOException($"{path}: has {offset + got} bytes, the piece {commitment.CidV1} has {commitment.PayloadSize}");
                got += more;
            }
        }
        finally
        {
            car.Dispose();
        }
    }

    /// <summary>The first piece that does not end before an offset of the payload.</summary>
    private int FirstBehind(long offset)
    {
        int low = 0, high = aggregate.Pieces.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Start(middle) + aggregate.Pieces[middle].Commitment.PayloadSize <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private long Start(int piece) => Unpadded(aggregate.OffsetOf(piece));

    private static long Unpadded(long padded) => padded / Fr32.PaddedGroup * Fr32.RawGroup;
}
