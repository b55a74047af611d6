namespace DataPrep.Source;

/// <summary>Patterns in their order, of which the last that matches decides.</summary>
internal sealed class IgnoreRules(IReadOnlyList<IgnorePattern> patterns)
{
    private readonly IgnorePattern[] patterns = [.. patterns];

    public IReadOnlyList<IgnorePattern> Patterns => patterns;

    /// <summary>Number of the pattern that decides about a path, or -1. What is above the path is not looked at.</summary>
    /// <param name="path">Relative, parts joined by '/'.</param>
    /// <param name="name">Where in the path the last part begins.</param>
    public int LastMatch(ReadOnlySpan<byte> path, int name, bool isFolder)
    {
        for (int i = patterns.Length - 1; i >= 0; i--)
        {
            if (patterns[i].Matches(path, name, isFolder))
                return i;
        }

        return -1;
    }

    /// <summary>Whether the last pattern that matches is none that takes back.</summary>
    public bool Match(ReadOnlySpan<byte> path, int name, bool isFolder) =>
        LastMatch(path, name, isFolder) is >= 0 and var i && !patterns[i].IsNegated;

    /// <summary>Whether any pattern could match anything below a folder.</summary>
    /// <param name="folder">The folder's path and a slash.</param>
    public bool MayMatchBelow(ReadOnlySpan<byte> folder)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.MayMatchBelow(folder))
                return true;
        }

        return false;
    }

    /// <summary>The patterns of a file in the syntax of gitignore, with the numbers of their lines, from 1.</summary>
    public static List<(int Line, IgnorePattern Pattern)> Read(ReadOnlySpan<byte> content)
    {
        if (content.StartsWith("\uFEFF"u8))
            content = content[3..];
        var patterns = new List<(int, IgnorePattern)>();
        int number = 0;
        foreach (var range in content.Split((byte)'\n'))
        {
            number++;
            var line = content[range];
            if (line is [.., (byte)'\r'])
                line = line[..^1];
            // To git, in whose language a NUL ends a text, the rest of such a line is not there.
            if (line.IndexOf((byte)0) is >= 0 and var nul)
                line = line[..nul];
            if (line is [(byte)'#', ..])
                continue;
            line = WithoutClosingSpaces(line);
            if (!line.IsEmpty)
                patterns.Add((number, new IgnorePattern(line)));
        }

        return patterns;
    }

    private static ReadOnlySpan<byte> WithoutClosingSpaces(ReadOnlySpan<byte> line)
    {
        int end = 0;
        for (int i = 0; i < line.Length; i++)
        {
            // A backslash keeps the space behind it.
            if (line[i] == '\\')
                end = Math.Min(++i + 1, line.Length);
            else if (line[i] != ' ')
                end = i + 1;
        }

        return line[..end];
    }
}
