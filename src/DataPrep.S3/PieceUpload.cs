using System.Numerics;
using System.Runtime.ExceptionServices;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Source;

namespace DataPrep.S3;

/// <summary>
/// A piece on its way into a bucket. Segments are gathered into parts, which are sent when they are whole; parts that are not are kept in the work folder, as far as
/// they have come, when all is to be durable. A part can't be read back, so two are sent only when the piece is placed: the first, which waits for the header, and the one in
/// which the leaves end, of which a later run may have the leaves and not the rest. All others are written by one slab, or by the tail, and again as a whole.
/// Where a piece is one part, there is no upload in parts.
/// </summary>
internal sealed class PieceUpload : IPieceFile
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

    /// <summary>A part that could not be sent ends the writing of others.</summary>
    private void RethrowFailure()
    {
        if (failure is { } e)
            ExceptionDispatchInfo.Throw(e);
    }

    private static int SegmentsIn(long bytes) => (int)((bytes + Segment - 1) / Segment);

    private long Offset(int index) => (long)index * PartSize;

    private int Length(int index) => (int)Math.Min(PartSize, Size - Offset(index));

    /// <summary>All segments of a part, a bit each.</summary>
    private int Needed(int index) => (1 << SegmentsIn(Length(index))) - 1;

    private Part PartAt(int index)
    {
        lock (parts)
        {
            if (!parts.TryGetValue(index, out var part))
                parts[index] = part = new Part();
            return part;
        }
    }

    private void Write(int index, int at, ReadOnlySpan<byte> bytes)
    {
        RethrowFailure();
        var part = PartAt(index);
        bool isWhole;
        lock (part)
        {
            var buffer = Loaded(index).Span;
            bytes.CopyTo(buffer[at..]);
            int end = at + bytes.Length, segments = SegmentsIn(end) - (at / Segment);
            buffer[end..Math.Min(SegmentsIn(end) * Segment, PartSize)].Clear();
            int written = ((1 << segments) - 1) << (at / Segment);
            isWhole = Take(index, part, written);
        }

        if (isWhole)
            SendInTurn(index, part);
    }

    /// <summary>Notes segments that are in memory now; true for whoever is to send the part.</summary>
    private bool Take(int index, Part part, int written)
    {
        part.Held |= written;
        part.Kept &= ~written;
        return !part.IsLeaving && (part.IsLeaving = index != 0 && index != lastOfLeaves && part.IsWhole(Needed(index)));
    }

    /// <summary>A part's memory, with what was kept of it.</summary>
    private NativeBuffer Loaded(int index)
    {
        var part = PartAt(index);
        if (part.Buffer is not null)
            return part.Buffer;
        part.Buffer = pool.Rent();
        part.Sent = null;
        for (int kept = part.Kept; kept != 0; kept &= kept - 1)
        {
            int segment = BitOperations.TrailingZeroCount(kept);
            int length = Math.Min(Segment, Length(index) - (segment * Segment));
            if (length > 0)
                state.Read(Offset(index) + (segment * Segment), part.Buffer.Span.Slice(segment * Segment, length));
        }

        part.Held = part.Kept;
        return part.Buffer;
    }

    private void SendInTurn(int index, Part part)
    {
        pool.Enter(cancel);
        lock (part)
            part.Sending = Send(index, part);
    }

    /// <summary>Sends a part that is whole. Its memory goes back when it is there.</summary>
    private Task Send(int index, Part part)
    {
        var buffer = part.Buffer!;
        (part.Buffer, part.Held, part.IsLeaving) = (null, 0, false);
        string id;
        try
        {
            id = Upload();
        }
        catch
        {
            pool.Return(buffer);
            pool.Leave();
            throw;
        }

        return Task.Run(async () =>
        {
            try
            {
                int length = Length(index);
                string etag = await bucket.UploadPart(key, id, index + 1, () => Reading(buffer, length)).ConfigureAwait(false);
                part.Sent = new UploadedPart(index + 1, length, etag);
                part.Kept = 0;
            }
            catch (Exception e)
            {
                failure = e;
                throw;
            }
            finally
            {
                pool.Return(buffer);
                pool.Leave();
            }
        });
    }

    /// <summary>The upload, begun with the first part that is sent.</summary>
    private string Upload()
    {
        lock (parts)
            return uploadId ??= bucket.BeginUpload(key);
    }

    private static unsafe UnmanagedMemoryStream Reading(NativeBuffer buffer, int length)
    {
        fixed (byte* start = buffer.Span)
            return new UnmanagedMemoryStream(start, length);
    }

    private void FillWithZeros(int index, int first)
    {
        var part = PartAt(index);
        int zeros = Needed(index) & ~((1 << first) - 1);
        if (zeros == 0)
            return;
        bool isWhole;
        lock (part)
        {
            Loaded(index).Span[(first * Segment)..].Clear();
            isWhole = Take(index, part, zeros);
        }

        if (isWhole)
            SendInTurn(index, part);
    }

    /// <summary>Waits for what is on its way, and keeps what cannot be sent yet.</summary>
    private void Keep()
    {
        (int Index, Part Part)[] all;
        lock (parts)
            all = [.. parts.Select(part => (part.Key, part.Value))];
        foreach (var (_, part) in all)
            part.Sending.GetAwaiter().GetResult();
        var waiting = new Dictionary<int, int>();
        foreach (var (index, part) in all)
        {
            lock (part)
            {
                // One that is about to leave is of a slab that has not ended.
                bool isWaiting = part.Buffer is not null && !part.IsLeaving;
                for (int fresh = isWaiting ? part.Held & ~part.Kept : 0; fresh != 0; fresh &= fresh - 1)
                {
                    int at = BitOperations.TrailingZeroCount(fresh) * Segment;
                    int length = Math.Min(Segment, Length(index) - at);
                    if (length > 0)
                        state.Write(Offset(index) + at, part.Buffer!.Span.Slice(at, length));
                }

                if (isWaiting)
                    part.Kept = part.Held;
                if (part.Kept != 0)
                    waiting.Add(index, part.Kept);
                if (isWaiting && (index == 0 || index == lastOfLeaves))
                    Release(part);
            }
        }

        state.Note(new UploadNote(key, uploadId, null, waiting));
        foreach (int index in noted.Where(index => !waiting.ContainsKey(index)))
            state.Forget(Offset(index), PartSize);
        noted = [.. waiting.Keys];
    }

    private void Release(Part part)
    {
        if (part.Buffer is { } buffer)
            pool.Return(buffer);
        (part.Buffer, part.Held) = (null, 0);
    }

    /// <summary>Sends the parts that are left.</summary>
    private (string Upload, List<UploadedPart> Parts) SendRest()
    {
        for (int index = 0; index < Count; index++)
        {
            var part = PartAt(index);
            if (part.Kept != 0 && Loaded(index) is not null && part.IsWhole(Needed(index)))
            {
                pool.Enter(cancel);
                Send(index, part).GetAwaiter().GetResult();
            }
        }

        return (Upload(), [.. Enumerable.Range(0, Count).Select(index =>
            PartAt(index).Sent is { } sent && sent.Size == Length(index) ? sent : throw new IOException($"part {index + 1} of the upload to {key} is not on the server, or has another size; begin anew with --restart"))]);
    }

    /// <summary>A part, guarded by itself.</summary>
    private sealed class Part
    {
        public NativeBuffer? Buffer;

        /// <summary>Segments in the buffer, a bit each.</summary>
        public int Held;

        /// <summary>Segments that stand in the work folder.</summary>
        public int Kept;

        public UploadedPart? Sent;

        public Task Sending = Task.CompletedTask;

        /// <summary>Whether it is whole, and waits for its turn to be sent.</summary>
        public bool IsLeaving;

        public bool IsWhole(int needed) => Buffer is not null && (Held & needed) == needed;
    }
}
