using System.CommandLine;
using System.Text;

namespace DataPrep.Cli.Documents;

/// <summary>Completion for bash: a script that knows all commands, and starts nothing.</summary>
internal static class BashCompletion
{
    public static string Write(CommandPage program)
    {
        var cases = new StringBuilder();
        foreach (var page in program.WithAllBelow())
            _ = cases.Append(Case(page));
        string below = string.Join('\n', program.WithAllBelow().Where(page => page.Subcommands.Any()).SelectMany(page => page.Subcommands
            .Select(each => $"      '{string.Join(' ', page.Path)}:{each.Path[^1]}') command='{string.Join(' ', each.Path)}' ;;")));
        return $$"""
            # bash completion for dataprep; written by `dataprep completion bash`

            _dataprep() {
              local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
              local command='' literal='' options='' commands='' words='' folders='' files='' others='' arguments='' kind='' i
              COMPREPLY=()

              # What stands behind an equals sign is a word of its own to bash
              if [[ $cur == '=' ]]; then
                cur=''
              elif [[ $prev == '=' ]]; then
                prev=${COMP_WORDS[COMP_CWORD - 2]}
              fi

              for ((i = 1; i < COMP_CWORD; i++)); do
                case "$command:${COMP_WORDS[i]}" in
                  *:--) literal=yes; break ;;
            {{below}}
                esac
              done

              case "$command" in
            {{cases.ToString().TrimEnd('\n')}}
              esac

              if [[ -n $literal ]]; then
                kind=$arguments
              elif [[ " $others " == *" $prev "* ]]; then
                return
              elif [[ " $folders " == *" $prev "* ]]; then
                kind='folder'
              elif [[ " $files " == *" $prev "* ]]; then
                kind='file'
              elif [[ -n $words ]]; then
                kind=words
              elif [[ $cur == -* ]]; then
                words=$options kind=words
              elif [[ -n $commands ]]; then
                words=$commands kind="words $arguments"
              else
                kind=$arguments
              fi

              for i in $kind; do
                case $i in
                  words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
                  folder) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur") ;;
                  file) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur") ;;
                esac
              done
            }
            complete -F _dataprep dataprep

            """;
    }

    private static string Case(CommandPage page)
    {
        var options = page.Options.Concat(page.CommonOnes).ToList();
        var text = new StringBuilder($"    '{string.Join(' ', page.Path)}')\n");
        void Set(string name, IEnumerable<string> values)
        {
            if (values.Any())
                _ = text.Append($"      {name}='{string.Join(' ', values)}'\n");
        }

        Set("options", options.SelectMany(CommandPage.NamesOf).Append("--help").Distinct().Where(name => name.Length > 2).Order(StringComparer.Ordinal));
        Set("commands", page.Subcommands.Select(each => each.Path[^1]));
        Set("folders", Of(ValueKind.Folder));
        Set("files", Of(ValueKind.File));
        Set("others", Of(ValueKind.Other));
        Argument[] arguments = [.. page.Arguments];
        var wordsOf = options.Where(option => CompletedValue.Of(option).Kind == ValueKind.Words).ToList();
        if (wordsOf.Count > 0)
        {
            _ = text.Append("      case $prev in\n");
            foreach (var option in wordsOf)
                _ = text.Append($"        {string.Join(" | ", CommandPage.NamesOf(option))}) words='{string.Join(' ', CompletedValue.Of(option).Words)}' ;;\n");
            _ = text.Append("      esac\n");
        }

        if (arguments.Length > 0)
        {
            var value = CompletedValue.Of(arguments[0]);
            Set(value.Kind == ValueKind.Words ? "commands" : "arguments", value.Kind switch { ValueKind.Words => value.Words, ValueKind.Folder => ["folder"], ValueKind.File => ["file"], _ => [] });
        }

        return text.Append("      ;;\n").ToString();

        IEnumerable<string> Of(ValueKind kind) => options.Where(option => CompletedValue.Of(option).Kind == kind).SelectMany(CommandPage.NamesOf);
    }
}
