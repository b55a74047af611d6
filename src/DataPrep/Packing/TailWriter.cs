using System.Security.Cryptography;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>Writes the dag-pb sections behind the leaves, segment by segment, beginning in the one in which the leaves end.</summary>
internal sealed class TailWriter(PieceJob job, SubTreeHasher hasher, StageClock clock, CancellationToken stop) : IBlockSink
{
    private long position = job.Layout.LeafEnd;

    public void Append(ReadOnlySpan<byte> block, Span<byte> digest)
    {
        clock.Enter(Stage.LeafHash);
        _ = SHA256.HashData(block, digest);
        var profile = job.Layout.Profile;
        Span<byte> header = stackalloc byte[Varint.MaxLength + 36];
        int length = Varint.Write(header, (ulong)(profile.NodeCidLength + block.Length));
        length += profile.WriteCid(header[length..], raw: false, digest);
        Write(header[..length]);
        Write(block);
    }

    /// <summary>Commits the last segment; the first one is left to the job.</summary>
    public void End()
    {
        if (position != job.Layout.CarSize)
            throw new InvalidOperationException($"The layout says {job.Layout.CarSize} bytes, the blocks came to {position}.");
        int rest = (int)(position % SubTreeHasher.SegmentRaw);
        if (rest > 0)
            Commit(position / SubTreeHasher.SegmentRaw, rest);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            stop.ThrowIfCancellationRequested();
            var (segment, at) = Math.DivRem(position, SubTreeHasher.SegmentRaw);
            int count = (int)Math.Min(bytes.Length, SubTreeHasher.SegmentRaw - at);
            bytes[..count].CopyTo(job.Unfinished(segment)[(int)at..]);
            bytes = bytes[count..];
            position += count;
            if (at + count == SubTreeHasher.SegmentRaw)
                Commit(segment, SubTreeHasher.SegmentRaw);
        }
    }

    private void Commit(long segment, int length)
    {
        if (segment > 0)
            job.Commit(hasher, clock, segment, job.Unfinished(segment)[..length]);
    }
}
