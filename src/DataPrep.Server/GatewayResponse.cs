using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Unixfs;
using Microsoft.AspNetCore.Http;

namespace DataPrep.Server;

/// <summary>
/// Answers requests for blocks, and for CARs of parts of DAGs, as a trustless gateway: nothing is unpacked, and the client checks every block. So does
/// the server before it sends one. A CAR that cannot be ended, as a block is missing or damaged, is broken off, and the client sees that.
/// </summary>
internal sealed class GatewayResponse(ServedBlocks blocks, ServerMetrics metrics) : IDisposable
{
    /// <summary>Bytes that are sent at a time; more where a block is longer.</summary>
    private const int Step = 256 << 10;

    /// <summary>Further roots would make the header longer than clients take.</summary>
    private const int MostRoots = 64;

    // Fewer than there are threads: while a large piece is indexed, and all wait for it, others are still answered.
    private const int MostAtOnce = 32;

    /// <summary>How long a request waits for its turn.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim turns = new(MostAtOnce);

    public async Task Send(HttpContext context)
    {
        metrics.BeginGateway();
        blocks.BeginReading();
        try
        {
            var request = GatewayRequest.Read(context.Request);
            if (Preconditions.IsKnown(context.Request, request.Tag))
            {
                // What has a CID never changes: who had it has it.
                DescribeTag(context.Response, request);
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }

            await (request.IsCar ? SendCar(context, request) : SendBlock(context, request)).ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            await PieceServer.Say(context, (HttpStatusCode)e.StatusCode, e.Message).ConfigureAwait(false);
        }
        catch (DamagedBlockException e)
        {
            await PieceServer.Say(context, HttpStatusCode.InternalServerError, e.Message).ConfigureAwait(false);
        }
        catch (MissingBlockException e)
        {
            await SayMissing(context, $"block {e.Cid} is not served here").ConfigureAwait(false);
        }
        catch (MalformedDataException e)
        {
            await SayMissing(context, $"the path cannot be followed: {e.Reason}").ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            context.Response.Headers.RetryAfter = "60";
            await PieceServer.Say(context, HttpStatusCode.ServiceUnavailable, "there is too much to do; try again later").ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
        finally
        {
            blocks.EndReading();
        }
    }

    public void Dispose() => turns.Dispose();

    private async Task SendBlock(HttpContext context, GatewayRequest request)
    {
        var path = new DagPath([], [request.Root]);
        using var walk = new DagWalk(blocks, path, new DagRequest(DagScope.Block), context.RequestAborted);
        _ = await InTurn(walk.MoveNext, context.RequestAborted).ConfigureAwait(false);
        var (response, block) = (context.Response, walk.Block);
        response.Headers.AcceptRanges = "bytes";
        if (Preconditions.RangeOf(context.Request, request.Tag, block.Length) is not var (offset, length, isPartial))
        {
            response.Headers.ContentRange = $"bytes */{block.Length}";
            throw new BadHttpRequestException("one range within the block can be had at a time", StatusCodes.Status416RangeNotSatisfiable);
        }

        if (isPartial)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = $"bytes {offset}-{offset + length - 1}/{block.Length}";
        }

        Describe(response, request, path);
        response.ContentLength = length;
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        metrics.SentBlock(length);
        _ = await response.BodyWriter.WriteAsync(block.Slice((int)offset, (int)length), context.RequestAborted).ConfigureAwait(false);
    }

    private async Task SendCar(HttpContext context, GatewayRequest request)
    {
        var cancel = context.RequestAborted;
        var path = await InTurn(() => DagPath.Resolve(blocks, request.Root, request.Names, cancel), cancel).ConfigureAwait(false);
        if (path is null)
        {
            await SayMissing(context, "the path leads nowhere: there is no such entry").ConfigureAwait(false);
            return;
        }

        // The first block is read before the answer begins, also for who wants the headers alone: it says whether there is anything.
        using var walk = new DagWalk(blocks, path, request.Dag, cancel);
        bool isMore = await InTurn(() => walk.MoveNext() && (path.End.MultihashCode == Multicodec.Identity || blocks.Length(path.End) >= 0 ? true : throw new MissingBlockException(path.End)), cancel).ConfigureAwait(false);
        Describe(context.Response, request, path);
        context.Response.Headers.AcceptRanges = "none";
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        try
        {
            var writer = context.Response.BodyWriter;
            writer.Write(CarWriter.Header([path.End]));
            for (int waiting = 0; isMore; isMore = await InTurn(walk.MoveNext, cancel).ConfigureAwait(false))
            {
                waiting += Append(writer, walk);
                if (waiting < Step)
                    continue;
                waiting = 0;
                if ((await writer.FlushAsync(cancel).ConfigureAwait(false)).IsCompleted)
                    return;
            }
        }
        catch (Exception e) when (e is IOException or MalformedDataException or InvalidDataException or TimeoutException)
        {
            // The end of the answer must not look like the end of the CAR.
            context.Abort();
            if (!cancel.IsCancellationRequested)
                metrics.BrokeOff();
        }
    }

    private int Append(PipeWriter writer, DagWalk walk)
    {
        // In one span, which becomes one chunk of the answer.
        var room = writer.GetSpan(CarWriter.MaxPrefixLength + walk.Block.Length);
        int length = CarWriter.WritePrefix(room, walk.Cid, walk.Block.Length);
        walk.Block.Span.CopyTo(room[length..]);
        length += walk.Block.Length;
        writer.Advance(length);
        metrics.SentBlock(length);
        return length;
    }

    /// <exception cref="TimeoutException">There were too many before it.</exception>
    private async Task<T> InTurn<T>(Func<T> work, CancellationToken cancel)
    {
        if (!await turns.WaitAsync(Patience, cancel).ConfigureAwait(false))
            throw new TimeoutException();
        try
        {
            return work();
        }
        finally
        {
            _ = turns.Release();
        }
    }

    private static void Describe(HttpResponse response, GatewayRequest request, DagPath path)
    {
        DescribeTag(response, request);
        string name = request.FileName ?? request.Root + (request.IsCar ? ".car" : ".bin");
        string plain = new([.. name.Select(letter => letter is >= ' ' and <= '~' and not ('"' or '\\') ? letter : '_')]);
        response.ContentType = request.ContentType;
        response.Headers.ContentDisposition = $"attachment; filename=\"{plain}\"" + (plain == name ? "" : $"; filename*=UTF-8''{Uri.EscapeDataString(name)}");
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["X-Ipfs-Path"] = request.Path;
        if (path.Roots.Count <= MostRoots)
            response.Headers["X-Ipfs-Roots"] = string.Join(',', path.Roots);
        if (!request.IsInUrl)
            response.Headers.ContentLocation = request.Location;
    }

    /// <summary>What stands in an answer that says no more than that nothing has changed, too.</summary>
    private static void DescribeTag(HttpResponse response, GatewayRequest request)
    {
        response.Headers.ETag = request.Tag.ToString();
        response.Headers.CacheControl = "public, max-age=29030400, immutable";
        response.Headers.Vary = "Accept";
    }

    private static Task SayMissing(HttpContext context, string text)
    {
        bool isForCache = context.Request.Headers.CacheControl.ToString().Contains("only-if-cached", StringComparison.OrdinalIgnoreCase);
        return PieceServer.Say(context, isForCache ? HttpStatusCode.PreconditionFailed : HttpStatusCode.NotFound, text);
    }
}
