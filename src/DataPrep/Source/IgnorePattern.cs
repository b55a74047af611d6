namespace DataPrep.Source;

/// <summary>
/// One pattern in the syntax of gitignore, compiled. Paths are relative, their parts joined by '/', of any bytes.
/// Without a slash, but for one at its end, a pattern is held against the name alone; else against the whole path.
/// </summary>
internal sealed class IgnorePattern
{
    private static readonly System.Buffers.SearchValues<byte> Special = System.Buffers.SearchValues.Create("*?[\\"u8);

    private readonly bool foldersOnly;
    private readonly bool isPath;
    private readonly byte[] literal;

    // Of the two plain forms no glob is made: the text itself, and a star before text.
    private readonly bool isSuffix;
    private readonly Glob? glob;

    /// <param name="text">With the <c>!</c> of a negation, if it is one; without the spaces and the end of its line.</param>
    public IgnorePattern(ReadOnlySpan<byte> text)
    {
        Text = text.ToArray();
        IsNegated = text is [(byte)'!', ..];
        if (IsNegated)
            text = text[1..];
        Problem = PlainProblem(text);
        foldersOnly = text is [.., (byte)'/'];
        if (foldersOnly)
            text = text[..^1];
        isPath = text.Contains((byte)'/');
        if (text is [(byte)'/', ..])
            text = text[1..];

        int special = text.IndexOfAny(Special);
        isSuffix = !isPath && special == 0 && text[0] == '*' && !text[1..].ContainsAny(Special);
        literal = (isSuffix ? text[1..] : special < 0 ? text : []).ToArray();
        if (special < 0 || isSuffix)
            return;
        glob = Glob.Compile(text, isPath, special, out string problem);
        if (glob is null)
            (Problem, IsVoid) = (problem, true);
    }

    /// <summary>The pattern as it was given.</summary>
    public ReadOnlyMemory<byte> Text { get; }

    public bool IsNegated { get; }

    /// <summary>Why it is a mistake: it cannot match any path that there is; null where nothing is wrong with it.</summary>
    public string? Problem { get; }

    private bool IsVoid { get; }

    /// <param name="name">Where in the path the last part begins.</param>
    public bool Matches(ReadOnlySpan<byte> path, int name, bool isFolder)
    {
        if (IsVoid || (foldersOnly && !isFolder))
            return false;
        var text = isPath ? path : path[name..];
        return isSuffix ? text.EndsWith(literal) : glob is null ? text.SequenceEqual(literal) : glob.Matches(text);
    }

    /// <summary>Whether it could match anything below a folder, whatever is there.</summary>
    /// <param name="folder">The folder's path and a slash.</param>
    public bool MayMatchBelow(ReadOnlySpan<byte> folder)
    {
        if (IsVoid)
            return false;
        return !isPath || (glob is null ? literal.AsSpan().StartsWith(folder) : glob.MatchesBeyond(folder));
    }

    private static string? PlainProblem(ReadOnlySpan<byte> text)
    {
        if (text.Trim((byte)'/').IsEmpty)
            return "there is nothing in it to match";
        if (text[0] == '/')
            text = text[1..];
        if (text[^1] == '/')
            text = text[..^1];
        if (text.Contains((byte)'['))
            return null; // in which a slash need not end a part
        foreach (var part in text.Split((byte)'/'))
        {
            if (text[part] is [] or [(byte)'.'] or [(byte)'.', (byte)'.'])
                return "no path has a part that is empty, '.' or '..'";
        }

        return null;
    }
}
