using System.Text;

namespace DataPrep.Source;

/// <summary>
/// A list of URLs, one a line: <c>URL</c>, or <c>URL TAB path in the dataset</c>. Empty lines, and those that begin with #, are left out. Without a path
/// a file has that of its URL, percent-decoded; where the URLs without one are of more than one host, below a folder of the host's name.
/// </summary>
/// <param name="name">A file, <c>-</c> for standard input, or a URL.</param>
internal sealed class UrlList(string name, HttpAccess access, HttpTransport transport, ObjectClient objects)
{
    private const int LongestLine = 64 << 10;
    private readonly bool isUrl = IsUrl(name);
    private readonly List<string> origins = [];
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> folders = new(StringComparer.Ordinal);
    private bool hasHosts;

    /// <summary>The list's name in a plan: an absolute path, <c>-</c>, or a URL without what may be secret.</summary>
    public string Name { get; } = IsUrl(name) ? Retry.Shown(access.TakeFrom(new Uri(name)).AbsoluteUri) : name == "-" ? "-" : Path.GetFullPath(name);

    /// <summary>The dataset's name: the list's, without its extension.</summary>
    public byte[] DatasetName => PathText.FromArgument(name == "-" ? "urls" : Path.GetFileNameWithoutExtension(Name) is { Length: > 0 } own ? own : "urls");

    /// <summary>Where the files are whose URL is their path; null where they are of more than one host.</summary>
    public byte[]? Root => !hasHosts && origins.Count > 0 ? Encoding.UTF8.GetBytes(origins[0]) : null;

    public static bool IsUrl(string name) =>
        name.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || name.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>URL of a file that has none of its own in the listing.</summary>
    public string Locate(ReadOnlySpan<byte> path)
    {
        if (!hasHosts)
            return HttpPlace.Below(origins[0], path);
        int slash = path.IndexOf((byte)'/');
        return HttpPlace.Below(origins[folders[Encoding.UTF8.GetString(path[..slash])]], path[(slash + 1)..]);
    }

    /// <summary>Reads the list; what is not to be taken is left out.</summary>
    /// <exception cref="SourceException">A line is wrong, or two name the same path.</exception>
    /// <exception cref="IOException">The list cannot be read.</exception>
    public ObjectListing Read(ScanOptions options, CancellationToken cancel)
    {
        var lines = isUrl ? FromServer(cancel) : FromFile();
        hasHosts = origins.Count > 1;
        var listing = new ObjectListing();
        var numbers = new List<int>();
        for (int i = 0; hasHosts && i < origins.Count; i++)
        {
            // Of one host on http and https, the folder's place is that of the first.
            if (folders.TryAdd(Host(origins[i]), i))
                listing.Anchor(Host(origins[i]), Encoding.UTF8.GetBytes(origins[i]));
        }

        foreach (var line in lines.Items)
        {
            var path = lines.Path(line);
            byte[] full = line.HasPath || !hasHosts ? path.ToArray() : PathText.Join(Encoding.UTF8.GetBytes(Host(origins[line.Origin])), path);
            bool isDerived = line.Url == default && (!hasHosts || folders[Host(origins[line.Origin])] == line.Origin);
            byte[]? own = isDerived ? null : line.Url == default ? Encoding.UTF8.GetBytes(HttpPlace.Below(origins[line.Origin], path)) : lines.Url(line).ToArray();
            if (!ObjectListing.Takes(options, full))
                continue;
            _ = listing.Add(full, default, own);
            numbers.Add(line.Number);
        }

        if (listing.Twice() is var (first, second))
            throw Wrong(numbers[second], $"'{PathText.Quote(listing.Path(second))}' is the path of line {numbers[first]} too; say after a TAB which path it is to have");
        return listing;
    }

    private Lines FromFile()
    {
        try
        {
            using var stream = name == "-" ? Console.OpenStandardInput() : new FileStream(name, FileMode.Open, FileAccess.Read);
            return Parse(stream);
        }
        catch (UnauthorizedAccessException)
        {
            throw new SourceException("cannot read the list: permission denied", PathText.FromArgument(name));
        }
    }

