using System.Text;

namespace DataPrep.Cli.Documents;

/// <summary>Completion for fish: a line for each command and option, with what help says of it.</summary>
internal static class FishCompletion
{
    public static string Write(CommandPage program)
    {
        var text = new StringBuilder("""
            # fish completion for dataprep; written by `dataprep completion fish`

            # Whether the command line has these commands, and no other behind them where one could be
            function __dataprep_is
                set -l words (commandline -opc)
                set -e words[1]
                set -l given (string match -v -- '-*' $words)
                test "$given[1..$(count $argv)]" = "$argv"
            end

            function __dataprep_awaits
                set -l words (commandline -opc)
                set -e words[1]
                test "$(string match -v -- '-*' $words)" = "$argv"
            end

            complete -c dataprep -f
            complete -c dataprep -s h -l help -d 'Show help'

            """);
        foreach (var page in program.WithAllBelow())
            Add(text, page);
        return text.ToString();
    }

    private static void Add(StringBuilder text, CommandPage page)
    {
        string path = string.Join(' ', page.Path), awaits = $"complete -c dataprep -n {Quoted($"__dataprep_awaits {path}".TrimEnd())}";
        string line = page.Subcommands.Any() ? awaits : $"complete -c dataprep -n {Quoted($"__dataprep_is {path}")}";
        _ = text.Append('\n');
        foreach (var each in page.Subcommands)
            _ = text.Append($"{awaits} -a {each.Path[^1]} -d {Quoted(CompletedValue.Short(each.Command.Description))}\n");
        foreach (var argument in page.Arguments.Take(1))
        {
            var value = CompletedValue.Of(argument);
            if (value.Kind == ValueKind.Words)
                _ = text.Append($"{awaits} -a {Quoted(string.Join(' ', value.Words))}\n");
            else if (Paths(value) is { Length: > 0 } paths)
                _ = text.Append($"{line} {paths}\n");
        }

        foreach (var option in page.Options.Concat(page.CommonOnes).Where(option => option.Name != "--help"))
        {
            var value = CompletedValue.Of(option);
            var names = CommandPage.NamesOf(option).Where(name => name != "-?").Select(name => name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}");
            string behind = value.Kind switch
            {
                ValueKind.None => "",
                ValueKind.Words => $" -x -a {Quoted(string.Join(' ', value.Words))}",
                ValueKind.Other => " -x",
                _ => $" -r {Paths(value)}",
            };
            _ = text.Append($"{line}{string.Concat(names)}{behind} -d {Quoted(CompletedValue.Short(option.Description))}\n");
        }
    }

    private static string Paths(CompletedValue value) => value.Kind switch
    {
        ValueKind.File => "-F",
        ValueKind.Folder => "-f -a '(__fish_complete_directories)'",
        _ => "",
    };

    private static string Quoted(string text) => $"'{text.Replace("\\", "\\\\").Replace("'", "\\'")}'";
}
