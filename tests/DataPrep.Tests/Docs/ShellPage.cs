using System.Text;
using System.Text.RegularExpressions;
using DataPrep.Tests.Cli;
using Xunit;

namespace DataPrep.Tests.Docs;

/// <summary>
/// A page of docs whose blocks are run, in their order, in one shell that stops at the first error. Blocks of <c>sh</c> are run as they
/// stand. In blocks of <c>console</c> each line behind <c>$ </c> is run, and the lines below it are what it prints, on both outputs: <c>...</c> in a
/// line stands for anything, and a line of <c>...</c> alone for any lines. Other blocks are only shown.
/// </summary>
internal sealed class ShellPage
{
    private const char Mark = '\x1e';

    private readonly StringBuilder script = new();
    private readonly List<(string Command, List<string> Expected)> steps = [];

    public ShellPage(string name)
    {
        _ = script.Append("set -e\nexec 2>&1\nexport LC_ALL=C\nPATH=\"$(dirname \"$D\"):$PATH\"\ncd \"$1\"\n");
        string language = "";
        foreach (string line in File.ReadLines(Path.Join(Checkout.Root, "docs", name)))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                language = language.Length == 0 ? line[3..] : "";
            else if (language == "sh")
                _ = script.Append(line).Append('\n');
            else if (language == "console" && line.StartsWith("$ ", StringComparison.Ordinal))
                Add(line[2..]);
            else if (language == "console")
                steps[^1].Expected.Add(line);
        }
    }

    /// <summary>Runs the page in an empty folder, and compares what its commands print; returns all output.</summary>
    public string Run(string folder)
    {
        Assert.True(script.Length > 0 && Directory.Exists(folder));
        string output = DataPrepProcess.Start("/bin/bash", ["-c", script.ToString(), "bash", folder]).Finish(seconds: 180).Expect(0).Output;
        foreach (string part in output.Split($"\n{Mark}").Where(part => part.Contains(Mark)))
        {
            int end = part.IndexOf(Mark, StringComparison.Ordinal);
            (string command, List<string> expected) = steps[int.Parse(part[..end], null)];
            string printed = part[(end + 1)..];
            if (printed.Length > 0 && printed[^1] != '\n')
                printed += '\n';
            Assert.True(Pattern(expected).IsMatch(printed), $"$ {command}\nprints\n{printed}and the page says\n{string.Join('\n', expected)}");
        }

        return output;
    }

    private void Add(string command)
    {
        _ = script.Append($"printf '\\n\\036{steps.Count}\\036'\n{command}\nprintf '\\n\\036'\n");
        steps.Add((command, []));
    }

    private static Regex Pattern(List<string> expected)
    {
        var pattern = new StringBuilder("^");
        foreach (string line in expected)
            _ = line == "..." ? pattern.Append("(?:.*\n)*?") : pattern.Append(Regex.Escape(line).Replace(@"\.\.\.", ".*", StringComparison.Ordinal)).Append('\n');
        return new Regex(pattern + "$");
    }
}
