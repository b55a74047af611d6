using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace DataPrep.Cli;

/// <summary>Exit codes: a contract with scripts.</summary>
internal static class ExitCode
{
    public const int Done = 0, Failed = 1, Usage = 2, Skipped = 3, Verification = 4, TryAgain = 75, Cancelled = 130;
}

/// <summary>Options that commands have in common.</summary>
internal sealed class CommonOptions
{
    public const string ConfigName = "--config", ThreadsName = "--threads";

    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON Lines on standard output, one object an event" };

    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Print nothing but results and errors" };

    public Option<bool> Verbose { get; } = new("--verbose", "-v") { Description = "Say more about what is done" };

    public Option<bool> NoProgress { get; } = new("--no-progress") { Description = "Draw no progress" };

    public Option<int> Threads { get; } = new(ThreadsName)
    {
        Description = "Threads that hash",
        HelpName = "N",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    public Option<string?> Config { get; } = new(ConfigName) { Description = "JSON file with settings: options that the command line leaves open", HelpName = "FILE" };

    /// <summary>They, as every command has them.</summary>
    public static IReadOnlyList<Option> Of()
    {
        var common = new CommonOptions();
        return [common.Json, common.Quiet, common.Verbose, common.NoProgress, common.Threads, common.Config];
    }

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
        command.Options.Add(Config);
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

    /// <summary>A part such as <c>1%</c> or <c>0.01</c>: above 0, at most 1.</summary>
    public static Option<decimal?> Percent(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "PERCENT",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            bool isPercent = text.EndsWith('%');
            if (decimal.TryParse(isPercent ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) && (value /= isPercent ? 100 : 1) is > 0 and <= 1)
                return value;
            result.AddError($"{name}: '{text}' is no part of something; write it as 1% or 0.01");
            return null;
        },
    };

    /// <summary>A time such as <c>500ms</c>, <c>30s</c> or <c>6h</c>; null where it is not given.</summary>
    public static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (TimeLength.TryParse(text, out var time))
                return time;
            result.AddError($"{name}: '{text}' is no length of time; write it as 500ms, 30s, 15m, 6h or 1d");
            return null;
        },
    };

    /// <summary>A whole number.</summary>
    public static Option<int?> Number(string name, string description, int least, int most) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
                return number;
            result.AddError($"{name} must be from {least} to {most}; '{text}' is not");
            return null;
        },
    };

    private static long? ParseSize(string name, ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (SizeText.TryParse(text, out long bytes))
            return bytes;
        result.AddError($"{name}: '{text}' is no size; write it as 32GiB, 256KiB or 1048576");
        return null;
    }
}
