using System.Text;
using DataPrep.Source;

namespace DataPrep.Tests.Source;

/// <summary>What a selection takes of a tree, entry by entry and from the rules alone. All text is Latin-1, a character a byte.</summary>
internal sealed class PlainRules
{
    private readonly SortedDictionary<string, bool> entries;
    private readonly IgnoreRules include;
    private readonly IgnoreRules exclude;
    private readonly List<string>? listed;

    public PlainRules(SortedDictionary<string, bool> entries, IEnumerable<IgnorePattern> include, IEnumerable<IgnorePattern> exclude, List<string>? listed)
    {
        (this.entries, this.include, this.exclude, this.listed) = (entries, new IgnoreRules([.. include]), new IgnoreRules([.. exclude]), listed);
        byte[] list = Encoding.Latin1.GetBytes(string.Concat((listed ?? []).Select(path => path + "\0")));
        Selection = new Selection(this.include.Patterns, this.exclude.Patterns, listed is null ? null : NamedPaths.Read(list, "list", "/"u8.ToArray()));
    }

    public Selection Selection { get; }

    /// <summary>What is asked for, and the folders around it.</summary>
    public IEnumerable<string> Taken
    {
        get
        {
            var asked = entries.Keys.Where(path => IsAskedFor(path, entries[path])).ToHashSet();
            return entries.Keys.Where(path => asked.Contains(path) || asked.Any(other => other.StartsWith(path + "/", StringComparison.Ordinal)));
        }
    }

    /// <summary>What the list names, and is asked for, but is not there. Below a named folder all is taken, and nothing missed.</summary>
    public IEnumerable<string> Missing =>
        (listed ?? []).Distinct().Order(StringComparer.Ordinal)
            .Where(path => !entries.ContainsKey(path) && !WithFolders(path).SkipLast(1).Any(listed!.Contains) && IsAskedFor(path, false));

    private bool IsAskedFor(string path, bool isFolder)
    {
        var parts = WithFolders(path).Select(part => (Path: part, IsFolder: part.Length < path.Length || isFolder)).ToList();
        return !parts.Any(part => Match(exclude, part.Path, part.IsFolder))
            && (include.Patterns.Count == 0 || parts.Any(part => Match(include, part.Path, part.IsFolder)))
            && (listed is null || parts.Any(part => listed.Contains(part.Path)));
    }

    private static bool Match(IgnoreRules rules, string path, bool isFolder) =>
        rules.Match(Encoding.Latin1.GetBytes(path), path.LastIndexOf('/') + 1, isFolder);

    /// <summary>The folders that a path is in, and itself.</summary>
    private static IEnumerable<string> WithFolders(string path)
    {
        for (int slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
            yield return path[..slash];
        yield return path;
    }
}
