namespace DataPrep.Cli.Documents;

/// <summary>A part of what help adds: a paragraph, or lines below a heading that stay lines.</summary>
/// <param name="Heading">Without its colon; null for a paragraph.</param>
internal sealed record PageBlock(string? Heading, string[] Lines)
{
    private const string Indent = "  ";

    public bool IsExample => Heading is "Example" or "Examples";

    public string Paragraph => string.Join(' ', Lines);

    public static IEnumerable<PageBlock> Parse(string text)
    {
        foreach (string block in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = block.Trim('\n').Split('\n');
            bool isList = lines.Length > 1 && lines[0].EndsWith(':') && lines.Skip(1).All(line => line.StartsWith(Indent, StringComparison.Ordinal));
            yield return isList ? new(lines[0][..^1], [.. lines.Skip(1).Select(line => line[Indent.Length..])]) : new(null, lines);
        }
    }
}
