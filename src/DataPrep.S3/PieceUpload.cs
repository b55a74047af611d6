using DataPrep.Packing;
using DataPrep.Piece;

namespace DataPrep.S3;

/// <summary>
/// A piece on its way into a bucket. Segments are gathered into parts, which are sent when they are whole; parts that are not are kept in the work folder, as far as
/// they have come, when all is to be durable. A part can't be read back, so two are sent only when the piece is placed: the first, which waits for the header, and the one in
/// which the leaves end, of which a later run may have the leaves and not the rest. All others are written by one slab, or by the tail, and again as a whole.
/// Where a piece is one part, there is no upload in parts.
/// </summary>
internal sealed partial class PieceUpload : IPieceFile
{
    /// <summary>Segments in a part: more than the 5 MiB that S3 asks for, and at most 8,192 parts for the largest piece, of 10,000.</summary>
    public const int PartSegments = 8;
    public const int PartSize = PartSegments * Segment;
    private const int Segment = SubTreeHasher.SegmentRaw;

    private readonly IBucket bucket;
    private readonly PartPool pool;
    private readonly PiecePlacing placing;
    private readonly UploadState state;
    private readonly CancellationToken cancel;
    private readonly string key;
    private readonly Dictionary<int, Part> parts = [];
    private readonly Lock closing = new();
    private readonly int lastOfLeaves;
    private string? uploadId;
    private HashSet<int> noted;
    private volatile Exception? failure;
    private bool isPlacing;
    private bool closed;

    /// <param name="leafEnd">Offset at which the leaves end.</param>
    /// <param name="note">What a run before this one noted of it; null where it is begun.</param>
    /// <param name="sent">What of it is on the server.</param>
    public PieceUpload(IBucket bucket, PartPool pool, PiecePlacing placing, UploadState state, string key, long size, long leafEnd, UploadNote? note, IEnumerable<UploadedPart> sent, CancellationToken cancel)
    {
        (this.bucket, this.pool, this.placing, this.state, this.key, Size, this.cancel) = (bucket, pool, placing, state, key, size, cancel);
        lastOfLeaves = (int)(leafEnd / PartSize);
        WasThere = note is not null;
        uploadId = note?.UploadId;
        foreach (var part in sent)
            PartAt(part.Number - 1).Sent = part;
        foreach (var (index, segments) in note?.Parts ?? new Dictionary<int, int>())
            (PartAt(index).Kept, PartAt(index).Sent) = (segments & ((1 << PartSegments) - 1), null);
        noted = [.. parts.Where(part => part.Value.Kept != 0).Select(part => part.Key)];
    }

    public bool WasThere { get; }

    public long Size { get; }

    private int Count => (int)((Size + PartSize - 1) / PartSize);

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var (index, at) = Math.DivRem(offset, PartSize);
            int count = (int)Math.Min(bytes.Length, PartSize - at);
            Write((int)index, (int)at, bytes[..count]);
            offset += count;
            bytes = bytes[count..];
        }
    }

    public void Sync()
    {
        lock (closing)
        {
            if (!closed && !isPlacing)
                Keep();
        }
    }

    public void Complete(long payload)
    {
        int segments = SegmentsIn(payload);
        for (int index = 0; index < Count; index++)
        {
            int first = index * PartSegments;
            if (segments <= first)
                FillWithZeros(index, 0);
            else if (segments < first + PartSegments)
                FillWithZeros(index, segments - first);
        }

        Sync();
        RethrowFailure();
        for (int index = 0; index < Count; index++)
        {
            if (PartAt(index).Sent is null && (PartAt(index).Kept & Needed(index)) != Needed(index))
                throw new InvalidOperationException($"Part {index} of {key} was not written.");
        }
    }

    public void Append(Action<Stream> write) => throw new NotSupportedException("Nothing is put behind a piece in a bucket.");

    public string Sha256(CancellationToken cancel) => throw new NotSupportedException("A piece in a bucket is not read.");

    public void Place(string name)
    {
        // All is durable, and copying takes its time: who makes other pieces durable does not wait for it.
        lock (closing)
            isPlacing = true;
        if (Count == 1)
            placing.PutWhole(name, Size, () => Reading(Loaded(0), (int)Size));
        else
            placing.Place(name, new UploadNote(key, uploadId, null, new Dictionary<int, int>()), Size, SendRest, state.Note);
        state.Delete();
    }

    public void Discard()
    {
        lock (closing)
        {
            if (uploadId is not null)
                bucket.Abort(key, uploadId);
            state.Delete();
        }
    }

    public void Dispose()
    {
        lock (closing)
        {
            if (closed)
                return;
            closed = true;
            foreach (var part in parts.Values)
            {
                // What is on its way goes on; its memory comes back by itself.
                Release(part);
            }

            state.Dispose();
        }
    }
}
