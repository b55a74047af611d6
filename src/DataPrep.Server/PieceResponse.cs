using System.Net;
using DataPrep.Records;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace DataPrep.Server;

/// <summary>Changes bytes that are sent.</summary>
/// <param name="offset">Of the first of them in the piece.</param>
internal delegate void PieceFault(ServedPiece piece, long offset, Span<byte> bytes);

/// <summary>Answers requests for a piece: whole or one range, or that the client has it already.</summary>
internal sealed class PieceResponse(ServerMetrics metrics)
{
    /// <summary>Read and sent at a time.</summary>
    private const int Step = 1 << 20;

    internal PieceFault? Fault { get; set; }

    public async Task Send(HttpContext context, ServedPiece piece)
    {
        var (request, response) = (context.Request, context.Response);
        if (LinkedFile.Absence(piece.Path) is not null || LinkedFile.Length(piece.Path) != piece.Size)
        {
            // It was handed on, or is not what it was: asked again later, it may be there.
            await PieceServer.Say(context, HttpStatusCode.ServiceUnavailable, "this piece is not at hand").ConfigureAwait(false);
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
        if (!HttpMethods.IsHead(request.Method))
            await Copy(piece, offset, length, context).ConfigureAwait(false);
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
