using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace DataPrep.Server;

/// <summary>
/// Serves pieces over HTTP/1.1:
/// <code>
/// GET, HEAD /piece/{cid}     the CAR file of a piece, by piece CID v1 or v2, with ranges (FRC-0066)
/// GET, HEAD /piece?id={cid}  the same, as piece locators ask
/// GET, HEAD /ipfs/{cid}      a block of any piece, or a CAR of what is below it or a path (IPFS trustless gateway)
/// GET /metrics               counters
/// GET /healthz               whether it runs; needs no token
/// </code>
/// </summary>
internal sealed class PieceServer : IAsyncDisposable
{
    private const string PieceRoute = "/piece";
    private readonly HttpEndpoint http;
    private readonly PieceResponse response;
    private readonly ServedBlocks blocks;
    private readonly GatewayResponse gateway;
    private readonly ServerMetrics metrics;
    private readonly ServedPieces pieces;
    private readonly InlinePieces inline;
    private readonly byte[]? token;

    /// <exception cref="IOException">An output folder holds no packed dataset.</exception>
    /// <exception cref="Ipld.MalformedDataException">A record is damaged.</exception>
    public PieceServer(ServerOptions options)
    {
        pieces = new ServedPieces(options.Outputs);
        metrics = new ServerMetrics(pieces);
        inline = new InlinePieces(options.Source);
        response = new PieceResponse(metrics, inline, options.Warn);
        blocks = new ServedBlocks(pieces, metrics, options.Source);
        gateway = new GatewayResponse(blocks, metrics);
        token = options.Token is { } secret ? SHA256.HashData(Encoding.UTF8.GetBytes(secret)) : null;
        http = new HttpEndpoint(options.Endpoint, options.MaxConnections, Answer);
    }

    /// <summary>The pieces that are served.</summary>
    public ServedPieces Pieces => pieces;

    /// <summary>Changes bytes of a piece before they are sent: for tests of those who check them.</summary>
    internal PieceFault? Fault
    {
        get => response.Fault;
        set => response.Fault = value;
    }

    /// <inheritdoc cref="HttpEndpoint.Start"/>
    public Task<string> Start() => http.Start();

    /// <inheritdoc cref="HttpEndpoint.Stop"/>
    public Task Stop() => http.Stop();

    public async ValueTask DisposeAsync()
    {
        await http.DisposeAsync().ConfigureAwait(false);
        metrics.Dispose();
        gateway.Dispose();
        blocks.Dispose();
        inline.Dispose();
    }

    private async Task Answer(HttpContext context)
    {
        metrics.Begin();
        try
        {
            await Route(context).ConfigureAwait(false);
        }
        finally
        {
            metrics.End(context.Response.StatusCode);
        }
    }

    private Task Route(HttpContext context)
    {
        var request = context.Request;
        string path = request.Path.Value ?? "";
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return Say(context, HttpStatusCode.MethodNotAllowed, "only GET and HEAD");
        }

        if (path == "/healthz")
            return Say(context, HttpStatusCode.OK, "ok");
        if (!MayPass(request))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Say(context, HttpStatusCode.Unauthorized, "a bearer token is needed");
        }

        if (path == "/metrics")
            return Say(context, HttpStatusCode.OK, metrics.ToString(), PrometheusText.ContentType);
        if (path.StartsWith(GatewayRequest.Route, StringComparison.Ordinal))
            return gateway.Send(context);
        string? cid = path == PieceRoute ? request.Query["id"] : path.StartsWith(PieceRoute + "/", StringComparison.Ordinal) ? path[(PieceRoute.Length + 1)..] : null;
        if (cid is null)
            return Say(context, HttpStatusCode.NotFound, "nothing is served here; pieces are at /piece/{cid}, blocks and CARs of DAGs at /ipfs/{cid}");
        if (!pieces.TryFind(cid, out var piece))
            return Say(context, HttpStatusCode.BadRequest, "this is no piece CID");
        return piece is null ? Say(context, HttpStatusCode.NotFound, "this piece is not served here") : response.Send(context, piece);
    }

    private bool MayPass(HttpRequest request)
    {
        if (token is null)
            return true;
        const string Scheme = "Bearer ";
        string given = request.Headers.Authorization.ToString();
        // Of digests, so that the time that it takes says nothing of the token.
        return given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given[Scheme.Length..].Trim())), token);
    }

    /// <summary>Answers with a short text.</summary>
    internal static Task Say(HttpContext context, HttpStatusCode status, string text, string type = "text/plain; charset=utf-8")
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text.EndsWith('\n') ? text : text + "\n");
        context.Response.StatusCode = (int)status;
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(bytes).AsTask();
    }
}
