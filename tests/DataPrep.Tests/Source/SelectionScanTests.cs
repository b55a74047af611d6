using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>What a scan takes of random trees under random selections, held against the rules said plainly.</summary>
public sealed class SelectionScanTests
{
    [Theory]
    [InlineData(1, true, false, false)]
    [InlineData(2, true, true, false)]
    [InlineData(3, false, true, false)]
    [InlineData(4, false, false, true)]
    [InlineData(5, true, true, true)]
    public void WhatIsTakenIsWhatTheRulesSay(int firstSeed, bool includes, bool excludes, bool listed)
    {
        int taken = 0, left = 0;
        for (int seed = firstSeed * 1000; seed < (firstSeed * 1000) + 150; seed++)
        {
            using var temp = new TempFolder();
            var made = new IgnoreCase(seed);
            made.Make(temp.Of("root"));
            var random = new Random(seed);
            var rules = new PlainRules(
                made.Entries,
                includes ? Patterns(made).Where(p => !p.IsNegated) : [],
                excludes ? Patterns(made).Take(includes ? 2 : 9) : [],
                listed ? Listed(made, random) : null);
            var trees = new[] { 1, 2, 16 }.Select(threads => ScanTwin.All(Scan(temp.Of("root"), rules.Selection, threads))).ToList();
            var tree = Scan(temp.Of("root"), rules.Selection, 1);
            Assert.Equal(rules.Taken, Paths(tree));
            Assert.Equal(rules.Missing, tree.Skipped.Select(s => Encoding.Latin1.GetString(s.Path)).Order(StringComparer.Ordinal));
            Assert.All(trees, other => Assert.Equal(trees[0], other));
            (taken, left) = (taken + tree.Count - 1, left + made.Entries.Count - tree.Count + 1);
        }

        Assert.True(taken > 100 && left > 100, $"{taken} taken, {left} left out");
    }

    [Fact]
    public void WhatIsExcludedIsNeitherReadNorNoted()
    {
        using var temp = Tree("keep", "gone/file", "gone/deep/file");
        NativeFiles.MakeFifo(Encoding.UTF8.GetBytes(temp.Of("root", "pipe.tmp")));
        NativeFiles.MakeFifo(Encoding.UTF8.GetBytes(temp.Of("root", "gone", "pipe")));
        var tree = Scan(temp.Of("root"), Selection([], ["gone", "*.tmp"]), 2);
        Assert.Equal(["keep"], Paths(tree));
        Assert.Empty(tree.Skipped);
        Assert.Equal(["keep"], Paths(Scan(temp.Of("root"), Selection(["keep"], []), 2)));
        Assert.Equal("pipe.tmp", PathText.Show(Assert.Single(Scan(temp.Of("root"), Selection(["*.tmp"], []), 1).Skipped).Path));
    }

    [Fact]
    public void EachSourceHasItsOwnPathsAndStays()
    {
        using var temp = Tree("a/top", "a/sub/top", "b/sub/x", "file");
        string[] sources = [temp.Of("root", "a") + "/", temp.Of("root", "b"), temp.Of("root", "file")];
        var tree = LocalScanner.Scan(sources, new ScanOptions(Selection: Selection(["/top"], [])), TestContext.Current.CancellationToken);
        Assert.Equal(["a", "a/top", "b", "file"], Paths(tree)); // to a source that is a file, patterns do not apply
    }

    [Fact]
    public void EmptyFoldersStayWhereTheyWereMeant()
    {
        using var temp = Tree("e/", "e/e/", "d/x/", "d/f");
        Assert.Equal(["e", "e/e"], Paths(Scan(temp.Of("root"), Selection(["/e"], []), 1)));
        Assert.Equal(["d", "d/x", "e", "e/e"], Paths(Scan(temp.Of("root"), Selection([], ["f"]), 1)));
        Assert.Equal(["d", "d/x"], Paths(Scan(temp.Of("root"), Selection(["x"], []), 1)));
        var bare = LocalScanner.Scan([temp.Of("root")], new ScanOptions(EmptyDirectories: false, Selection: Selection(["x", "f"], [])), TestContext.Current.CancellationToken);
        Assert.Equal(["d", "d/f"], Paths(bare));
    }

