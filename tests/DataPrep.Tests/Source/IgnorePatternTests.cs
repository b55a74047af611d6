using System.Diagnostics;
using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class IgnorePatternTests
{
    /// <summary>A path that ends with a slash is a folder.</summary>
    [Theory]
    [InlineData("*.log", "a.log x/y/b.log .log", "a.logs log")]
    [InlineData("build", "build build/ a/build", "builds a/build.x")]
    [InlineData("build/", "build/ a/build/", "build a/build")]
    [InlineData("/build", "build build/", "a/build")]
    [InlineData("doc/frotz", "doc/frotz", "a/doc/frotz")]
    [InlineData("doc/frotz/", "doc/frotz/", "doc/frotz a/doc/frotz/")]
    [InlineData("foo/*", "foo/test.json foo/bar", "foo/bar/hello.c foo")]
    [InlineData("**/foo", "foo a/foo a/b/foo", "foox a/foo/b")]
    [InlineData("**/foo/bar", "foo/bar a/foo/bar", "bar foo/x/bar")]
    [InlineData("abc/**", "abc/x abc/x/y", "abc/ x/abc/y")]
    [InlineData("a/**/b", "a/b a/x/b a/x/y/b", "a/x/bb ab")]
    [InlineData("a?c", "abc a/axc", "ac abbc")]
    [InlineData("[a-cx]1", "a1 c1 x1", "d1 A1 1")]
    [InlineData("[!a-c]1", "d1 -1", "a1 /1")]
    [InlineData("\\!x", "!x", "x")]
    [InlineData("\\#x", "#x", "x")]
    [InlineData("a\\*", "a*", "ab")]
    [InlineData("data/*.[ch]", "data/a.c data/b.h", "data/a.cc a.c data/x/a.c")]
    public void DocumentedFormsMatch(string pattern, string matching, string other)
    {
        Assert.All(matching.Split(' '), path => Assert.True(Matches(pattern, path), path));
        Assert.All(other.Split(' '), path => Assert.False(Matches(pattern, path), path));
    }

    [Theory]
    [InlineData("", "nothing in it")]
    [InlineData("!", "nothing in it")]
    [InlineData("/", "nothing in it")]
    [InlineData("./build", "'.'")]
    [InlineData("a/../b", "'..'")]
    [InlineData("../*.log", "'..'")]
    [InlineData("a//b", "empty")]
    [InlineData("x[ab", "not closed")]
    [InlineData("[[:letters:]]", "unknown class")]
    [InlineData("x\\", "backslash")]
    public void WhatCannotMatchHasAProblem(string text, string problem) =>
        Assert.Contains(problem, new IgnorePattern(Encoding.UTF8.GetBytes(text)).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData("*.log")]
    [InlineData("a[/.]b")]
    [InlineData("/a/b/")]
    [InlineData("...")]
    [InlineData("**/.git/**")]
    [InlineData("!.*")]
    public void WhatCanMatchHasNone(string text) => Assert.Null(new IgnorePattern(Encoding.UTF8.GetBytes(text)).Problem);

    [Fact]
    public void OfAFileCommentsEmptyLinesAndClosingSpacesAreNoPatterns()
    {
        byte[] file = [.. "\uFEFFfirst  \n\n# note\n   \n\\#x\\ \r\nlast\\  \n"u8, 0xff, .. "\0cut\nend\\"u8];
        var patterns = IgnoreRules.Read(file);
        Assert.Equal([1, 5, 6, 7, 8], patterns.Select(p => p.Line));
        Assert.Equal(["first", "\\#x\\ ", "last\\ ", "\xff", "end\\"], patterns.Select(p => Encoding.Latin1.GetString(p.Pattern.Text.Span)));
        Assert.Empty(IgnoreRules.Read([]));
        Assert.Empty(IgnoreRules.Read("\n\n"u8));
    }

    [Fact]
    public void TheLastThatMatchesDecides()
    {
        var rules = new IgnoreRules([.. IgnoreRules.Read("*.log\n!keep.log\n/keep.log\n"u8).Select(p => p.Pattern)]);
        Assert.Equal(0, rules.LastMatch("x/a.log"u8, 2, false));
        Assert.Equal(1, rules.LastMatch("x/keep.log"u8, 2, false));
        Assert.Equal(2, rules.LastMatch("keep.log"u8, 0, false));
        Assert.Equal(-1, rules.LastMatch("keep"u8, 0, false));
        Assert.Equal([true, false, true, false], new[] { "x/a.log", "x/keep.log", "keep.log", "x" }.Select(path => rules.Match(Encoding.UTF8.GetBytes(path), path.LastIndexOf('/') + 1, false)));
    }

    /// <summary>A matcher that tries every way would not end.</summary>
    [Fact(Timeout = 20_000)]
    public Task HostilePatternsEnd() => Task.Run(() =>
    {
        string[] patterns =
        [
            "**/" + string.Concat(Enumerable.Repeat("a*", 100)) + "b",
            "**/a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q*r*s*t*u*v*w*x*y*z*",
            "/" + string.Concat(Enumerable.Repeat("**/a/", 200)) + "b",
            "/" + string.Concat(Enumerable.Repeat("*a", 1000)) + "*b",
            string.Concat(Enumerable.Repeat("**/*", 300)) + "/b",
            string.Concat(Enumerable.Repeat("a*/", 300)) + "**/b",
            "**/" + string.Concat(Enumerable.Repeat("*/", 1000)) + "b",
            string.Concat(Enumerable.Repeat("[a-z]*[!b]*?*", 300)) + "/b",
            "a" + new string('*', 10_000) + "b/c",
            string.Concat(Enumerable.Repeat("**\\/a*", 300)) + "b",
        ];
        string[] paths =
        [
            new string('a', 255),
            string.Join('/', Enumerable.Repeat(new string('a', 255), 15)),
            string.Join('/', Enumerable.Repeat("a", 2000)),
            string.Join('/', Enumerable.Repeat("abcdefghijklmnopqrstuvwxyabcdefghijklmnopqrstuvwxy", 80)),
            string.Join('/', Enumerable.Repeat("aab", 1000)),
        ];
        var clock = Stopwatch.StartNew();
        foreach (string pattern in patterns)
        {
            foreach (string path in paths)
            {
                var compiled = new IgnorePattern(Encoding.UTF8.GetBytes(pattern));
                byte[] bytes = Encoding.UTF8.GetBytes(path);
                _ = compiled.Matches(bytes, bytes.AsSpan().LastIndexOf((byte)'/') + 1, false);
                _ = compiled.MayMatchBelow([.. bytes, (byte)'/']);
            }
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{clock.Elapsed}");
    }, TestContext.Current.CancellationToken);

    [Fact]
    public void AFolderThatCouldHoldAMatchIsKnown()
    {
        Assert.True(MayMatchBelow("*.csv", "any/"));
        Assert.True(MayMatchBelow("/data/2024/*.csv", "data/"));
        Assert.True(MayMatchBelow("/data/2024/*.csv", "data/2024/"));
        Assert.False(MayMatchBelow("/data/2024/*.csv", "data/2023/"));
        Assert.False(MayMatchBelow("/data/2024/*.csv", "data/2024/x/"));
        Assert.False(MayMatchBelow("/data/2024/a.csv", "data/20/"));
        Assert.False(MayMatchBelow("/data", "data/"));
        Assert.True(MayMatchBelow("d*/x", "deep/"));
        Assert.False(MayMatchBelow("d*/x", "x/"));
        Assert.True(MayMatchBelow("a/**/x", "a/b/c/"));

        // Whatever random pattern matches a path, its folders could have told.
        for (int seed = 0; seed < 400; seed++)
        {
            var made = new IgnoreCase(seed);
            foreach (var (_, pattern) in IgnoreRules.Read(made.File))
            {
                foreach (var (path, isFolder) in made.Entries)
                {
                    byte[] bytes = Encoding.Latin1.GetBytes(path);
                    if (!pattern.Matches(bytes, path.LastIndexOf('/') + 1, isFolder))
                        continue;
                    for (int slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
                        Assert.True(pattern.MayMatchBelow(bytes.AsSpan(0, slash + 1)), $"seed {seed}: '{PathText.Show(pattern.Text.Span)}' and '{path}'");
                }
            }
        }
    }

    private static bool Matches(string pattern, string path)
    {
        string entry = path.TrimEnd('/');
        return new IgnorePattern(Encoding.UTF8.GetBytes(pattern)).Matches(Encoding.UTF8.GetBytes(entry), entry.LastIndexOf('/') + 1, path.EndsWith('/'));
    }

    private static bool MayMatchBelow(string pattern, string folder) =>
        new IgnorePattern(Encoding.UTF8.GetBytes(pattern)).MayMatchBelow(Encoding.UTF8.GetBytes(folder));
}
