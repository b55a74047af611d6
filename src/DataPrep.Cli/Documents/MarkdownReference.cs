using System.CommandLine;
using System.Text;

namespace DataPrep.Cli.Documents;

/// <summary>All commands in one page of Markdown.</summary>
internal static class MarkdownReference
{
    public static string Write(CommandPage program)
    {
        var pages = program.WithAllBelow().Skip(1).ToList();
        var text = new StringBuilder();
        _ = text.Append($"""
            # Command reference

            What `--help` says, of all commands. [commands.md](commands.md) explains them. This page is written by the program:
            `dotnet run -c Release --project src/DataPrep.Cli -- document --markdown docs/command-reference.md`.

            | command | does |
            | --- | --- |

            """);
        foreach (var page in pages)
            _ = text.Append($"| [{Cell(page.Title[9..])}](#{page.Title.Replace(' ', '-')}) | {Cell(page.Command.Description!)} |\n");
        Notes(text, program);
        _ = text.Append("\n## Common options\n\nEvery command but `completion` has these; [settings.md](settings.md) says how they and others can stand in a file.\n\n");
        Options(text, CommonOptions.Of());
        foreach (var page in pages)
        {
            _ = text.Append($"\n## {page.Title}\n\n`{page.Synopsis}`\n\n{Prose(page.Command.Description!)}.\n");
            if (page.Arguments.Any())
            {
                _ = text.Append("\n| argument | meaning |\n| --- | --- |\n");
                foreach (var argument in page.Arguments)
                    _ = text.Append($"| `{Code(argument.Name)}` | {Cell(argument.Description ?? "")} |\n");
            }

            if (page.Options.Any())
            {
                _ = text.Append('\n');
                Options(text, page.Options);
            }

            Notes(text, page);
        }

        return text.ToString();
    }

    private static void Options(StringBuilder text, IEnumerable<Option> options)
    {
        _ = text.Append("| option | meaning |\n| --- | --- |\n");
        foreach (var option in options)
        {
            string value = CommandPage.ValueOf(option) is { } name ? " " + name : "";
            _ = text.Append($"| {string.Join(", ", CommandPage.NamesOf(option).Select(each => $"`{Code(each + value)}`"))} | {Cell(CommandPage.TextOf(option))} |\n");
        }
    }

    private static void Notes(StringBuilder text, CommandPage page)
    {
        foreach (var block in page.Blocks)
            _ = text.Append(block.Heading is null ? $"\n{Prose(block.Paragraph)}\n" : $"\n{block.Heading}:\n\n```{(block.IsExample ? "sh" : "")}\n{string.Join('\n', block.Lines)}\n```\n");
    }

    private static string Code(string text) => text.Replace("|", "\\|");

    private static string Cell(string text) => Prose(text).Replace("|", "\\|");

    private static string Prose(string text) => text.Replace("\\", "\\\\").Replace("*", "\\*").Replace("<", "&lt;").Replace("_", "\\_").Replace("[", "\\[");
}
