using Xunit;

namespace DataPrep.Tests.Docs;

/// <summary>Links of the documentation lead somewhere, and all of it can be found from its index.</summary>
public sealed class LinkTests
{
    private static readonly Dictionary<string, MarkdownPage> Pages = MarkdownPage.All().ToDictionary(path => path, path => new MarkdownPage(path));

    [Fact]
    public void LinksAndAnchorsResolve()
    {
        var broken = new List<string>();
        foreach (var page in Pages.Values)
        {
            foreach (string link in page.Links)
            {
                if (Fault(page, link) is { } fault)
                    broken.Add($"{Path.GetRelativePath(Checkout.Root, page.Path)}: ({link}) {fault}");
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
        Assert.True(Pages.Values.Sum(page => page.Links.Count) > 200);
    }

    /// <summary>A line of records may name its schema only in words: each is linked from the page on formats.</summary>
    [Fact]
    public void SchemasAreNamedAndThere()
    {
        string folder = Path.Join(Checkout.Root, "docs/schema");
        var there = Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal);
        var named = Pages[Path.Join(Checkout.Root, "docs/formats.md")].Links.Where(link => link.StartsWith("schema/", StringComparison.Ordinal));
        Assert.Equal(there, named.Select(link => link["schema/".Length..]).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryPageIsReachableFromTheIndex()
    {
        string docs = Path.Join(Checkout.Root, "docs"), index = Path.Join(docs, "index.md");
        var reached = new HashSet<string> { index };
        var open = new Stack<string>([index]);
        while (open.TryPop(out string? path))
        {
            foreach (string link in Pages[path].Links.Where(link => !IsExternal(link)))
            {
                // Through other pages of docs alone: the README lists them too
                string target = Target(Pages[path], link);
                if (target.StartsWith(docs, StringComparison.Ordinal) && Pages.ContainsKey(target) && reached.Add(target))
                    open.Push(target);
            }
        }

        Assert.Empty(Pages.Keys.Where(path => path.StartsWith(docs + "/", StringComparison.Ordinal)).Except(reached).Select(path => Path.GetRelativePath(docs, path)));
    }

    private static bool IsExternal(string link) => link.Contains("://", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal);

    private static string Target(MarkdownPage page, string link)
    {
        string path = Uri.UnescapeDataString(link.Split('#')[0]);
        return path.Length == 0 ? page.Path : Path.GetFullPath(path, Path.GetDirectoryName(page.Path)!).TrimEnd('/');
    }

    private static string? Fault(MarkdownPage page, string link)
    {
        if (IsExternal(link))
            return Uri.TryCreate(link, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" or "mailto" ? null : "is no address";
        string target = Target(page, link);
        if (!File.Exists(target) && !Directory.Exists(target))
            return "is not there";
        if (!target.StartsWith(Checkout.Root, StringComparison.Ordinal))
            return "is outside the checkout";
        int hash = link.IndexOf('#', StringComparison.Ordinal);
        if (hash < 0)
            return null;
        return Pages.TryGetValue(target, out var there) && there.Anchors.Contains(link[(hash + 1)..]) ? null : "has no such heading";
    }
}
