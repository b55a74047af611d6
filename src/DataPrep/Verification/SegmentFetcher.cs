using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using DataPrep.Piece;

namespace DataPrep.Verification;

/// <summary>
/// Asks a server for a segment of a piece by a range request, and holds what comes against the segment's node. Of an answer no more is read than was
/// asked for, and never for longer than the timeout; whatever else is in it is distrusted.
/// </summary>
internal sealed class SegmentFetcher : IDisposable
{
    private const int MostRedirects = 5, MostHeaderKiB = 32;

    private readonly HttpClient client;
    private readonly TimeSpan timeout;

    /// <param name="timeout">For a request with all of its answer.</param>
    /// <param name="transport">What sends requests; null for the network.</param>
    public SegmentFetcher(TimeSpan timeout, HttpMessageHandler? transport = null)
    {
        this.timeout = timeout;
        client = new HttpClient(transport ?? Network()) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("dataprep", Product.Version));
        client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <param name="url">Of the piece.</param>
    /// <param name="token">Bearer token; null for none. It is not sent on to where a server redirects.</param>
    /// <param name="buffer">Room for one byte more than a segment.</param>
    /// <exception cref="OperationCanceledException">Cancelled; never for the timeout.</exception>
    public async Task<SegmentAnswer> Fetch(Uri url, string? token, AuditSample sample, byte[] buffer, SubTreeHasher hasher, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        var body = new Body();
        var clock = Stopwatch.StartNew();
        SegmentAnswer answer;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Range = new RangeHeaderValue(sample.Offset, sample.Offset + sample.Length - 1);
            request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            (body.FirstByte, body.Status) = (clock.Elapsed, (int)response.StatusCode);
            answer = Refusal(response, sample, body) ?? await Take(response, sample, body, buffer, limit.Token).ConfigureAwait(false) ?? Check(sample, buffer.AsSpan(0, body.Bytes), hasher);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            string got = body.Status is null ? "no answer" : $"{body.Bytes} of {body.Expected} bytes";
            answer = SegmentAnswer.Fault(AuditOutcome.Unreachable, "timeout", string.Create(CultureInfo.InvariantCulture, $"{got} in {timeout.TotalSeconds:0.###} s"), isPassing: true);
        }
        catch (HttpRequestException e)
        {
            answer = Fault(e.HttpRequestError, e.InnerException ?? e);
        }
        catch (UriFormatException)
        {
            answer = SegmentAnswer.Fault(AuditOutcome.Refused, "redirect", "a redirection to what is no URL");
        }
        catch (IOException e)
        {
            answer = body.Status is not null && e is HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError }
                ? SegmentAnswer.Fault(AuditOutcome.Refused, "bad-answer", $"the answer breaks the rules of HTTP after {body.Bytes} bytes")
                : SegmentAnswer.Fault(AuditOutcome.Truncated, "truncated", $"the connection ended after {body.Bytes} of {body.Expected} bytes", isPassing: true);
        }

        return answer with { Status = body.Status, Total = body.Total, Bytes = body.Bytes, FirstByte = body.FirstByte, Time = clock.Elapsed };
    }

    public void Dispose() => client.Dispose();

    private static SocketsHttpHandler Network() => new()
    {
        AutomaticDecompression = DecompressionMethods.None,
        MaxAutomaticRedirections = MostRedirects,
        MaxResponseHeadersLength = MostHeaderKiB,
        // A connection whose answer was not wanted is closed, and not read to its end.
        MaxResponseDrainSize = 64 << 10,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        // So that names are looked up again.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseCookies = false,
        ActivityHeadersPropagator = null,
    };

    /// <summary>What is wrong with the head of an answer; null where its body is to be read, whose length is then known.</summary>
    private static SegmentAnswer? Refusal(HttpResponseMessage response, AuditSample sample, Body body)
    {
        var (headers, range) = (response.Content.Headers, response.Content.Headers.ContentRange);
        long? retryAfter = response.Headers.RetryAfter is { } after ? (long?)(after.Delta ?? after.Date - DateTimeOffset.UtcNow)?.TotalSeconds : null;
        switch ((int)response.StatusCode)
        {
            case 206 or 200:
                break;
            case 416:
                body.Total = range is { HasLength: true, Unit: "bytes" } ? range.Length : null;
                string says = body.Total is { } has ? $"says that it has {has} bytes of the piece" : "refuses the range";
                return SegmentAnswer.Fault(AuditOutcome.Truncated, "truncated", $"the server {says} (HTTP 416); the piece has {sample.Piece.PayloadSize}");
            case >= 300 and < 400:
                return SegmentAnswer.Fault(AuditOutcome.Refused, "redirect", $"a redirection that is not followed: more than {MostRedirects}, from https to http, or to nowhere (HTTP {(int)response.StatusCode})");
            case 408 or 425 or 429:
                return SegmentAnswer.Fault(AuditOutcome.Refused, "busy", $"the server asks to come later (HTTP {(int)response.StatusCode})", isPassing: true) with { RetryAfter = Wait() };
            case 401 or 403 or 407:
                return SegmentAnswer.Fault(AuditOutcome.Refused, "forbidden", $"the server wants a token, or another one (HTTP {(int)response.StatusCode})");
            case 404 or 410 or 451:
                return SegmentAnswer.Fault(AuditOutcome.Refused, "missing", $"the server does not have the piece, or does not give it (HTTP {(int)response.StatusCode})");
            case >= 500 and < 600:
                return SegmentAnswer.Fault(AuditOutcome.Unreachable, "server-error", $"the server cannot answer (HTTP {(int)response.StatusCode})", isPassing: true) with { RetryAfter = Wait() };
            default:
                return Bad($"HTTP status {(int)response.StatusCode}");
        }

        if (headers.ContentEncoding.Any(coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase)))
            return Bad("the body is encoded, though identity was asked for");
        long capacity = PieceSize.Unpadded(sample.Piece.PieceSize), length;
        if (response.StatusCode == HttpStatusCode.OK)
        {
            if (sample.Offset > 0)
                return SegmentAnswer.Fault(AuditOutcome.Refused, "no-ranges", "the server does not serve ranges: it answers with the whole piece");
            body.Total = headers.ContentLength;
            length = Math.Min(sample.Length, headers.ContentLength ?? sample.Length);
        }
        else
        {
            if (range is not { Unit: "bytes", From: { } from, To: { } to } || from != sample.Offset || to >= sample.Offset + sample.Length || to >= range.Length)
                return Bad($"the server sends another range than was asked for ({(range is null ? "no Content-Range" : $"Content-Range: {range}")})");
            body.Total = range.Length;
            length = to - from + 1;
            if (headers.ContentLength is { } size && size != length)
                return Bad($"Content-Length is {size}, of a range of {length} bytes");
        }

        if (body.Total > capacity)
            return Bad($"the server says that it has {body.Total} bytes of the piece, which holds {capacity}");
        if (body.Total < sample.Piece.PayloadSize)
            return SegmentAnswer.Fault(AuditOutcome.Truncated, "truncated", $"the server says that it has {body.Total} bytes of the piece, of {sample.Piece.PayloadSize}");
        // Where the server does not say that this is the end, all that was asked for has to come.
        if (length < sample.Needed || (length < sample.Length && response.StatusCode == HttpStatusCode.PartialContent && sample.Offset + length != (body.Total ?? sample.Offset + length)))
            return SegmentAnswer.Fault(AuditOutcome.Truncated, "truncated", $"the server sends {length} bytes of the {sample.Needed} that were asked for");
        (body.Expected, body.IgnoresRest) = ((int)length, response.StatusCode == HttpStatusCode.OK || headers.ContentLength is not null);
        return null;

        // A date may be long past, a number beyond reason.
        TimeSpan? Wait() => retryAfter is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, int.MaxValue)) : null;

        static SegmentAnswer Bad(string message) => SegmentAnswer.Fault(AuditOutcome.Refused, "bad-answer", message);
    }

    /// <summary>Reads the body; null where it is as long as it should be.</summary>
    private static async Task<SegmentAnswer?> Take(HttpResponseMessage response, AuditSample sample, Body body, byte[] buffer, CancellationToken limit)
    {
        using var stream = await response.Content.ReadAsStreamAsync(limit).ConfigureAwait(false);
        for (int read; body.Bytes < body.Expected && (read = await stream.ReadAsync(buffer.AsMemory(body.Bytes, body.Expected - body.Bytes), limit).ConfigureAwait(false)) > 0;)
            body.Bytes += read;
        if (body.Bytes < sample.Needed || (body.Bytes < body.Expected && !body.IgnoresRest))
            return SegmentAnswer.Fault(AuditOutcome.Truncated, "truncated", $"the body ends after {body.Bytes} of {body.Expected} bytes", isPassing: true);
        return body.IgnoresRest || await stream.ReadAsync(buffer.AsMemory(body.Bytes, 1), limit).ConfigureAwait(false) == 0
            ? null
            : SegmentAnswer.Fault(AuditOutcome.Refused, "bad-answer", $"the body goes on behind the {body.Expected} bytes of its range");
    }

    private static SegmentAnswer Check(AuditSample sample, ReadOnlySpan<byte> bytes, SubTreeHasher hasher)
    {
        Span<byte> node = stackalloc byte[PieceSize.NodeLength];
        hasher.Root(bytes, sample.NodeHeight, node);
        if (node.SequenceEqual(sample.Node))
            return new SegmentAnswer(AuditOutcome.Retrievable);
        int payload = Math.Min(sample.IsTail ? 0 : sample.Needed, bytes.Length), end = bytes.LastIndexOfAnyExcept((byte)0) + 1, tail = bytes[payload..].IndexOfAnyExcept((byte)0);
        string detail = end == 0 ? "; all of them are zeros"
            : tail >= 0 ? $"; the first byte behind the payload that is not zero is at {sample.Offset + payload + tail}"
            : end <= payload - PieceSize.Unpadded(PieceSize.Min) ? $"; from {sample.Offset + end} on they are zeros"
            : "";
        return SegmentAnswer.Fault(AuditOutcome.Corrupt, "corrupt", $"the bytes are not those of the piece CID{detail}");
    }

    private static SegmentAnswer Fault(HttpRequestError error, Exception e) => error switch
    {
        HttpRequestError.NameResolutionError => SegmentAnswer.Fault(AuditOutcome.Unreachable, "dns", "the host's name cannot be resolved", isPassing: true),
        HttpRequestError.SecureConnectionError => SegmentAnswer.Fault(AuditOutcome.Unreachable, "tls", $"no secure connection: {e.Message}"),
        HttpRequestError.ConfigurationLimitExceeded => SegmentAnswer.Fault(AuditOutcome.Refused, "bad-answer", $"the head of the answer is longer than {MostHeaderKiB} KiB"),
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError => SegmentAnswer.Fault(AuditOutcome.Refused, "bad-answer", "the answer is no HTTP"),
        HttpRequestError.ResponseEnded => SegmentAnswer.Fault(AuditOutcome.Unreachable, "connection", "the connection ended before an answer", isPassing: true),
        _ => SegmentAnswer.Fault(AuditOutcome.Unreachable, "connection", $"no connection: {e.Message}", isPassing: true),
    };

    /// <summary>What is known of an answer, also where it breaks off.</summary>
    private sealed class Body
    {
        public int? Status { get; set; }

        public long? Total { get; set; }

        public TimeSpan FirstByte { get; set; }

        /// <summary>Bytes that are to be read.</summary>
        public int Expected { get; set; }

        /// <summary>Whether what comes behind these is of no interest, or known to be nothing.</summary>
        public bool IgnoresRest { get; set; }

        public int Bytes { get; set; }
    }
}
