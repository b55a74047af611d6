using System.CommandLine;
using System.CommandLine.Parsing;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>Options that say what of the sources is taken.</summary>
internal sealed class SelectionOptions
{
    private const string IncludeName = "--include", ExcludeName = "--exclude", ExcludeFromName = "--exclude-from", FilesFromName = "--files-from";
    private readonly Option<string[]> include = new(IncludeName) { Description = "Take only what matches, in the syntax of gitignore (repeatable)", HelpName = "PATTERN" };
    private readonly Option<string[]> exclude = new(ExcludeName) { Description = "Leave out what matches; wins over --include (repeatable)", HelpName = "PATTERN" };
    private readonly Option<string[]> excludeFrom = new(ExcludeFromName) { Description = "Leave out what patterns in a file match (repeatable)", HelpName = "FILE" };
    private readonly Option<string?> filesFrom = new(FilesFromName) { Description = "Take only the paths in a file, one a line or each ended by a NUL; -: standard input", HelpName = "FILE" };
    private readonly Option<bool> oneFileSystem = new("--one-file-system") { Description = "Take folders of other file systems as empty ones" };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[include, exclude, excludeFrom, filesFrom, oneFileSystem])
            command.Options.Add(option);
    }

    /// <summary>The sources, which with a list of paths may be left unsaid: the current folder then.</summary>
    /// <exception cref="UsageException">There are none, or more than a list goes with.</exception>
    public string[] Sources(ParseResult parsed, Argument<string[]> argument)
    {
        string[] sources = parsed.GetValue(argument) ?? [];
        bool isList = parsed.GetValue(filesFrom) is not null;
        if (sources.Contains(""))
            throw new UsageException("the name of a SOURCE is empty");
        if (sources.Length == 0 && !isList)
            throw new UsageException("say what to pack: SOURCE");
        if (sources.Length > 1 && isList)
            throw new UsageException($"{FilesFromName} goes with one folder as SOURCE, in which its paths begin");
        return sources.Length == 0 ? ["."] : sources;
    }

    /// <summary>What is selected, or null where all is.</summary>
    /// <exception cref="UsageException">A pattern on the command line cannot match anything.</exception>
    /// <exception cref="SourceException">The list names what is not below the source.</exception>
    public Selection? Selection(ParseResult parsed, string[] sources, Terminal terminal)
    {
        var included = (parsed.GetValue(include) ?? []).Select(Included).ToList();
        var excluded = Excluded(parsed, terminal);
        foreach (string text in (string[])[.. parsed.GetValue(include) ?? [], .. parsed.GetValue(exclude) ?? []])
            WarnOfAbsolute(text, sources, terminal);
        var named = parsed.GetValue(filesFrom) is { } list ? Named(list, sources[0]) : null;
        bool isOneFileSystem = parsed.GetValue(oneFileSystem);
        return included.Count + excluded.Count > 0 || named is not null || isOneFileSystem
            ? new Selection(included, excluded, named, isOneFileSystem)
            : null;
    }

    /// <summary>Says so where nothing but folders was selected, which is seldom what was meant.</summary>
    public static void WarnOfNothing(DatasetRecord dataset, Terminal terminal)
    {
        if (dataset is { Selection: not null, Files: 0, Links: 0 })
            terminal.Warn("of what the sources hold, no file was selected");
    }

    private static IgnorePattern Included(string text)
    {
        var pattern = Pattern(IncludeName, text);
        return pattern.IsNegated
            ? throw new UsageException($"{IncludeName} '{text}': what begins with ! takes a match back; use {ExcludeName} for that, or write \\! for a name that begins so")
            : pattern;
    }

    /// <summary>Patterns to exclude in the order in which they stand on the command line and in its files, since the last that matches decides.</summary>
    private static List<IgnorePattern> Excluded(ParseResult parsed, Terminal terminal)
    {
        var patterns = new List<IgnorePattern>();
        string option = "";
        foreach (var token in parsed.Tokens)
        {
            if (token.Type == TokenType.Option)
                option = token.Value;
            else if (token.Type == TokenType.Argument && option == ExcludeName)
                patterns.Add(Pattern(option, token.Value));
            else if (token.Type == TokenType.Argument && option == ExcludeFromName)
                patterns.AddRange(FromFile(token.Value, terminal));
            if (token.Type != TokenType.Option)
                option = "";
        }

        return patterns;
    }

    private static IgnorePattern Pattern(string option, string text)
    {
        var pattern = new IgnorePattern(PathText.FromArgument(text));
        return pattern.Problem is { } problem ? throw new UsageException($"{option} '{text}' cannot match anything: {problem}") : pattern;
    }

    /// <summary>A slash at the beginning is the source's, which is easily taken for the file system's.</summary>
    private static void WarnOfAbsolute(string text, string[] sources, Terminal terminal)
    {
        if (text.StartsWith('/') && sources.FirstOrDefault(source => (text + "/").StartsWith(FullPath(source) + "/", StringComparison.Ordinal)) is { } source)
            terminal.Warn($"the pattern '{text}' is held against paths relative to {source}: below it nothing is likely to be called so");
    }

    private static IEnumerable<IgnorePattern> FromFile(string file, Terminal terminal)
    {
        foreach (var (line, pattern) in IgnoreRules.Read(Content(ExcludeFromName, file)))
        {
            if (pattern.Problem is { } problem)
                terminal.Warn($"{file}, line {line}: '{PathText.Show(pattern.Text.Span)}' cannot match anything: {problem}");
            yield return pattern;
        }
    }

    private static NamedPaths Named(string file, string source)
    {
        byte[] folder = PathText.FromArgument(FullPath(source));
        byte[] real = Posix.RealPath(PathText.FromArgument(source), out _) ?? folder;
        return NamedPaths.Read(file == "-" ? StandardInput() : Content(FilesFromName, file), file == "-" ? "standard input" : file, folder, real);
    }

    private static string FullPath(string source) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(source));

    private static byte[] Content(string option, string file) =>
        file.Length > 0 ? File.ReadAllBytes(file) : throw new UsageException($"{option}: the name of the file is empty");

    private static byte[] StandardInput()
    {
        using var input = Console.OpenStandardInput();
        using var all = new MemoryStream();
        input.CopyTo(all);
        return all.ToArray();
    }
}
