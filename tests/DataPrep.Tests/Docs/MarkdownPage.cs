using System.Text;
using System.Text.RegularExpressions;

namespace DataPrep.Tests.Docs;

/// <summary>What checks need of a page of Markdown: its links and anchors, and the code in it.</summary>
internal sealed partial class MarkdownPage
{
    private readonly Dictionary<string, int> seen = [];

    public MarkdownPage(string path)
    {
        Path = path;
        bool isCode = false;
        int number = 0;
        var text = new StringBuilder();
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
            }
            else if (isCode)
            {
                Code.Add((number, line));
            }
            else
            {
                if (Heading().Match(line) is { Success: true } heading)
                    _ = Anchors.Add(Slug(heading.Groups[1].Value));
                _ = text.Append(line).Append('\n');
                Code.AddRange(InlineCode().Matches(line).Select(match => (number, match.Groups[1].Value)));
            }
        }

        // A link may go over the end of a line, and what is in backticks is none
        Links = [.. Link().Matches(InlineCode().Replace(text.ToString(), "code")).Select(match => match.Groups[1].Value)];
    }

    public string Path { get; }

    public HashSet<string> Anchors { get; } = [];

    public List<string> Links { get; }

    /// <summary>Lines of code blocks, and what stands in backticks, with the number of the line.</summary>
    public List<(int Line, string Text)> Code { get; } = [];

    /// <summary>All pages of the checkout that are for readers.</summary>
    public static IEnumerable<string> All()
    {
        string root = Checkout.Root;
        string[] single = ["README.md", "CHANGELOG.md", "native/README.md", "samples/README.md", "src/DataPrep/README.md"];
        List<string> pages = [.. single.Select(page => System.IO.Path.Join(root, page))];
        pages.AddRange(Directory.EnumerateFiles(System.IO.Path.Join(root, "docs"), "*.md", SearchOption.AllDirectories));
        pages.AddRange(Directory.EnumerateFiles(System.IO.Path.Join(root, "deploy"), "*.md", SearchOption.AllDirectories));
        pages.AddRange(Directory.EnumerateFiles(System.IO.Path.Join(root, "benchmarks"), "*.md"));
        pages.AddRange(Directory.EnumerateFiles(System.IO.Path.Join(root, "benchmarks/results"), "*.md", SearchOption.AllDirectories));
        return pages.Order(StringComparer.Ordinal);
    }

    /// <summary>GitHub's anchor of a heading: letters, digits, hyphens and underscores in lower case, spaces as hyphens, and a number behind one that is there already.</summary>
    private string Slug(string heading)
    {
        string plain = LinkText().Replace(heading.Trim(), "$1").Replace("`", "", StringComparison.Ordinal).Replace("*", "", StringComparison.Ordinal);
        var slug = new StringBuilder();
        foreach (char c in plain.ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c) || c is '-' or '_')
                _ = slug.Append(c);
            else if (c == ' ')
                _ = slug.Append('-');
        }

        string name = slug.ToString();
        int before = seen.GetValueOrDefault(name);
        seen[name] = before + 1;
        return before == 0 ? name : $"{name}-{before}";
    }

    [GeneratedRegex(@"^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?$")]
    private static partial Regex Heading();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\[[^\[\]]*\]\(\s*([^()\s]+)\s*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\[([^\[\]]*)\]\([^()]*\)")]
    private static partial Regex LinkText();
}
