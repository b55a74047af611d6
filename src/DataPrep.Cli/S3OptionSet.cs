using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using DataPrep.Packing;
using DataPrep.S3;

namespace DataPrep.Cli;

/// <summary>Options that say how S3 is reached, as a source or as the place where pieces go.</summary>
internal sealed class S3OptionSet
{
    private readonly Option<string?> endpoint = new("--s3-endpoint") { Description = "Server that speaks S3 (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile, or AWS)", HelpName = "URL" };
    private readonly Option<string?> region = new("--s3-region") { Description = "Region of the bucket (default: AWS_REGION or the profile)", HelpName = "REGION" };
    private readonly Option<bool> compat = new("--s3-compat") { Description = "For servers that know only the older parts of S3: no bodies signed in chunks, no conditions on writes, buckets in the path" };
    private readonly Option<bool> anonymous = new("--s3-anonymous") { Description = "Sign no requests, as public buckets allow" };
    private readonly Option<int?> uploads = OptionOf.Number("--s3-uploads", "Parts of 8 MiB on their way to a bucket at once (default 8); each takes memory", 1, 256);
    private readonly Option<TimeSpan?> patience = OptionOf.Time("--s3-patience", "How long the server that pieces go to may go on failing before the run ends, to be gone on with (default 5m)");

    public Option<string?> Work { get; } = new("--work") { Description = "Folder for plan, journal and records while packing into s3://; the same one goes on (default: one in ~/.local/state/dataprep named after the bucket)", HelpName = "DIR" };

    public void AddTo(Command command, bool writes)
    {
        foreach (var option in new Option[] { endpoint, region, compat, anonymous })
            command.Add(option);
        if (writes)
        {
            command.Add(Work);
            command.Add(uploads);
            command.Add(patience);
        }
    }

    public S3Options Options(ParseResult parsed)
    {
        var defaults = new S3Options();
        return defaults with
        {
            Endpoint = parsed.GetValue(endpoint),
            Region = parsed.GetValue(region),
            Compat = parsed.GetValue(compat),
            Anonymous = parsed.GetValue(anonymous),
            Patience = parsed.GetResult(patience) is null ? defaults.Patience : parsed.GetValue(patience) ?? defaults.Patience,
            Uploads = parsed.GetResult(uploads) is null ? defaults.Uploads : parsed.GetValue(uploads) ?? defaults.Uploads,
        };
    }

    /// <summary>The place in a bucket that tasks of an array fill together; null where they fill a folder.</summary>
    /// <exception cref="UsageException">They have no folder of work together.</exception>
    public BucketOutput? OutputOfTasks(ParseResult parsed, string output, IReadOnlyList<string> sources, Terminal terminal) =>
        S3Place.Is(output) && parsed.GetValue(Work) is null
            ? throw new UsageException("of a plan's pieces in a bucket, journals and receipts are kept in a folder that all tasks see: --work DIR")
            : BucketOutput.Of(parsed, this, output, sources, terminal);

    /// <summary>The folder of a target's plan, journal and records.</summary>
    /// <exception cref="UsageException">The name is empty.</exception>
    public string WorkFolder(ParseResult parsed, S3Place place, string server)
    {
        if (parsed.GetValue(Work) is { } given)
            return given.Length > 0 ? given : throw new UsageException("--work: the name of the folder is empty");
        string home = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state)
            ? state
            : Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        const int LongestName = 80;
        string name = string.Concat($"{place.Bucket}-{place.Prefix}".Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-')).TrimEnd('-');
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{server}\n{place}")))[..8];
        return Path.Join(home, "dataprep", $"{name[..Math.Min(name.Length, LongestName)]}-{hash}");
    }
}
