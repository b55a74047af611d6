using System.CommandLine;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary>Where the sources of a dataset that was packed with <c>--inline</c> are.</summary>
internal sealed class SourceOption
{
    private readonly Option<string?> option;

    public SourceOption(Command command, string description = "Where the folder or file that was packed is, for pieces packed with --inline; without it, where it was")
    {
        option = new Option<string?>("--source") { Description = description, HelpName = "SOURCE" };
        command.Options.Add(option);
    }

    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    public string? Of(ParseResult parsed)
    {
        string? source = parsed.GetValue(option);
        return source is "" ? throw new UsageException("--source: the name is empty")
            : source is null || Path.Exists(source) ? source
            : throw new FileNotFoundException($"--source {source}: no such file or folder");
    }
}
