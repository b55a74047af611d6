using System.Buffers;
using DataPrep.Hashing;

namespace DataPrep.Piece;

/// <summary>
/// Piece commitments of data that arrives bit by bit, in the manner of <c>IncrementalHash</c>. Holds one segment of
/// 1,040,384 bytes and 32 bytes for each segment that is done. Not safe for several threads.
/// </summary>
public sealed class CommPHasher : IDisposable
{
    private const int SegmentRaw = SubTreeHasher.SegmentRaw;
    private const int NodeLength = PieceSize.NodeLength;
    private const int ReadLength = 256 * 1024;

    private readonly SubTreeHasher _hasher = new(Sha256Kernels.Current);
    private readonly ArrayBufferWriter<byte> _nodes = new();
    private byte[]? _segment = ArrayPool<byte>.Shared.Rent(SegmentRaw);
    private int _buffered;

    /// <summary>Bytes appended since the start or the last reset.</summary>
    public long Length => ((long)_nodes.WrittenCount / NodeLength * SegmentRaw) + _buffered;

    /// <summary>The commitment to some data.</summary>
    /// <param name="payload">Any length, also none: under 127 bytes zeros are added.</param>
    public static PieceCommitment HashData(ReadOnlySpan<byte> payload)
    {
        using var hasher = new CommPHasher();
        hasher.Append(payload);
        return hasher.GetCommitmentAndReset();
    }

    /// <summary>The commitment to what a stream holds from its position to its end.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static PieceCommitment HashData(Stream payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        using var hasher = new CommPHasher();
        while (true)
        {
            int read = payload.Read(hasher.Free().Span);
            if (read == 0)
                return hasher.GetCommitmentAndReset();
            hasher.Advance(read);
        }
    }

    /// <summary>The commitment to what a stream holds from its position to its end.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<PieceCommitment> HashDataAsync(Stream payload, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(payload);
        using var hasher = new CommPHasher();
        while (true)
        {
            int read = await payload.ReadAsync(hasher.Free(), cancellationToken);
            if (read == 0)
                return hasher.GetCommitmentAndReset();
            hasher.Advance(read);
        }
    }

    /// <summary>Adds bytes to the payload; how it is split into calls makes no difference.</summary>
    /// <exception cref="ObjectDisposedException">The hasher was disposed of.</exception>
    public void Append(ReadOnlySpan<byte> data)
    {
        byte[] segment = Segment();
        while (!data.IsEmpty)
        {
            // The last full segment stays buffered: whether the piece has more than one decides how it is hashed.
            if (_buffered == SegmentRaw)
                HashBuffered(segment);
            while (_buffered == 0 && data.Length > SegmentRaw)
            {
                Store(data[..SegmentRaw]);
                data = data[SegmentRaw..];
            }

            int length = Math.Min(data.Length, SegmentRaw - _buffered);
            data[..length].CopyTo(segment.AsSpan(_buffered));
            _buffered += length;
            data = data[length..];
        }
    }

    /// <summary>The commitment to everything appended, at its natural size; then the hasher is as new.</summary>
    /// <exception cref="ObjectDisposedException">The hasher was disposed of.</exception>
    public PieceCommitment GetCommitmentAndReset()
    {
        byte[] segment = Segment();
        long length = Length, pieceSize = PieceSize.Padded(length);
        int height = PieceSize.Height(pieceSize);
        Span<byte> root = stackalloc byte[NodeLength];
        if (_nodes.WrittenCount == 0)
        {
            _hasher.Root(segment.AsSpan(0, _buffered), height, root);
        }
        else
        {
            if (_buffered > 0)
                HashBuffered(segment);
            PieceTree.Fold(_nodes.WrittenSpan, SubTreeHasher.SegmentHeight, height, root);
        }

        _nodes.ResetWrittenCount();
        _buffered = 0;
        return new PieceCommitment(root, length, pieceSize);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_segment is { } segment)
            ArrayPool<byte>.Shared.Return(segment);
        _segment = null;
    }

    /// <summary>Where a reader may put the next bytes, before <see cref="Advance"/>.</summary>
    private Memory<byte> Free()
    {
        byte[] segment = Segment();
        if (_buffered == SegmentRaw)
            HashBuffered(segment);
        return segment.AsMemory(_buffered, Math.Min(ReadLength, SegmentRaw - _buffered));
    }

    private void Advance(int length) => _buffered += length;

    private void HashBuffered(byte[] segment)
    {
        Store(segment.AsSpan(0, _buffered));
        _buffered = 0;
    }

    private void Store(ReadOnlySpan<byte> segment)
    {
        _hasher.Root(segment, SubTreeHasher.SegmentHeight, _nodes.GetSpan(NodeLength));
        _nodes.Advance(NodeLength);
    }

    private byte[] Segment()
    {
        ObjectDisposedException.ThrowIf(_segment is null, this);
        return _segment;
    }
}
