using System.CommandLine;
using System.CommandLine.Parsing;
using DataPrep.Packing;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>The options of sources that are not local.</summary>
internal sealed class RemoteOptionSet
{
    /// <summary>Options that say something of a file system, or of local files.</summary>
    private static readonly HashSet<string> s_unfit = ["--files-from", "--one-file-system", "--inline", "--input-io", "--no-cache-pollution"];

    private readonly Option<string?> list = new("--urls-from") { Description = "Pack what a list of URLs names: one a line, or a URL, a TAB and the path in the dataset; a file, a URL, or - for standard input", HelpName = "LIST" };
    private readonly Option<string[]> headers = new("--http-header") { Description = "Of http sources: a header to send with each request, such as a token; it is not recorded (repeatable)", HelpName = "NAME: VALUE" };
    private readonly Option<int?> connections = OptionOf.Number("--connections", $"Of a remote source: most requests at the same time (default {RemoteLimits.DefaultConnections})", 1, 1024);
    private readonly Option<TimeSpan?> patience = OptionOf.Time("--source-patience", "Of a remote source: how long to try again without any progress, before the run ends and can be gone on with (default 5m)");

    /// <summary>How a remote source is read.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { headers, connections, patience })
            command.Add(option);
    }

    /// <summary>What decides the output.</summary>
    public void AddListTo(Command command) => command.Add(list);

    /// <summary>Whether a list of URLs takes the place of sources.</summary>
    /// <exception cref="UsageException">It does, and there are sources too.</exception>
    public bool IsList(ParseResult parsed, Argument<string[]> sources)
    {
        if (parsed.GetValue(list) is not { } name)
            return false;
        if (name.Length == 0)
            throw new UsageException("--urls-from: the name of the list is empty");
        return parsed.GetValue(sources) is not { Length: > 0 } ? true
            : throw new UsageException("--urls-from takes the place of SOURCE; put its URL into the list");
    }

    /// <summary>The remote source that a command line names; null where all sources are local.</summary>
    /// <exception cref="UsageException">It makes no sense, or something does not go with it.</exception>
    public IRemoteSource? Source(ParseResult parsed, string[] sources, S3OptionSet s3, Terminal terminal) =>
        Source(parsed, (access, limits) => parsed.GetValue(list) is { } name
            ? new HttpSource(name, access, limits, terminal.Warn)
            : RemoteSources.Of(sources, access, s3.Options(parsed), limits, terminal.Warn));

    /// <summary>The remote source that a plan names; null where its sources are local.</summary>
    /// <param name="names">As they stand in the plan.</param>
    /// <exception cref="UsageException">Something does not go with it.</exception>
    public IRemoteSource? OfPlan(ParseResult parsed, IReadOnlyList<string> names, S3OptionSet s3, Terminal terminal) =>
        Source(parsed, (access, limits) => RemoteSources.OfPlan(names, access, s3.Options(parsed), limits, terminal.Warn));

    private IRemoteSource? Source(ParseResult parsed, Func<HttpAccess, RemoteLimits, IRemoteSource?> make)
    {
        var limits = new RemoteLimits();
        limits = limits with { Connections = parsed.GetValue(connections) ?? limits.Connections, Patience = parsed.GetValue(patience) ?? limits.Patience };
        var access = new HttpAccess();
        foreach (string header in parsed.GetValue(headers) ?? [])
            Add(access, header);
        var source = make(access, limits);
        var given = parsed.CommandResult.Children.OfType<OptionResult>().Where(option => !option.Implicit).Select(option => option.Option.Name).ToList();
        return source is null && given.Find(option => option == headers.Name || option == connections.Name || option == patience.Name) is { } wrong
            ? throw new UsageException($"{wrong} needs a remote source, such as https://HOST/FILE")
            : source;
    }

    /// <summary>Refuses what does not go with a remote source, before anything is read.</summary>
    /// <param name="sources">As they were given; none where a list takes their place.</param>
    /// <exception cref="UsageException">Something does not.</exception>
    public void RefuseUnfit(ParseResult parsed, string[] sources)
    {
        if (parsed.GetValue(list) is null && !sources.Any(RemoteSources.IsRemote))
            return;
        if (parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(option => !option.Implicit && s_unfit.Contains(option.Option.Name)) is { } wrong)
            throw new UsageException($"{wrong.Option.Name} does not go with a remote source: it speaks of local files");
    }

    private static void Add(HttpAccess access, string header)
    {
        int colon = header.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? "" : header[..colon].Trim(), value = colon < 0 ? "" : header[(colon + 1)..].Trim();
        // RFC 9110, 5.6.2 and 5.5
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)) || value.Any(char.IsControl))
            throw new UsageException("--http-header: it is written 'NAME: VALUE', on one line");
        if (name.ToUpperInvariant() is "RANGE" or "IF-MATCH" or "IF-UNMODIFIED-SINCE" or "ACCEPT-ENCODING" or "HOST" or "CONTENT-LENGTH" or "TRANSFER-ENCODING" or "CONNECTION")
            throw new UsageException($"--http-header: {name} is set by the program itself");
        access.AddHeader(name, value);
    }
}
