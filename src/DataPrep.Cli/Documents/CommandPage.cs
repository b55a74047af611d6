using System.CommandLine;
using System.CommandLine.Completions;

namespace DataPrep.Cli.Documents;

/// <summary>What documents say of a command: from the parser, and from what help adds.</summary>
/// <param name="Path">Names that lead to it: empty for the program itself.</param>
internal sealed record CommandPage(string[] Path, Command Command)
{
    private static readonly HashSet<string> CommonNames = [.. CommonOptions.Of().Select(option => option.Name)];

    /// <summary>As it is typed: <c>dataprep bench kernels</c>.</summary>
    public string Title => string.Join(' ', Path.Prepend("dataprep"));

    public string Synopsis => string.Join(' ',
        [Title, .. Subcommands.Any() ? [Command.Action is null ? "COMMAND" : "[COMMAND]"] : Array.Empty<string>(), .. Arguments.Select(Written), "[OPTIONS]"]);

    public IEnumerable<Argument> Arguments => Command.Arguments.Where(argument => !argument.Hidden);

    public IEnumerable<CommandPage> Subcommands => Command.Subcommands.Where(each => !each.Hidden).Select(each => new CommandPage([.. Path, each.Name], each));

    /// <summary>Its own options, without those that nearly every command has.</summary>
    public IEnumerable<Option> Options => Command.Options.Where(option => !option.Hidden && !CommonNames.Contains(option.Name));

    public IEnumerable<Option> CommonOnes => Command.Options.Where(option => !option.Hidden && CommonNames.Contains(option.Name));

    public IEnumerable<PageBlock> Blocks => PageBlock.Parse(CommandHelp.AdditionTo(Command));

    /// <summary>This page and those of all commands below it.</summary>
    public IEnumerable<CommandPage> WithAllBelow() => Subcommands.SelectMany(each => each.WithAllBelow()).Prepend(this);

    /// <summary>An argument with what says how often it stands.</summary>
    public static string Written(Argument argument)
    {
        string name = argument.Name + (argument.Arity.MaximumNumberOfValues > 1 ? "..." : "");
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    /// <summary>Names of an option, the short one first.</summary>
    public static string[] NamesOf(Option option) => [.. option.Aliases.Append(option.Name).Where(name => name[0] == '-').OrderBy(name => name.Length).ThenBy(name => name, StringComparer.Ordinal)];

    /// <summary>What its value is called; null for a switch.</summary>
    public static string? ValueOf(Option option) => option.HelpName is { } name ? name : option.ValueType == typeof(bool) || option.Arity.MaximumNumberOfValues == 0 ? null : "VALUE";

    public static bool IsRepeatable(Option option) => option.Arity.MaximumNumberOfValues > 1;

    /// <summary>What is said of an option, with its default.</summary>
    public static string TextOf(Option option)
    {
        string text = option.Description ?? "";
        if (option.Required)
            text += " (required)";
        if (!option.HasDefaultValue || option.ValueType == typeof(bool))
            return text;
        // This one differs from machine to machine.
        object? value = option.Name == CommonOptions.ThreadsName ? "one for each logical CPU" : option.GetDefaultValue();
        return value is null ? text : $"{text} (default: {value})";
    }

    /// <summary>Words of which a value is one; empty where it is anything else.</summary>
    public static string[] WordsOf(Symbol symbol)
    {
        var type = symbol is Option option ? option.ValueType : typeof(string);
        return (Nullable.GetUnderlyingType(type) ?? type) == typeof(bool) ? ["true", "false"] : [.. symbol.GetCompletions(CompletionContext.Empty).Select(item => item.Label)];
    }
}
