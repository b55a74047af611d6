namespace DataPrep.Source;

/// <summary>What an entry is to those who named paths.</summary>
internal enum PathMatch
{
    None,

    /// <summary>Something below it may be wanted.</summary>
    Above,

    /// <summary>It is wanted, with all below.</summary>
    Wanted,
}

/// <summary>
/// Paths of a dataset that were asked for: each names an entry, or is a pattern as <see cref="IgnorePattern"/> has them, held against whole paths.
/// What is named has the whole of what is below it named. No path at all means everything.
/// </summary>
internal sealed class PathSelection
{
    private readonly List<Wanted> wanted = [];

    /// <exception cref="FormatException">A path has a part that no path of a dataset has.</exception>
    public PathSelection(IReadOnlyList<string> paths)
    {
        IsEverything = paths.Count == 0;
        foreach (string text in paths)
        {
            string path = text.Trim('/');
            while (path.StartsWith("./", StringComparison.Ordinal))
                path = path[2..].TrimStart('/');
            if (path is "" or ".")
            {
                IsEverything = true;
                continue;
            }

            if (path.Split('/').Any(part => part is "" or "." or ".."))
                throw new FormatException($"'{text}' is no path in a dataset: it has a part that is empty, '.' or '..'");
            byte[] bytes = PathText.FromArgument(path);
            wanted.Add(new Wanted(text, bytes, new IgnorePattern([(byte)'/', .. bytes])));
        }
    }

    public bool IsEverything { get; }

    /// <summary>The paths that no entry was found for.</summary>
    public IEnumerable<string> NotFound => IsEverything ? [] : wanted.Where(path => !path.IsFound).Select(path => path.Text);

    public PathMatch Match(byte[] path)
    {
        if (IsEverything)
            return PathMatch.Wanted;
        byte[] withSlash = [.. path, (byte)'/'];
        var match = path.Length == 0 && wanted.Count > 0 ? PathMatch.Above : PathMatch.None;
        foreach (var one in wanted)
        {
            if (one.Names(withSlash))
                (one.IsFound, match) = (true, PathMatch.Wanted);
            else if (match == PathMatch.None && one.MayNameBelow(withSlash))
                match = PathMatch.Above;
        }

        return match;
    }

    private sealed class Wanted(string text, byte[] literal, IgnorePattern pattern)
    {
        public string Text => text;

        public bool IsFound { get; set; }

        /// <summary>Whether it names a path, or a folder above it.</summary>
        public bool Names(ReadOnlySpan<byte> withSlash)
        {
            for (int slash = 0; slash < withSlash.Length; slash++)
            {
                if (withSlash[slash] == '/' && (withSlash[..slash].SequenceEqual(literal) || pattern.Matches(withSlash[..slash], 0, isFolder: true)))
                    return true;
            }

            return false;
        }

        public bool MayNameBelow(ReadOnlySpan<byte> withSlash) => literal.AsSpan().StartsWith(withSlash) || pattern.MayMatchBelow(withSlash);
    }
}
