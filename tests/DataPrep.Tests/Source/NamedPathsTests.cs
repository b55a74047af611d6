using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class NamedPathsTests
{
    [Fact]
    public void PathsAreCleanedSortedAndNamedOnce()
    {
        var named = Read("b\n./a//x/\n\na.b\na/y\n/base/dir/c\na/q/../x\n/base/./dir/a-z\n");
        Assert.Equal(["a/x", "a/y", "a-z", "a.b", "b", "c"], All(named));
        Assert.Equal(All(named), All(Read("c\0b\0a.b\0a-z\0a/y\0a/x\0")));
        Assert.Equal(named.Digest, Read("c\0b\0a.b\0a-z\0a/y\0a/x").Digest);
        Assert.NotEqual(named.Digest, Read("b").Digest);
        Assert.Equal(["a\nb", "c "], All(Read("c \0a\nb\0")));
    }

    [Fact]
    public void ARangeKnowsItsNames()
    {
        var named = Read("a/x\na/y/1\na/y\na/z/1\na-z\nab/c\n");
        Assert.Equal(["a", "a-z", "ab"], Names(named, named.Root));
        var a = named.Below(named.Root, "a"u8);
        Assert.False(a.IsEverything);
        Assert.Equal(["x", "y", "z"], Names(named, a));
        Assert.True(named.Below(a, "x"u8).IsEverything);
        Assert.True(named.Below(a, "y"u8).IsEverything); // of which a path below is named too
        Assert.Equal(["1"], Names(named, named.Below(a, "z"u8)));
        Assert.True(named.Below(named.Root, "a-z"u8).IsEverything);
        var none = named.Below(named.Root, "aa"u8);
        Assert.Equal((false, none.End), (none.IsEverything, none.Begin));
        Assert.False(named.Below(named.Root, "0"u8).IsEverything);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("./")]
    [InlineData("/base/dir")]
    [InlineData("x/..")]
    [InlineData("b\n.\na")]
    public void TheFolderItselfIsEverything(string list) => Assert.True(Read(list).Root.IsEverything);

    [Theory]
    [InlineData("a\n\n../b\n", "line 3: '../b'")]
    [InlineData("a/../../b", "line 1: 'a/../../b'")]
    [InlineData("ok\n/base/dirt/x", "line 2: '/base/dirt/x'")]
    [InlineData("/base", "line 1")]
    [InlineData("/base/dir/../x", "line 1")]
    [InlineData("/", "line 1")]
    [InlineData("ok\0/etc/passwd\0", "path 2: '/etc/passwd'")]
    [InlineData("", "no path")]
    [InlineData("\n\n", "no path")]
    [InlineData("\0", "no path")]
    public void WhatIsOutsideIsNamed(string list, string message)
    {
        var error = Assert.Throws<SourceException>(() => Read(list));
        Assert.True(error.IsUsage);
        Assert.StartsWith("the-list: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyOfTheFoldersPathsWillDo()
    {
        var named = NamedPaths.Read("/link/a\n/real/b\nc\n"u8.ToArray(), "the-list", "/link"u8.ToArray(), "/real"u8.ToArray());
        Assert.Equal(["a", "b", "c"], All(named));
        Assert.Equal(["etc/passwd"], All(NamedPaths.Read("/etc/passwd"u8.ToArray(), "the-list", "/"u8.ToArray())));
    }

    /// <summary>Against sets of strings.</summary>
    [Fact]
    public void RandomListsAreWalkedWhole()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            string[] paths = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => "a.b-c"[random.Next(5)].ToString() + (char)random.Next('0', '3'))))];
            var expected = paths.Where(path => !paths.Any(other => path.StartsWith(other + "/", StringComparison.Ordinal))).Distinct().Order(StringComparer.Ordinal);
            var named = Read(string.Join('\n', paths));
            var found = new List<string>();
            void Walk(NamedRange folder, string path)
            {
                foreach (string name in Names(named, folder))
                {
                    var below = named.Below(folder, Encoding.UTF8.GetBytes(name));
                    if (below.IsEverything)
                        found.Add(path + name);
                    else
                        Walk(below, path + name + "/");
                }
            }

            Walk(named.Root, "");
            Assert.Equal(expected, found.Order(StringComparer.Ordinal));
        }
    }

    private static NamedPaths Read(string list) => NamedPaths.Read(Encoding.UTF8.GetBytes(list), "the-list", "/base/dir"u8.ToArray());

    private static List<string> All(NamedPaths named)
    {
        var all = new List<string>();
        for (int i = named.Root.Begin; i < named.Root.End; i++)
            all.Add(PathText.Show(named[i]));
        return all;
    }

    private static List<string> Names(NamedPaths named, NamedRange range)
    {
        var names = new List<string>();
        for (int place = range.Begin; place < range.End;)
            names.Add(PathText.Show(named.NextName(range, ref place)));
        return names;
    }
}