    [Fact]
    public void OfAListOnlyTheNamedIsLookedAt()
    {
        using var temp = Tree("a/x", "a/y", "b/x", ".h/x", "f");
        File.CreateSymbolicLink(temp.Of("root", "to-a"), "a");
        NativeFiles.MakeFifo(Encoding.UTF8.GetBytes(temp.Of("root", "pipe")));
        var named = NamedPaths.Read("a/x\nto-a\nto-a2/x\nf/below\n.h\ngone/1\ngone/2\n"u8.ToArray(), "list", "/"u8.ToArray());
        File.CreateSymbolicLink(temp.Of("root", "to-a2"), "a");
        var tree = Scan(temp.Of("root"), new Selection([], [], named), 2);
        Assert.Equal([".h", ".h/x", "a", "a/x", "to-a"], Paths(tree));
        Assert.Equal(["f/below vanished", "gone/1 vanished", "gone/2 vanished", "to-a2/x unreadable"], tree.Skipped.Select(s => $"{PathText.Show(s.Path)} {s.Reason}").Order());
        var tame = LocalScanner.Scan([temp.Of("root")], new ScanOptions(Hidden: false, Selection: new Selection([], [], named)), TestContext.Current.CancellationToken);
        Assert.Equal(["a", "a/x", "to-a"], Paths(tame));
        Assert.Empty(Scan(temp.Of("root"), new Selection([], [.. Patterns("gone/"u8), .. Patterns("to-*\nbelow"u8)], named), 1).Skipped);
        var error = Assert.Throws<SourceException>(() => Scan(temp.Of("root", "f"), new Selection([], [], named), 1));
        Assert.True(error.IsUsage);
    }

    [Fact]
    public void FoldersOfOtherFileSystemsCanStayClosed()
    {
        if (Posix.StatPath("/dev"u8, out var dev) != 0 || Posix.StatPath("/dev/shm"u8, out var shm) != 0 || dev.Device == shm.Device)
            Assert.Skip("/dev/shm is no file system of its own here.");
        using var temp = new TempFolder(); // in /dev/shm
        var selection = new Selection(Patterns("/shm"u8), [], null, oneFileSystem: true);
        Assert.Equal(["shm"], Paths(Scan("/dev", selection, 2)));
        Assert.Equal(2, Paths(Scan("/dev", new Selection(Patterns("/shm/dataprep-*"u8), []), 1)).Take(2).Count());
    }

    private static List<IgnorePattern> Patterns(IgnoreCase made) => Patterns(made.File);

    private static List<IgnorePattern> Patterns(ReadOnlySpan<byte> file) => [.. IgnoreRules.Read(file).Select(p => p.Pattern)];

    private static Selection Selection(string[] include, string[] exclude) =>
        new(Patterns(Encoding.UTF8.GetBytes(string.Join('\n', include))), Patterns(Encoding.UTF8.GetBytes(string.Join('\n', exclude))));

    private static List<string> Listed(IgnoreCase made, Random random) =>
        [.. made.Entries.Keys.SelectMany(path => random.Next(6) switch { 0 or 1 => (string[])[path], 2 => [path + "/none"], 3 => [path + "x/none"], _ => [] }).Append("none")];

    private static SourceTree Scan(string root, Selection selection, int threads) =>
        LocalScanner.Scan([root], new ScanOptions(Selection: selection), TestContext.Current.CancellationToken, threads: threads);

    private static List<string> Paths(SourceTree tree) =>
        [.. Enumerable.Range(1, tree.Count - 1).Select(i => Encoding.Latin1.GetString(tree.DatasetPath(i))).Order(StringComparer.Ordinal)];

    private static TempFolder Tree(params string[] paths)
    {
        var temp = new TempFolder();
        foreach (string path in paths)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(temp.Of("root", path))!);
            if (!path.EndsWith('/'))
                File.WriteAllText(temp.Of("root", path), path);
        }

        return temp;
    }
}
