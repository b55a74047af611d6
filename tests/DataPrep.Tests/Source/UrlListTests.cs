using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class UrlListTests : IDisposable
{
    private readonly RemotePack pack = new();

    private ObjectServer Server => pack.Server;

    public void Dispose() => pack.Dispose();

    private static List<string> Paths(SourceTree tree) =>
        [.. Enumerable.Range(0, tree.Count).Where(i => tree[i].Kind == EntryKind.File).Select(i => Encoding.UTF8.GetString(tree.DatasetPath(i)))];

    private SourceTree Scan(string list, ScanOptions? options = null)
    {
        using var source = pack.OfList(list);
        return RemotePack.Scan(source, options);
    }

    [Fact]
    public void APathIsThatOfTheUrlOrWhatIsSaid()
    {
        foreach (string path in (string[])["/b/x%20y.bin", "/b/~u", "/c", "/d", "/q", "/b-", "/%C3%A9"])
            Server.Put(path, [1]);
        string list = pack.List("# a comment", "", "/b/x%20y.bin", "/b/%7Eu\r", "/c\tother/place.bin", "/q?id=7&sig=%2F", "/d", "/b-", "/%C3%A9");
        using var source = pack.OfList(list);
        var tree = RemotePack.Scan(source);
        Assert.Equal(["b/x y.bin", "b/~u", "b-", "d", "other/place.bin", "q", "\u00e9"], Paths(tree));
        Assert.Equal("list", Encoding.UTF8.GetString(tree.Name(0)));
        string[] urls = [.. Enumerable.Range(0, tree.Count).Where(i => tree[i].Kind == EntryKind.File).Select(i => source.Locate(tree, i))];
        Assert.Equal(((string[])["/b/x%20y.bin", "/b/~u", "/b-", "/d", "/c", "/q?id=7&sig=%2F", "/%C3%A9"]).Select(path => Server.Url + path), urls);
        Assert.Equal(3, tree.Anchored.Count()); // the root, and what its path does not lead to
        Assert.Equal([$"urls:{list}"], source.Names);
    }

    [Fact]
    public void WithSeveralHostsEachHasAFolder()
    {
        using var other = new ObjectServer();
        Server.Put("/a", [1]);
        other.Put("/a", [1, 2]);
        other.Put("/z", [1, 2, 3]);
        string list = pack.List("/a", other.Url + "/a", other.Url + "/z\tsaid");
        using var source = pack.OfList(list);
        var tree = RemotePack.Scan(source);
        string mine = Server.Url["http://".Length..], its = other.Url["http://".Length..];
        Assert.Equal(((string[])[$"{mine}/a", $"{its}/a", "said"]).Order(StringComparer.Ordinal), Paths(tree));
        Assert.Equal(6, Enumerable.Range(0, tree.Count).Sum(i => tree[i].Size));
    }

    [Theory]
    [InlineData("ftp://a/b", "line 2", "no http or https URL")]
    [InlineData("nothing", "line 2", "no http or https URL")]
    [InlineData("http://h/a/../b", "line 2", "'..'")]
    [InlineData("http://h/a/%2e%2E/b", "line 2", "'..'")]
    [InlineData("http://h/a//b", "line 2", "empty")]
    [InlineData("http://h/a/", "line 2", "slash")]
    [InlineData("http://h", "line 2", "slash")]
    [InlineData("http://h/a%2Fb", "line 2", "encoded slash")]
    [InlineData("http://h/a%2", "line 2", "hexadecimal")]
    [InlineData("http://h/a%00", "line 2", "NUL")]
    [InlineData("http://h/a\t../b", "line 2", "'..'")]
    [InlineData("http://h/a\t", "line 2", "empty")]
    [InlineData("http://u:secret@h/a", "line 2", "--http-header")]
    [InlineData("http://h/x\na\tb\n", "line 3", "no http or https URL")]
    [InlineData("http://h/x\nhttp://h/y\tx", "line 3", "line 2")]
    public void LinesThatAreWrongAreNamed(string lines, string number, string problem)
    {
        string list = pack.List("# first", lines);
        var wrong = Assert.Throws<SourceException>(() => Scan(list));
        Assert.True(wrong.IsUsage);
        Assert.Contains(list, wrong.Message, StringComparison.Ordinal);
        Assert.Contains($"{number}: ", wrong.Message, StringComparison.Ordinal);
        Assert.Contains(problem, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LongLinesAndEmptyListsAreRefused()
    {
        Assert.Contains("line 1", Assert.Throws<SourceException>(() => Scan(pack.List("http://h/" + new string('a', 70_000)))).Message, StringComparison.Ordinal);
        Assert.Contains("names no URL", Assert.Throws<SourceException>(() => Scan(pack.List("#"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AListMayComeFromAServer()
    {
        Server.Put("/a", [1]);
        Server.Put("/lists/mine.txt", Encoding.UTF8.GetBytes($"{Server.Url}/a"));
        Server.Fault = request => request.Number == 0 ? new ServedFault { Status = 503 } : null;
        var tree = Scan($"{Server.Url}/lists/mine.txt");
        Assert.Equal(["a"], Paths(tree));
        Assert.Equal("mine", Encoding.UTF8.GetString(tree.Name(0)));
        Assert.Contains("404", Assert.Throws<SourceException>(() => Scan($"{Server.Url}/none")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsExcludedIsNotAskedFor()
    {
        foreach (string path in (string[])["/a.nc", "/b.txt", "/.h/c.nc", "/d/e.nc"])
            Server.Put(path, [1]);
        var selection = new Selection([new IgnorePattern("*.nc"u8.ToArray())], [new IgnorePattern("/d/"u8.ToArray())]);
        Assert.Equal(["a.nc"], Paths(Scan(pack.List("/a.nc", "/b.txt", "/.h/c.nc", "/d/e.nc"), new ScanOptions(Hidden: false, Selection: selection))));
        Assert.Single(Server.Requests);
    }
}
