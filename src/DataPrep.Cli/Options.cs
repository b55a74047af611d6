using System.CommandLine;
using System.CommandLine.Parsing;

namespace DataPrep.Cli;

/// <summary>Exit codes: a contract with scripts.</summary>
internal static class ExitCode
{
    public const int Done = 0, Failed = 1, Usage = 2, Skipped = 3, Verification = 4, TryAgain = 75, Cancelled = 130;
}

/// <summary>Options that commands have in common.</summary>
internal sealed class CommonOptions
{
    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON Lines on standard output, one object an event" };

    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Print nothing but results and errors" };

    public Option<bool> Verbose { get; } = new("--verbose", "-v") { Description = "Say more about what is done" };

    public Option<bool> NoProgress { get; } = new("--no-progress") { Description = "Draw no progress" };

    public Option<int> Threads { get; } = new("--threads")
    {
        Description = "Threads that hash",
        HelpName = "N",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(Json);
        command.Options.Add(Quiet);
        command.Options.Add(Verbose);
        command.Options.Add(NoProgress);
        Threads.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int n) && n is < 1 or > 1024)
                result.AddError("--threads must be from 1 to 1024");
        });
        command.Options.Add(Threads);
    }

    public Terminal Terminal(ParseResult parsed) =>
        new(parsed.GetValue(Json), parsed.GetValue(Quiet), parsed.GetValue(Verbose), !parsed.GetValue(NoProgress));
}

/// <summary>Makes options whose values have a form of their own.</summary>
internal static class OptionOf
{
    /// <summary>A size such as <c>32GiB</c>; null where it is not given.</summary>
    public static Option<long?> Size(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result => ParseSize(name, result),
    };

    /// <summary>One of several words.</summary>
    public static Option<string?> Word(string name, string description, params string[] words)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = string.Join('|', words) };
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !words.Contains(token.Value))
                result.AddError($"{name} must be one of {string.Join(", ", words)}; '{token.Value}' is none of them");
        });
        return option;
    }

    private static long? ParseSize(string name, ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (SizeText.TryParse(text, out long bytes))
            return bytes;
        result.AddError($"{name}: '{text}' is no size; write it as 32GiB, 256KiB or 1048576");
        return null;
    }
}
