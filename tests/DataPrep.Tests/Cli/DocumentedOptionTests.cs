using System.Text.RegularExpressions;
using DataPrep.Tests.Docs;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>The commands and options that the documentation names are those that the tool has.</summary>
public sealed partial class DocumentedOptionTests
{
    /// <summary>Options that stand alone in backticks, and are of other tools.</summary>
    private static readonly string[] OfOthers =
    [
        "--hidden", "--wallet", "--check-integrity", // ipfs, boost, aria2c
        "--array", "--cpus-per-task", "--signal", "--mem", "--time", "--resume-failed", "--sshlogin", // sbatch, GNU parallel
    ];

    [Fact]
    public void CommandsAndOptionsOfThePagesAreThere()
    {
        var options = Options("", DataPrepProcess.Run("--help").Expect(0).Output).ToDictionary();
        var every = options.Values.SelectMany(names => names).Concat(OfOthers).ToHashSet();
        var unknown = new List<string>();
        int found = 0;
        foreach (string path in MarkdownPage.All().Where(path => !path.EndsWith("CHANGELOG.md", StringComparison.Ordinal) && !path.Contains("/benchmarks/", StringComparison.Ordinal)))
        {
            foreach (var (line, code) in Joined(new MarkdownPage(path).Code))
            {
                foreach (var (command, words) in Calls(code, options))
                {
                    found++;
                    var known = options.GetValueOrDefault(command) ?? [];
                    unknown.AddRange(Option().Matches(words).Select(match => match.Value).Where(name => !known.Contains(name))
                        .Select(name => $"{Path.GetRelativePath(Checkout.Root, path)}:{line}: {command} has no {name}"));
                    if (!options.ContainsKey(command))
                        unknown.Add($"{Path.GetRelativePath(Checkout.Root, path)}:{line}: there is no command {command}");
                }

                if (Alone().Match(code) is { Success: true } alone && !every.Contains(alone.Groups[1].Value))
                    unknown.Add($"{Path.GetRelativePath(Checkout.Root, path)}:{line}: no command has {alone.Groups[1].Value}");
            }
        }

        Assert.True(unknown.Count == 0, string.Join('\n', unknown));
        Assert.True(found > 150, $"{found}");
    }

    /// <summary>The options of each command that a help text lists, and of the commands below it.</summary>
    private static IEnumerable<KeyValuePair<string, HashSet<string>>> Options(string above, string help)
    {
        int commands = help.IndexOf("\nCommands:\n", StringComparison.Ordinal);
        if (commands < 0)
            yield break;
        int end = help.IndexOf("\n\n", commands, StringComparison.Ordinal);
        foreach (Match match in Listed().Matches(help[commands..end]))
        {
            string name = above + match.Groups[1].Value;
            string own = DataPrepProcess.Run([.. name.Split(' '), "--help"]).Expect(0).Output;
            yield return new(name, [.. OptionLines().Matches(own).SelectMany(line => Option().Matches(line.Value)).Select(option => option.Value)]);
            foreach (var below in Options(name + " ", own))
                yield return below;
        }
    }

    /// <summary>Lines of code, those that end with a backslash with the line that follows.</summary>
    private static IEnumerable<(int Line, string Text)> Joined(List<(int Line, string Text)> code)
    {
        string before = "";
        foreach (var (line, text) in code)
        {
            if (text.EndsWith('\\'))
            {
                before += text[..^1];
                continue;
            }

            yield return (line, before + text);
            before = "";
        }
    }

    /// <summary>Calls of the tool in a line: behind its name, or in a line that begins with one of its commands.</summary>
    private static IEnumerable<(string Command, string Words)> Calls(string line, Dictionary<string, HashSet<string>> options)
    {
        // What stands in single quotes may be a command of its own; behind a # there are remarks
        string code = Remark().Replace(Quoted().Replace(line, "X"), "");
        foreach (Match match in Call().Matches(code))
            yield return Longest(match.Groups[1].Value);
        if (options.ContainsKey(code.Split(' ')[0]) && code.Contains("--", StringComparison.Ordinal))
            yield return Longest(End().Split(code)[0]);

        (string Command, string Words) Longest(string words)
        {
            string[] split = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string two = string.Join(' ', split.Take(2));
            return (options.ContainsKey(two) ? two : split[0], words);
        }
    }

    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z0-9-]*")]
    private static partial Regex Option();

    [GeneratedRegex(@"^(--[a-z][a-z0-9-]*)(?:[ =]\S+)?$")]
    private static partial Regex Alone();

    [GeneratedRegex(@"^  ([a-z][a-z-]*)(?: |$)", RegexOptions.Multiline)]
    private static partial Regex Listed();

    [GeneratedRegex(@"^  -.*?(?:  |$)", RegexOptions.Multiline)]
    private static partial Regex OptionLines();

    [GeneratedRegex(@"(?:^|[\s(/])(?:dataprep|\$DATAPREP|""\$DATAPREP"") ([a-z][a-z-]*(?=\s|$)[^|;&<>)]*)")]
    private static partial Regex Call();

    [GeneratedRegex("[|;&<>)]")]
    private static partial Regex End();

    [GeneratedRegex("'[^']*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\s#.*$")]
    private static partial Regex Remark();
}
