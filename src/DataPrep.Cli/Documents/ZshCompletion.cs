using System.Text;

namespace DataPrep.Cli.Documents;

/// <summary>Completion for zsh: a function for each command, with what help says of its options.</summary>
internal static class ZshCompletion
{
    public static string Write(CommandPage program)
    {
        var text = new StringBuilder("#compdef dataprep\n# zsh completion for dataprep; written by `dataprep completion zsh`\n");
        foreach (var page in program.WithAllBelow())
            _ = text.Append(page.Subcommands.Any() ? Parent(page) : Leaf(page));
        // Sourced, it has to be said whose completion it is; from a folder of fpath it is called.
        return text.Append("""

            if [[ $funcstack[1] == _dataprep ]]; then
              _dataprep "$@"
            else
              compdef _dataprep dataprep
            fi

            """).ToString();
    }

    private static string Parent(CommandPage page)
    {
        var text = new StringBuilder($"\n{NameOf(page)}() {{\n  local curcontext=$curcontext state line\n  local -a commands\n  commands=(\n");
        foreach (var each in page.Subcommands)
            _ = text.Append($"    {Quoted($"{each.Path[^1]}:{CompletedValue.Short(each.Command.Description)}")}\n");
        // A command that has an argument beside its commands takes either.
        string paths = page.Arguments.Any() ? $"; {Action(CompletedValue.Of(page.Arguments.First()))}" : "";
        _ = text.Append("  )\n  _arguments -C \\\n").Append(Options(page)).Append($"    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n    command) _describe -t commands command commands{paths} ;;\n    argument)\n      case $words[1] in\n");
        foreach (var each in page.Subcommands)
            _ = text.Append($"        {each.Path[^1]}) {NameOf(each)} ;;\n");
        return text.Append("      esac\n    ;;\n  esac\n}\n").ToString();
    }

    private static string Leaf(CommandPage page)
    {
        var text = new StringBuilder($"\n{NameOf(page)}() {{\n  _arguments -s -S \\\n").Append(Options(page));
        int at = 0;
        foreach (var argument in page.Arguments)
        {
            string place = argument.Arity.MaximumNumberOfValues > 1 ? "*" : (++at).ToString(System.Globalization.CultureInfo.InvariantCulture);
            _ = text.Append($"    {Quoted($"{place}:{Plain(argument.Name)}:{Action(CompletedValue.Of(argument))}")} \\\n");
        }

        return text.Append("    && return 0\n}\n").ToString();
    }

    private static string Options(CommandPage page)
    {
        var text = new StringBuilder("    '(- *)'{-h,--help}'[Show help]' \\\n");
        foreach (var option in page.Options.Concat(page.CommonOnes).Where(option => option.Name != "--help"))
        {
            string[] names = CommandPage.NamesOf(option);
            var value = CompletedValue.Of(option);
            string description = $"[{Plain(CompletedValue.Short(option.Description))}]";
            string behind = value.Kind == ValueKind.None ? "" : $":{Plain(CommandPage.ValueOf(option)!)}:{Action(value)}";
            string before = CommandPage.IsRepeatable(option) ? "*" : $"({string.Join(' ', names)})";
            foreach (string name in names)
            {
                // A long option takes its value in the next word or behind an equals sign, a short one in the next word too.
                string sign = value.Kind == ValueKind.None ? "" : name.StartsWith("--", StringComparison.Ordinal) ? "=" : "+";
                _ = text.Append($"    {Quoted($"{before}{name}{sign}{description}{behind}")} \\\n");
            }
        }

        return text.ToString();
    }

    private static string Action(CompletedValue value) => value.Kind switch
    {
        ValueKind.Words => $"({string.Join(' ', value.Words)})",
        ValueKind.Folder => "_files -/",
        ValueKind.File => "_files",
        _ => " ",
    };

    private static string NameOf(CommandPage page) => string.Join('_', page.Path.Prepend("_dataprep")).Replace('-', '_');

    private static string Plain(string text) => text.Replace("\\", "\\\\").Replace(":", "\\:").Replace("[", "\\[").Replace("]", "\\]");

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''")}'";
}
