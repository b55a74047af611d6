using System.Numerics;
using System.Runtime.ExceptionServices;
using DataPrep.Source;

namespace DataPrep.S3;

/// <summary>How parts are gathered, sent, and kept.</summary>
internal sealed partial class PieceUpload
{
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
