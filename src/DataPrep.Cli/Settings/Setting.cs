using System.CommandLine;
using DataPrep.Packing;

namespace DataPrep.Cli.Settings;

/// <summary>What the environment or a file says of an option that the command line leaves open.</summary>
/// <param name="Option">The option.</param>
/// <param name="Place">Where it stands, for messages: <c>config.json: pack.piece-size</c> or the name of a variable.</param>
/// <param name="Values">As they would be written on the command line.</param>
internal sealed record Setting(Option Option, string Place, string[] Values)
{
    /// <summary>The name by which settings know an option: without dashes.</summary>
    public static string NameOf(Option option) => option.Name.TrimStart('-');

    /// <summary>Whether settings can give it. Help and version are asked for, and a file of settings names no other.</summary>
    public static bool IsFor(Option option) => option.Name is not ("--help" or "--version" or CommonOptions.ConfigName);

    private bool IsTruth => (Nullable.GetUnderlyingType(Option.ValueType) ?? Option.ValueType) == typeof(bool);

    /// <summary>Whether it leaves a switch off, as it is when nothing is said of it.</summary>
    public bool IsNothing => Values.Length == 0 || (Option.ValueType == typeof(bool) && Values is ["false"]);

    /// <summary>What is put on the command line for it.</summary>
    /// <exception cref="UsageException">The parser would take the value for something else.</exception>
    public IEnumerable<string> Tokens()
    {
        // The parser sees an argument of the command in a word behind a switch, and in one behind an equals sign with nothing after it.
        if (IsTruth && Values.FirstOrDefault(value => value is not ("true" or "false")) is { } wrong)
            throw new UsageException($"{Place}: '{wrong}' is neither true nor false");
        return Values.SelectMany(value => value.Length == 0 ? [Option.Name, ""] : new[] { $"{Option.Name}={value}" });
    }

    /// <summary>Whether a message names the option.</summary>
    public bool IsNamedIn(string message) => Option.Aliases.Append(Option.Name).Any(name => HasWord(message, name));

    private static bool HasWord(string text, string word)
    {
        for (int at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            int end = at + word.Length;
            if ((at == 0 || !IsNamePart(text[at - 1])) && (end == text.Length || !IsNamePart(text[end])))
                return true;
        }

        return false;
    }

    private static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '-';
}
