using System.Security.Cryptography;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Unixfs;

namespace DataPrep.Server;

/// <summary>A block does not match its CID, or cannot be read.</summary>
internal sealed class DamagedBlockException(Cid cid, Exception inner) : IOException($"block {cid} is damaged", inner);

/// <summary>
/// The blocks of all pieces that are served, for several threads at once. A piece is indexed when a block is asked for that none of those before
/// has, one after the other; the index takes about 60 bytes a block. Blocks of other hash functions than sha2-256, which cannot be checked here, are not given.
/// </summary>
internal sealed class ServedBlocks : IBlockSource, IDisposable
{
    // Files that nobody reads are let go, so that the space of a piece that was handed on becomes free.
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(10);

    private readonly PieceSet set;
    private readonly SharedBlocks blocks;
    private readonly ServerMetrics metrics;
    private long closed;
    private int readers;

    /// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
    public ServedBlocks(ServedPieces pieces, ServerMetrics metrics, string? source)
    {
        set = new PieceSet(source);
        // Who asks for single blocks, all over a piece, gains nothing from what follows them.
        (this.metrics, blocks) = (metrics, new SharedBlocks(set, readsAhead: false));
        foreach (var (folder, record) in pieces.Records)
            set.AddLater(files => PackedDataset.OpenCar(folder, record, files, Note));
    }

    public void BeginReading() => Interlocked.Increment(ref readers);

    public void EndReading()
    {
        long now = Environment.TickCount64;
        if (Interlocked.Decrement(ref readers) > 0 && now - Interlocked.Read(ref closed) < Hold.TotalMilliseconds)
            return;
        _ = Interlocked.Exchange(ref closed, now);
        blocks.CloseFiles();
    }

    public long Length(in Cid cid)
    {
        long length = IsChecked(cid) ? blocks.Length(cid) : -1;
        return length >= 0 || !IsChecked(cid) ? length : Alike(cid).Max(alike => blocks.Length(alike));
    }

    public byte[]? Read(in Cid cid)
    {
        long length = Length(cid);
        byte[]? block = length < 0 ? null : new byte[length];
        return block is not null && TryRead(cid, block) ? block : null;
    }

    /// <inheritdoc/>
    /// <exception cref="DamagedBlockException">The block does not match its CID, or cannot be read.</exception>
    public bool TryRead(in Cid cid, Span<byte> destination)
    {
        try
        {
            if (!IsChecked(cid))
                return false;
            if (blocks.TryRead(cid, destination))
                return true;
            foreach (var alike in Alike(cid))
            {
                if (blocks.TryRead(alike, destination))
                    return true;
            }

            return false;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // The piece was handed on.
            return false;
        }
        catch (Exception e) when (e is MalformedDataException or IOException or UnauthorizedAccessException)
        {
            metrics.FoundDamage();
            throw new DamagedBlockException(cid, e);
        }
    }

    public void Dispose() => set.Dispose();

    private static bool IsChecked(in Cid cid) => cid.MultihashCode == Multicodec.Sha256 && cid.DigestLength == SHA256.HashSizeInBytes;

    /// <summary>The CIDs under which a block may stand: one and the same has CIDs of both versions, and one as plain bytes.</summary>
    private static Cid[] Alike(in Cid cid) => [Cid.V0(cid.Digest), Cid.V1(Multicodec.DagPb, Multicodec.Sha256, cid.Digest), Cid.V1(Multicodec.Raw, Multicodec.Sha256, cid.Digest)];

    private void Note(Exception fault)
    {
        // A piece that is not there was handed on.
        if (fault is MalformedDataException or UnauthorizedAccessException)
            metrics.FoundDamage();
    }
}
