using System.CommandLine;
using System.Text;

namespace DataPrep.Cli.Documents;

/// <summary>Manual pages in roff: one for the program, one for each command.</summary>
internal static class ManPages
{
    /// <summary>Names of the files, and what is in them.</summary>
    public static IEnumerable<(string Name, string Text)> All(CommandPage program) =>
        program.WithAllBelow().Select(page => ($"{FileOf(page)}.1", Page(page, program)));

    private static string Page(CommandPage page, CommandPage program)
    {
        bool isProgram = page.Path.Length == 0;
        var text = new StringBuilder();
        _ = text.Append($".TH {FileOf(page).ToUpperInvariant()} 1 \"\" \"dataprep {Product.Version}\" \"DataPrep\"\n");
        _ = text.Append($".SH NAME\n{Line($"{FileOf(page)} - {LowerFirst(page.Command.Description!)}")}\n");
        _ = text.Append($".SH SYNOPSIS\n.nf\n{Line(page.Synopsis)}\n.fi\n.SH DESCRIPTION\n{Line(page.Command.Description! + ".")}\n");
        foreach (var block in page.Blocks.Where(block => !block.IsExample))
            _ = text.Append(block.Heading is null ? $".PP\n{Line(block.Paragraph)}\n" : $".PP\n{Line(block.Heading + ":")}\n{Literal(block.Lines)}");
        if (page.Subcommands.Any())
        {
            _ = text.Append(".SH COMMANDS\n");
            foreach (var each in page.Subcommands)
                _ = text.Append($".TP\n.B {Text(each.Title)}\n{Line(each.Command.Description!)}\n");
        }

        if (page.Arguments.Any())
        {
            _ = text.Append(".SH ARGUMENTS\n");
            foreach (var argument in page.Arguments)
                _ = text.Append($".TP\n.I {Text(argument.Name)}\n{Line(argument.Description ?? "")}\n");
        }

        Option[] options = [.. page.Options, .. page.CommonOnes];
        if (options.Length > 0)
            _ = text.Append(".SH OPTIONS\n");
        foreach (var option in options)
            _ = text.Append($".TP\n{Names(option)}\n{Line(CommandPage.TextOf(option))}\n");
        if (isProgram)
            _ = text.Append(Environment);
        foreach (var block in page.Blocks.Where(block => block.IsExample))
            _ = text.Append($".SH EXAMPLES\n{Literal(block.Lines)}");
        var others = isProgram ? program.WithAllBelow().Skip(1) : page.Subcommands.Prepend(program);
        return text.Append(".SH SEE ALSO\n").AppendJoin(",\n", others.Select(each => $"\\fB{Text(FileOf(each))}\\fR(1)")).Append('\n').ToString();
    }

    private const string Environment = """
        .SH ENVIRONMENT
        .TP
        .B DATAPREP_CONFIG
        JSON file with settings: options by their names without dashes, and an object for each command
        .TP
        .BR DATAPREP_COMMAND_OPTION ", " DATAPREP_OPTION
        an option of a command, or of every command that has it, as in
        .B DATAPREP_PACK_THREADS=8
        .TP
        .B DATAPREP_SHA256
        name of the SHA\-256 kernel to use
        .TP
        .B NO_COLOR
        progress is drawn without colours

        """;

    private static string FileOf(CommandPage page) => page.Title.Replace(' ', '-');

    private static string Names(Option option)
    {
        string value = CommandPage.ValueOf(option) is { } name ? $" \\fI{Text(name)}\\fR" : "";
        return string.Join(", ", CommandPage.NamesOf(option).Select(each => $"\\fB{Text(each)}\\fR")) + value;
    }

    private static string Literal(string[] lines) => $".PP\n.RS 4\n.nf\n{string.Join('\n', lines.Select(Line))}\n.fi\n.RE\n";

    /// <summary>A line of text. One that begins with a dot or a quote would be a request.</summary>
    private static string Line(string text) => text is ['.' or '\'', ..] ? "\\&" + Text(text) : Text(text);

    private static string Text(string text) => text.Replace("\\", "\\e").Replace("-", "\\-").Replace("'", "\\(aq").Replace("^", "\\(ha").Replace("~", "\\(ti").Replace("`", "\\(ga");

    private static string LowerFirst(string text) => char.ToLowerInvariant(text[0]) + text[1..];
}
