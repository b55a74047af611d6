using System.CommandLine;

namespace DataPrep.Cli.Documents;

internal enum ValueKind
{
    /// <summary>A switch has none.</summary>
    None,
    Words,
    Folder,
    File,

    /// <summary>Something that cannot be known here, such as a number or a name.</summary>
    Other,
}

/// <summary>What a shell offers as the value of an option or argument: told by the name that help gives it.</summary>
internal sealed record CompletedValue(ValueKind Kind, string[] Words)
{
    private static readonly string[] Folders = ["DIR", "OUT", "OLD_OUT"], Paths = ["FILE", "PLAN", "PROOF", "SOURCE", "CAR", "LIST", "MANIFEST", "PIECE", "PATH", "A", "B"];

    public static CompletedValue Of(Option option)
    {
        if (CommandPage.ValueOf(option) is not { } name)
            return new(ValueKind.None, []);
        return CommandPage.WordsOf(option) is { Length: > 0 } words ? new(ValueKind.Words, words) : new(Named(name), []);
    }

    public static CompletedValue Of(Argument argument) =>
        CommandPage.WordsOf(argument) is { Length: > 0 } words ? new(ValueKind.Words, words) : new(Named(argument.Name), []);

    /// <summary>What a shell has room for: the beginning, up to where a sentence could end.</summary>
    public static string Short(string? description)
    {
        string text = description ?? "";
        int end = text.AsSpan().IndexOfAny(";:(");
        text = (end > 0 ? text[..end] : text).TrimEnd();
        const int Most = 90;
        return text.Length <= Most ? text : text[..text.LastIndexOf(' ', Most)] + " ...";
    }

    private static ValueKind Named(string name)
    {
        string[] parts = name.Split(['|', ' ', '.', '[', ']'], StringSplitOptions.RemoveEmptyEntries);
        return parts.Any(Paths.Contains) ? ValueKind.File : parts.Any(Folders.Contains) ? ValueKind.Folder : ValueKind.Other;
    }
}
