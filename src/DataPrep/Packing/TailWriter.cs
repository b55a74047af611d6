using System.Security.Cryptography;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>Writes dag-pb sections into a piece, segment by segment, from an offset on to its end.</summary>
internal sealed class TailWriter(PieceBytes piece, UnixFsProfile profile, long position, SubTreeHasher hasher, StageClock clock, CancellationToken stop) : IBlockSink
{
    /// <summary>Where in the CAR the next section will stand.</summary>
    public long Position { get; private set; } = position;

    public void Append(ReadOnlySpan<byte> block, Span<byte> digest)
    {
        clock.Enter(Stage.LeafHash);
        _ = SHA256.HashData(block, digest);
        Span<byte> header = stackalloc byte[Varint.MaxLength + 36];
        int length = Varint.Write(header, (ulong)(profile.NodeCidLength + block.Length));
        length += profile.WriteCid(header[length..], raw: false, digest);
        Write(header[..length]);
        Write(block);
    }

    /// <summary>Commits the last segment; the first one is kept.</summary>
    public void End()
    {
        if (Position != piece.PayloadSize)
            throw new InvalidOperationException($"The layout says {piece.PayloadSize} bytes, the blocks came to {Position}.");
        int rest = (int)(Position % SubTreeHasher.SegmentRaw);
        if (rest > 0)
            Commit(Position / SubTreeHasher.SegmentRaw, rest);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            stop.ThrowIfCancellationRequested();
            var (segment, at) = Math.DivRem(Position, SubTreeHasher.SegmentRaw);
            int count = (int)Math.Min(bytes.Length, SubTreeHasher.SegmentRaw - at);
            bytes[..count].CopyTo(piece.Unfinished(segment)[(int)at..]);
            bytes = bytes[count..];
            Position += count;
            if (at + count == SubTreeHasher.SegmentRaw)
                Commit(segment, SubTreeHasher.SegmentRaw);
        }
    }

    private void Commit(long segment, int length)
    {
        if (segment > 0)
            piece.Commit(hasher, clock, segment, piece.Unfinished(segment)[..length]);
    }
}
