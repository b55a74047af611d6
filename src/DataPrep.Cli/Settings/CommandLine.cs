using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using DataPrep.Packing;

namespace DataPrep.Cli.Settings;

/// <summary>A command line, with what settings add to it: a flag comes before the environment, the environment before the file.</summary>
internal sealed class CommandLine
{
    // A name or pattern that begins with an @ is a name, not a file of more arguments.
    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };

    private CommandLine(ParseResult parsed, IReadOnlyList<Setting> settings) => (Parsed, Settings) = (parsed, settings);

    public ParseResult Parsed { get; }

    /// <summary>What was taken from settings.</summary>
    public IReadOnlyList<Setting> Settings { get; }

    /// <exception cref="UsageException">A file of settings is wrong.</exception>
    public static CommandLine Parse(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args, Parser);
        var environment = new SettingsEnvironment(Environment.GetEnvironmentVariables());
        var command = parsed.CommandResult.Command;
        var config = command.Options.FirstOrDefault(option => option.Name == CommonOptions.ConfigName);
        string? path = config is not null && parsed.GetResult(config) is { Implicit: false, Tokens: [var named] } ? named.Value : environment.ConfigFile;
        // Help, version and completion do their work whatever settings say.
        bool isCommand = config is not null && (parsed.Action == command.Action || parsed.Action is ParseErrorAction);
        if (!isCommand || (path is null && environment.IsEmpty))
            return new CommandLine(parsed, []);

        string[] names = [.. Names(parsed.CommandResult)];
        var file = path is null ? null : SettingsFile.Read(path, root);
        Setting[] settings =
        [
            .. command.Options.Where(option => Setting.IsFor(option) && parsed.GetResult(option) is null or { Implicit: true })
                .Select(option => environment.Find(names, option) ?? file?.Find(names, option))
                .OfType<Setting>()
                .Where(setting => !setting.IsNothing),
        ];
        return settings.Length == 0 ? new CommandLine(parsed, []) : new CommandLine(root.Parse(With(args, names, settings), Parser), settings);
    }

    /// <summary>What is wrong with it: of a value from settings, where it stands.</summary>
    public IEnumerable<string> Errors() => Parsed.Errors.Select(error =>
    {
        var setting = Settings.FirstOrDefault(each => each.Option == OptionOf(error.SymbolResult));
        if (setting is null)
            return error.Message;
        string prefix = $"{setting.Option.Name}: ";
        return $"{setting.Place}: {(error.Message.StartsWith(prefix, StringComparison.Ordinal) ? error.Message[prefix.Length..] : error.Message)}";
    });

    /// <summary>Of options that a message names and that come from settings, where they stand.</summary>
    public IEnumerable<string> PlacesOf(string message) =>
        Settings.Where(setting => setting.IsNamedIn(message)).Select(setting => $"{setting.Option.Name} comes from {setting.Place}");

    /// <summary>Right behind the command: so that nothing before them takes them for its value, and nothing behind <c>--</c> does.</summary>
    private static string[] With(string[] args, string[] command, Setting[] settings)
    {
        int at = 0;
        foreach (string name in command)
            at = Array.IndexOf(args, name, at) + 1;
        return [.. args[..at], .. settings.SelectMany(setting => setting.Tokens()), .. args[at..]];
    }

    private static Option? OptionOf(SymbolResult? result) => result is null ? null : result is OptionResult option ? option.Option : OptionOf(result.Parent);

    private static IEnumerable<string> Names(CommandResult command) =>
        command.Parent is CommandResult parent ? Names(parent).Append(command.Command.Name) : [];
}