    private Lines FromServer(CancellationToken cancel)
    {
        string url = access.TakeFrom(new Uri(name)).AbsoluteUri;
        var retries = objects.Retries();
        while (true)
        {
            try
            {
                using var stream = transport.ReadAsync(url, cancel).GetAwaiter().GetResult();
                using var registration = cancel.UnsafeRegister(body => ((Stream)body!).Dispose(), stream);
                return Parse(stream);
            }
            catch (Exception e) when (e is not SourceException && Retry.IsFault(e))
            {
                cancel.ThrowIfCancellationRequested();
                TimeSpan pause;
                try
                {
                    pause = objects.Pause(retries, e, url);
                }
                catch (ObjectException lasting)
                {
                    throw new SourceException($"cannot read the list: {lasting.Message}", PathText.FromArgument(Retry.Shown(url)));
                }

                if (cancel.WaitHandle.WaitOne(pause))
                    cancel.ThrowIfCancellationRequested();
            }
        }
    }

    private Lines Parse(Stream stream)
    {
        origins.Clear();
        numbers.Clear();
        var lines = new Lines();
        byte[] buffer = new byte[LongestLine];
        int filled = 0, number = 0, got;
        do
        {
            got = stream.Read(buffer, filled, buffer.Length - filled);
            filled += got;
            int begin = 0;
            for (int length; (length = buffer.AsSpan(begin, filled - begin).IndexOf((byte)'\n')) >= 0 || (got == 0 && (length = filled - begin) > 0); begin = Math.Min(filled, begin + length + 1))
                Take(lines, buffer.AsSpan(begin, length).TrimEnd((byte)'\r'), ++number);
            filled -= begin;
            buffer.AsSpan(begin, filled).CopyTo(buffer);
            if (filled == buffer.Length)
                throw Wrong(number + 1, $"it has more than {LongestLine} bytes");
        }
        while (got > 0);
        return lines.Items.Count > 0 ? lines : throw new SourceException("the list names no URL", PathText.FromArgument(Name));
    }

    private void Take(Lines lines, ReadOnlySpan<byte> line, int number)
    {
        if (line.IsEmpty || line[0] == '#')
            return;
        if (!PathText.IsUtf8(line))
            throw Wrong(number, "it is no UTF-8");
        int tab = line.IndexOf((byte)'\t');
        string text = PathText.Show(tab < 0 ? line : line[..tab]).Trim();
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || !HttpAccess.IsHttp(url) || url.Host.Length == 0)
            throw Wrong(number, "it is no http or https URL");
        if (url.UserInfo.Length > 0)
            throw Wrong(number, "there is a user or password in it, which a run that goes on would not know: give it with --http-header 'Authorization: ...'");
        string problem = "";
        byte[]? path = tab < 0 ? HttpPlace.PathOf(text, out problem) : line[(tab + 1)..].ToArray();
        if (path is null || (problem = ObjectListing.ProblemOf(path) ?? "").Length > 0)
            throw Wrong(number, problem);
        string origin = HttpAccess.Origin(url);
        int place = tab < 0 ? OriginOf(origin) : -1;
        string plain = url.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);
        bool isDerived = tab < 0 && HttpPlace.Below(origin, path) == plain;
        lines.Add(number, place, path, isDerived ? null : Encoding.UTF8.GetBytes(plain));
    }

    private int OriginOf(string origin)
    {
        if (numbers.TryAdd(origin, origins.Count))
            origins.Add(origin);
        return numbers[origin];
    }

    private static string Host(string origin) => origin[(origin.IndexOf("://", StringComparison.Ordinal) + 3)..];

    private SourceException Wrong(int number, string problem) => new($"line {number}: {problem}", PathText.FromArgument(Name)) { IsUsage = true };

    /// <summary>The lines, without an object for each.</summary>
    private sealed class Lines
    {
        private readonly NamePool texts = new();

        public List<Line> Items { get; } = [];

        public void Add(int number, int origin, byte[] path, byte[]? url) =>
            Items.Add(new Line(number, origin, texts.Add(path), url is null ? default : texts.Add(url)));

        public ReadOnlySpan<byte> Path(in Line line) => texts[line.PathText];

        public ReadOnlySpan<byte> Url(in Line line) => texts[line.Url];
    }

    /// <param name="Origin">Number of the origin; -1 where the path was said.</param>
    /// <param name="Url">Where origin and path do not tell it.</param>
    private readonly record struct Line(int Number, int Origin, NameRef PathText, NameRef Url)
    {
        public bool HasPath => Origin < 0;
    }
}
