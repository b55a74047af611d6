using System.CommandLine;
using System.CommandLine.Parsing;
using DataPrep.Packing;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>Standard input as the one source of a pack.</summary>
internal static class StreamInput
{
    /// <summary>Options that say something of files and folders, or need to know all before anything is packed.</summary>
    private static readonly HashSet<string> s_unfit =
    [
        "--include", "--exclude", "--exclude-from", "--files-from", "--one-file-system", "--no-hidden", "--no-empty-dirs", "--no-symlinks",
        "--on-change", "--dry-run", "--balance", "--preserve-mode", "--preserve-mtime", "--input-io", "--io-order", "--no-cache-pollution",
        "--previous", "--checksum", "--inline",
    ];

    /// <summary>Whether a command line names standard input as a source.</summary>
    /// <exception cref="UsageException">It does, and something that does not go with it.</exception>
    public static bool IsNamed(ParseResult parsed, Argument<string[]> sources, string? name)
    {
        string[] named = parsed.GetValue(sources) ?? [];
        if (!named.Contains(StreamTree.Source))
            return false;
        if (named.Length > 1)
            throw new UsageException("- packs one file from standard input, and no other SOURCE goes with it; a file of that name is written ./-");
        if (parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(option => !option.Implicit && s_unfit.Contains(option.Option.Name)) is { } unfit)
            throw new UsageException($"{unfit.Option.Name} does not go with -: what comes on standard input is one file without mode and times, and its length is not known before its end");
        if (name is "" or "." or ".." || name?.AsSpan().IndexOfAny('/', '\0') >= 0 || PathText.FromArgument(name ?? "").Length > 255)
            throw new UsageException($"--name '{name}': of standard input it is the name of a file, of 1 to 255 bytes and without /");
        return true;
    }

    /// <exception cref="UsageException">It is a terminal.</exception>
    public static Stream Open()
    {
        if (!Console.IsInputRedirected)
            throw new UsageException("standard input is a terminal: feed it what is to be packed, as in: tar c DIR | dataprep pack - -o OUT");
        Posix.EnlargePipe(0);
        return Console.OpenStandardInput();
    }
}
