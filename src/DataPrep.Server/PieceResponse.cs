using System.Net;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace DataPrep.Server;

/// <summary>Changes bytes that are sent.</summary>
/// <param name="offset">Of the first of them in the piece.</param>
internal delegate void PieceFault(ServedPiece piece, long offset, Span<byte> bytes);

/// <summary>Answers requests for a piece: whole or one range, or that the client has it already.</summary>
/// <param name="warn">Is told of pieces that cannot be made from their sources.</param>
internal sealed class PieceResponse(ServerMetrics metrics, InlinePieces inline, Action<string> warn)
{
    /// <summary>Read and sent at a time.</summary>
    private const int Step = 1 << 20;

    internal PieceFault? Fault { get; set; }

    public async Task Send(HttpContext context, ServedPiece piece)
    {
        var (request, response) = (context.Request, context.Response);
        bool isStored = LinkedFile.Absence(piece.Path) is null && LinkedFile.Length(piece.Path) == piece.Size;
        using var made = isStored ? null : Open(piece);
        if (!isStored && made is null)
        {
            // It was handed on, or is not what it was: asked again later, it may be there.
            await Refuse(context).ConfigureAwait(false);
            return;
        }

        var tag = new EntityTagHeaderValue($"\"{piece.PieceCid}\"");
        response.Headers.ETag = tag.ToString();
        response.Headers.AcceptRanges = "bytes";
        response.Headers.CacheControl = "public, max-age=29030400, immutable";
        if (Preconditions.IsKnown(request, tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (Preconditions.RangeOf(request, tag, piece.Size) is not var (offset, length, isPartial))
        {
            response.Headers.ContentRange = $"bytes */{piece.Size}";
            await PieceServer.Say(context, HttpStatusCode.RequestedRangeNotSatisfiable, "one range within the piece can be had at a time").ConfigureAwait(false);
            return;
        }

        response.StatusCode = isPartial ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
        if (isPartial)
            response.Headers.ContentRange = $"bytes {offset}-{offset + length - 1}/{piece.Size}";
        response.ContentType = "application/vnd.ipld.car; version=1";
        response.ContentLength = length;
        if (HttpMethods.IsHead(request.Method))
            return;
        if (made is null)
            await Copy(piece, offset, length, context).ConfigureAwait(false);
        else
            await Make(piece, made, offset, length, context).ConfigureAwait(false);
    }

    private static Task Refuse(HttpContext context) => PieceServer.Say(context, HttpStatusCode.ServiceUnavailable, "this piece is not at hand");

    private InlinePiece? Open(ServedPiece piece)
    {
        if (piece.Inline is null || LinkedFile.Absence(piece.Inline) is not null)
            return null;
        try
        {
            return inline.Open(piece);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            Fail(piece, e);
            return null;
        }
    }

    private void Fail(ServedPiece piece, Exception e)
    {
        metrics.Failed();
        warn($"{piece.PieceCid} cannot be sent: {e.Message}");
    }

    /// <summary>Sends bytes that are made from the sources, a segment at a time, and nothing of one that is not that of the piece.</summary>
    private async Task Make(ServedPiece piece, InlinePiece made, long offset, long length, HttpContext context)
    {
        var writer = context.Response.BodyWriter;
        for (long end = offset + length; offset < end;)
        {
            int step = (int)Math.Min(SubTreeHasher.SegmentRaw - (offset % SubTreeHasher.SegmentRaw), end - offset);
            var room = writer.GetMemory(step)[..step];
            try
            {
                _ = made.ReadAt(offset, room.Span);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
            {
                Fail(piece, e);
                inline.Forget(made);
                if (context.Response.HasStarted)
                {
                    context.Abort();
                    return;
                }

                context.Response.Clear();
                await Refuse(context).ConfigureAwait(false);
                return;
            }

            Fault?.Invoke(piece, offset, room.Span);
            writer.Advance(step);
            metrics.Sent(step);
            offset += step;
            if ((await writer.FlushAsync(context.RequestAborted).ConfigureAwait(false)).IsCompleted)
                return;
        }
    }

    private async Task Copy(ServedPiece piece, long offset, long length, HttpContext context)
    {
        using var file = File.OpenHandle(piece.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, FileOptions.SequentialScan);
        var writer = context.Response.BodyWriter;
        for (long end = offset + length; offset < end;)
        {
            var room = writer.GetMemory(Step)[..(int)Math.Min(Step, end - offset)];
            int read = RandomAccess.Read(file, room.Span, offset);
            if (read == 0)
            {
                // Cut off since it was looked at: the client sees that bytes are missing.
                context.Abort();
                return;
            }

            Fault?.Invoke(piece, offset, room.Span[..read]);
            writer.Advance(read);
            metrics.Sent(read);
            offset += read;
            if ((await writer.FlushAsync(context.RequestAborted).ConfigureAwait(false)).IsCompleted)
                return;
        }
    }
}
