using DataPrep.Hashing;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>The digests of a stream's leaves, one thread's work: to see whether it is one that came before.</summary>
/// <param name="passed">Told where all has been read that stands before.</param>
/// <param name="rate">How fast it may be read; null for no limit.</param>
internal sealed class StreamLeaves(StreamWindow window, UnixFsProfile profile, Action<long> passed, RateLimit? rate) : IDisposable
{
    private const int GroupBytes = 8 << 20;
    private const int GroupLeaves = 1024;
    private readonly Message[] messages = new Message[GroupLeaves];
    private readonly DigestTable digests = new(GroupLeaves);
    private NativeBuffer buffer = new(0);

    /// <summary>Takes the digests of some leaves, which follow each other.</summary>
    /// <param name="first">Number of the first within the file.</param>
    public delegate void Taker(long first, ReadOnlySpan<byte> digests);

    /// <summary>Hashes leaves of a part of the stream.</summary>
    /// <param name="offset">Where in the stream the part begins.</param>
    /// <param name="first">Number of the first leaf in the part.</param>
    /// <exception cref="StreamEndedException">The stream ends before.</exception>
    public void Hash(in FileLeaves leaves, long offset, long first, long end, Taker take, CancellationToken stop)
    {
        for (int count; first < end; first += count)
        {
            int room = Math.Max(GroupBytes, leaves.Full.BlockLength);
            if (buffer.Length < room)
            {
                buffer.Dispose();
                buffer = new NativeBuffer(room);
            }

            count = 0;
            for (int at = 0; first + count < end && count < GroupLeaves && at + leaves.Full.BlockLength <= room; count++)
            {
                var shape = leaves.Shape(first + count);
                var block = buffer.Span.Slice(at, shape.BlockLength);
                shape.WriteEnvelope(block);
                long from = offset + ((first + count) * profile.ChunkSize);
                rate?.Take(shape.ContentLength, stop);
                if (!window.Reaches(from + shape.ContentLength, stop, out long size))
                    throw new StreamEndedException(size);
                if (shape.ContentLength > 0)
                    window.Read(from, block.Slice(shape.PrefixLength, shape.ContentLength));
                // The last leaf may be asked for once more, by the slab that it reaches into.
                passed(from);
                messages[count] = new Message(at, shape.BlockLength);
                at += shape.BlockLength;
            }

            var group = digests.Rows(0, count);
            Sha256Kernels.Current.HashMessages(buffer.Span, messages.AsSpan(0, count), group);
            take(first, group);
        }
    }

    public void Dispose()
    {
        buffer.Dispose();
        digests.Dispose();
    }
}

/// <summary>The stream has come to its end, before what was waited for.</summary>
internal sealed class StreamEndedException(long size) : Exception($"standard input ends at {size} bytes")
{
    /// <summary>Its length.</summary>
    public long Size => size;
}
