using System.Text.RegularExpressions;
using DataPrep.Packing;
using DataPrep.S3;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>Sources that are named by a scheme instead of a path.</summary>
internal static partial class RemoteSources
{
    /// <summary>The remote source that a command line names; null where all sources are local.</summary>
    /// <param name="sources">As they were given.</param>
    /// <param name="access">What lets us in at servers; takes what stands in the sources.</param>
    /// <param name="s3">How S3 is reached.</param>
    /// <param name="warn">Is told what a person should know while the work goes on.</param>
    /// <exception cref="UsageException">A scheme is unknown, or local and remote sources are mixed.</exception>
    public static IRemoteSource? Of(string[] sources, HttpAccess access, S3Options s3, RemoteLimits limits, Action<string> warn)
    {
        var schemes = sources.Select(KindOf).Distinct().ToList();
        if (schemes is [null] or [])
            return null;
        if (schemes.Count > 1)
            throw new UsageException($"{PathText.Quote(Retry.Shown(sources[0]))} and {PathText.Quote(Retry.Shown(sources.First(source => KindOf(source) != schemes[0])))}: sources of different kinds do not go together; pack them apart");
        return schemes[0] switch
        {
            "s3" => S3Source.Open(sources, s3, limits, warn, CommandRunner.Cancel),
            "https" => new HttpSource(sources, access, limits, warn),
            "rclone" when sources is [var only] => new RcloneSource(only[(only.IndexOf(':', StringComparison.Ordinal) + 1)..], limits, warn),
            "rclone" => throw new UsageException("one remote of rclone at a time: pack their folders apart, or make a 'combine' or 'union' remote of them"),
            _ => throw new UsageException($"{schemes[0]}: is no kind of source that is known; a local folder of that name is written ./{schemes[0]}:"),
        };
    }

    /// <summary>The remote source of a plan; null where its sources are local.</summary>
    /// <param name="names">As <see cref="IRemoteSource.Names"/> gave them, or absolute paths.</param>
    /// <param name="access">What lets us in at servers, which no plan holds.</param>
    /// <inheritdoc cref="Of(string[], HttpAccess, S3Options, RemoteLimits, Action{string})"/>
    public static IRemoteSource? OfPlan(IReadOnlyList<string> names, HttpAccess access, S3Options s3, RemoteLimits limits, Action<string> warn)
    {
        // Each entry of the plan says where it is.
        if (names is [var first, ..] && (first.StartsWith("urls:", StringComparison.Ordinal) || KindOf(first) == "https"))
            return new HttpSource([], access, limits, warn);
        if (names is [var remote] && remote.StartsWith("rclone:", StringComparison.Ordinal) && remote.Contains(",sha256=", StringComparison.Ordinal))
            throw new UsageException($"{remote}: the options of this remote do not stand in the plan, since they may be secrets; give the remote a name in rclone's configuration, and make a plan with that");
        return names.All(name => name.StartsWith('/')) ? null : Of([.. names], access, s3, limits, warn);
    }

    /// <summary>Whether a source is named by a scheme.</summary>
    public static bool IsRemote(string source) => SchemeOf(source) is not null;

    private static string? KindOf(string source) => SchemeOf(source) is "http" or "https" ? "https" : SchemeOf(source);

    /// <summary>The scheme of a source: what stands before <c>://</c>, or <c>rclone</c> before a colon; null of a local path.</summary>
    private static string? SchemeOf(string source) => Scheme().Match(source) is { Success: true } match ? match.Groups["scheme"].Value.ToLowerInvariant() : null;

    [GeneratedRegex("^(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://|(?<scheme>rclone):)")]
    private static partial Regex Scheme();
}
