using System.Security.Cryptography;
using System.Text;

namespace DataPrep.Source;

/// <summary>Files that are named one by one: by URLs on a command line, or by a list of them.</summary>
internal sealed class HttpSource : IRemoteSource
{
    private readonly HttpTransport transport;
    private readonly List<Uri> urls = [];
    private readonly UrlList? list;

    /// <param name="urls">As they were given; user and password in them are used and not kept.</param>
    /// <exception cref="SourceException">One is no URL of a file.</exception>
    public HttpSource(IEnumerable<string> urls, HttpAccess access, RemoteLimits limits, Action<string>? warn = null)
        : this(access, limits, warn)
    {
        foreach (string url in urls)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || !HttpAccess.IsHttp(parsed) || parsed.Host.Length == 0)
                throw Wrong(url, "this is no URL", isUsage: true);
            if (HttpPlace.PathOf(url, out string problem) is null)
                throw Wrong(url, problem, isUsage: true);
            this.urls.Add(access.TakeFrom(parsed));
        }

        Names = [.. this.urls.Select(NameOf)];
    }

    /// <param name="list">Where a list of URLs is; see <see cref="UrlList"/>.</param>
    /// <inheritdoc cref="HttpSource(IEnumerable{string}, HttpAccess, RemoteLimits, Action{string}?)"/>
    public HttpSource(string list, HttpAccess access, RemoteLimits limits, Action<string>? warn = null)
        : this(access, limits, warn)
    {
        this.list = new UrlList(list, access, transport, Objects);
        Names = [$"urls:{this.list.Name}"];
    }

    private HttpSource(HttpAccess access, RemoteLimits limits, Action<string>? warn)
    {
        transport = new HttpTransport(access, limits);
        Objects = new ObjectClient(transport, limits, warn);
    }

    public IReadOnlyList<string> Names { get; } = [];

    public ObjectClient Objects { get; }

    public string Locate(SourceTree tree, int entry) => HttpPlace.Of(tree, entry);

    public SourceTree Scan(ScanOptions options, Action<int>? progress, CancellationToken cancel)
    {
        var listing = list?.Read(options, cancel) ?? OfUrls();
        StatAsync(listing, progress, cancel).GetAwaiter().GetResult();
        if (list is not null || urls.Count > 1)
            return listing.Build(list?.DatasetName ?? [], list?.Root, options);
        if (listing.Failure(0) is { } failure)
            throw Wrong(urls[0].AbsoluteUri, failure.Detail);
        return ObjectListing.OfFile(listing.Path(0), listing.StateOf(0), listing.LocationOf(0)!, options.Wrap);
    }

    public void Dispose() => Objects.Dispose();

    private ObjectListing OfUrls()
    {
        var listing = new ObjectListing();
        foreach (var url in urls)
        {
            byte[] path = HttpPlace.PathOf(url.AbsoluteUri, out _)!;
            _ = listing.Add(PathText.BaseName(path), default, Encoding.UTF8.GetBytes(url.AbsoluteUri));
        }

        return listing.Twice() is var (_, second)
            ? throw new SourceException($"two sources have the name '{PathText.Quote(listing.Path(second))}'; give them paths in a list: --urls-from", PathText.FromArgument(Retry.Shown(urls[second].AbsoluteUri))) { IsUsage = true }
            : listing;
    }

    /// <summary>Asks for the state of all objects, many at a time.</summary>
    private async Task StatAsync(ObjectListing listing, Action<int>? progress, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        int next = -1, done = 0;
        var tasks = new Task[Math.Min(listing.Count, Objects.Limits.Connections)];
        for (int i = 0; i < tasks.Length; i++)
            tasks[i] = Ask();
        await Task.WhenAll(tasks).ConfigureAwait(false);

        async Task Ask()
        {
            for (int item; (item = Interlocked.Increment(ref next)) < listing.Count;)
            {
                string location = LocationOf(listing, item);
                try
                {
                    var state = await Objects.StatAsync(location, stop.Token).ConfigureAwait(false);
                    lock (listing)
                        listing.Set(item, state);
                }
                catch (ObjectException e) when (e.Fault != ObjectFault.Unauthorized)
                {
                    lock (listing)
                        listing.Drop(item, e.Fault == ObjectFault.Gone ? "vanished" : "unreadable", e.Message);
                }
                catch (Exception e)
                {
                    await stop.CancelAsync().ConfigureAwait(false);
                    if (e is ObjectException)
                        throw Wrong(location, $"{e.Message}: give a user and password in the URL, or a token with --http-header");
                    throw;
                }

                progress?.Invoke(Interlocked.Increment(ref done));
            }
        }
    }

    private string LocationOf(ObjectListing listing, int item)
    {
        lock (listing)
            return listing.LocationOf(item) is { } own ? PathText.Show(own) : list!.Locate(listing.Path(item));
    }

    /// <summary>What is behind a question mark may be a signature: its hash tells as well whether two URLs are the same.</summary>
    private static string NameOf(Uri url) =>
        url.Query.Length == 0 ? url.AbsoluteUri : $"{Retry.Shown(url.AbsoluteUri)}?sha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url.Query)))[..16]}";

    private static SourceException Wrong(string url, string problem, bool isUsage = false)
    {
        int at = url.IndexOf('@', StringComparison.Ordinal);
        int path = url.IndexOf("://", StringComparison.Ordinal) + 3;
        string shown = at > 0 && path > 2 ? url[..path] + url[(at + 1)..] : url;
        return new SourceException(problem, PathText.FromArgument(Retry.Shown(shown))) { IsUsage = isUsage };
    }
}
