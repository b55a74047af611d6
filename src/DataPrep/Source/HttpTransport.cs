using System.Net;
using System.Net.Http.Headers;

namespace DataPrep.Source;

/// <summary>Objects by HTTP/1.1; a location is an absolute URL without user and password.</summary>
internal sealed class HttpTransport : IObjectTransport
{
    private const int MostRedirects = 10;

    // So that no sum of sizes overflows, whatever servers claim.
    private const long Largest = 1L << 50;
    private readonly HttpMessageInvoker http;
    private readonly HttpAccess access;

    public HttpTransport(HttpAccess access, RemoteLimits limits, bool useProxy = true)
    {
        this.access = access;
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = limits.Connections,
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false, // by hand, or credentials would go where they do not belong
            UseProxy = useProxy, // the one that the environment names
            UseCookies = false,
            ConnectTimeout = limits.Stall,
            MaxResponseDrainSize = 0, // an answer is read to its end, or not at all
        });
    }

    public async Task<ObjectState> StatAsync(string location, CancellationToken cancel)
    {
        using (var answer = await SendAsync(HttpMethod.Head, location, _ => { }, cancel).ConfigureAwait(false))
        {
            if (answer.StatusCode == HttpStatusCode.OK && answer.Content.Headers.ContentLength is { } length)
                return StateOf(answer, length);

            // Some refuse HEAD, as links do that are signed for GET alone; some know the length only when they send.
            bool mayDiffer = answer.IsSuccessStatusCode || answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented;
            if (!mayDiffer)
                throw Fault(answer);
        }

        using var first = await SendAsync(HttpMethod.Get, location, request => request.Headers.Range = new RangeHeaderValue(0, 0), cancel).ConfigureAwait(false);
        return first.StatusCode switch
        {
            HttpStatusCode.PartialContent when first.Content.Headers.ContentRange is { Length: { } total } => StateOf(first, total),
            HttpStatusCode.OK when first.Content.Headers.ContentLength is { } length => StateOf(first, length),
            HttpStatusCode.RequestedRangeNotSatisfiable when first.Content.Headers.ContentRange is { Length: 0 } => StateOf(first, 0),
            HttpStatusCode.PartialContent or HttpStatusCode.OK => throw new ObjectException(ObjectFault.Unreadable, "the server does not say how long it is; to pack what it sends as one file: curl URL | dataprep pack - -o OUT"),
            _ => throw Fault(first),
        };
    }

    public async Task<ObjectAnswer> OpenAsync(string location, long offset, long length, ObjectState expected, CancellationToken cancel)
    {
        var answer = await SendAsync(HttpMethod.Get, location, Ask, cancel).ConfigureAwait(false);
        try
        {
            var range = answer.Content.Headers.ContentRange;
            var (begin, total) = answer.StatusCode switch
            {
                HttpStatusCode.OK when answer.Content.Headers.ContentLength is { } all => (0, all),
                HttpStatusCode.PartialContent when range is { Unit: "bytes", From: { } from, Length: { } all } => (from, all),
                HttpStatusCode.OK or HttpStatusCode.PartialContent => throw new ObjectException(ObjectFault.Unreadable, "the answer to a range does not say which one it is, and of how many bytes"),
                _ => throw Fault(answer),
            };
            var state = StateOf(answer, total);
            return new ObjectAnswer(state, begin, await answer.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false), answer);
        }
        catch
        {
            answer.Dispose();
            throw;
        }

        void Ask(HttpRequestMessage request)
        {
            request.Headers.Range = new RangeHeaderValue(offset, offset + length - 1);
            if (ObjectState.IsStrong(expected.Tag))
                _ = request.Headers.TryAddWithoutValidation("If-Match", expected.Tag);
            else if (ObjectState.IsTime(expected.Tag))
                _ = request.Headers.TryAddWithoutValidation("If-Unmodified-Since", expected.Tag);
        }
    }

    /// <summary>The whole of what is at a URL, of any length.</summary>
    /// <exception cref="ObjectException">It cannot be had.</exception>
    public async Task<Stream> ReadAsync(string location, CancellationToken cancel)
    {
        var answer = await SendAsync(HttpMethod.Get, location, _ => { }, cancel).ConfigureAwait(false);
        if (answer.StatusCode == HttpStatusCode.OK)
            return await answer.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        using (answer)
            throw Fault(answer);
    }

    public void Dispose() => http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string location, Action<HttpRequestMessage> ask, CancellationToken cancel)
    {
        var first = new Uri(location);
        var place = first;
        for (int redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(method, place);
            _ = request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
            _ = request.Headers.TryAddWithoutValidation("User-Agent", Product.Tool.Replace(' ', '/'));
            ask(request);
            if (HttpAccess.Origin(place) == HttpAccess.Origin(first))
                access.AddTo(request);
            var answer = await http.SendAsync(request, cancel).ConfigureAwait(false);
            if ((int)answer.StatusCode is not (301 or 302 or 303 or 307 or 308))
                return answer;
            using (answer)
                place = Redirect(place, answer, redirects);
        }
    }

    private static Uri Redirect(Uri from, HttpResponseMessage answer, int redirects)
    {
        if (redirects == MostRedirects)
            throw new ObjectException(ObjectFault.Unreadable, $"the server redirects more than {MostRedirects} times");
        if (answer.Headers.Location is not { } target || !Uri.TryCreate(from, target, out var next) || !HttpAccess.IsHttp(next))
            throw new ObjectException(ObjectFault.Unreadable, "the server redirects to what is no URL of a file");
        if (next.UserInfo.Length > 0)
            throw new ObjectException(ObjectFault.Unreadable, "the server redirects to a URL with a password in it");
        return from.Scheme == Uri.UriSchemeHttps && next.Scheme != from.Scheme
            ? throw new ObjectException(ObjectFault.Unreadable, "the server redirects from https to http, which anybody could read and change")
            : next;
    }

    private static ObjectState StateOf(HttpResponseMessage answer, long size)
    {
        if (answer.Content.Headers.ContentEncoding.Any(encoding => !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)))
            throw new ObjectException(ObjectFault.Unreadable, $"the server sends it encoded ({PathText.Quote(string.Join(", ", answer.Content.Headers.ContentEncoding))}) though the plain bytes were asked for");
        return size is < 0 or > Largest
            ? throw new ObjectException(ObjectFault.Unreadable, "its length makes no sense")
            : ObjectState.Of(size, Value(answer.Headers, "ETag"), Value(answer.Content.Headers, "Last-Modified"));
    }

    // As sent: what is parsed and written again may be another text.
    private static string? Value(HttpHeaders headers, string name) => headers.NonValidated.TryGetValues(name, out var values) ? values.ToString().Trim() : null;

    private static ObjectException Fault(HttpResponseMessage answer)
    {
        int code = (int)answer.StatusCode;
        string said = $"the server answers {code}{(string.IsNullOrEmpty(answer.ReasonPhrase) ? "" : $" {PathText.Quote(answer.ReasonPhrase)}")}";
        var fault = code switch
        {
            404 or 410 => ObjectFault.Gone,
            401 or 407 => ObjectFault.Unauthorized,
            412 or 416 => ObjectFault.Changed,
            408 or 425 or 429 or 500 or 502 or 503 or 504 or (> 505 and < 600) => ObjectFault.Passing,
            _ => ObjectFault.Unreadable,
        };
        return new ObjectException(fault, fault == ObjectFault.Changed ? "was replaced by another version" : said, Pause(answer.Headers.RetryAfter));
    }

    private static TimeSpan? Pause(RetryConditionHeaderValue? wanted)
    {
        var pause = wanted?.Delta ?? wanted?.Date - DateTimeOffset.UtcNow;
        return pause > TimeSpan.Zero ? pause : null;
    }
}
