using System.Net.Sockets;
using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class LocalScannerTests
{
    [Fact]
    public void SiblingsAreSortedByTheirBytes()
    {
        using var temp = Tree("a-b", "a.txt", "a/b", "a0", "\U0001F600", "\uFF5E", "Z", "z", "\u00e9", "e\u0301", ".hidden", "a/", "a b");
        Assert.Equal([".hidden", "Z", "a", "a/b", "a b", "a-b", "a.txt", "a0", "e\u0301", "z", "\u00e9", "\uFF5E", "\U0001F600"], Paths(Scan(temp)));
    }

    [Fact]
    public void NamesThatAreNotUtf8AreKept()
    {
        using var temp = Tree();
        byte[] root = Encoding.UTF8.GetBytes(temp.Of("root"));
        NativeFiles.MakeFile([.. root, (byte)'/', 0xff], "x"u8);
        NativeFiles.MakeFolder([.. root, (byte)'/', 0xc3]);
        NativeFiles.MakeLink([.. root, (byte)'/', 0xc3, (byte)'/', 0xfe], [0xff, 0xff]);
        var tree = Scan(temp);
        Assert.Equal(["", "C3", "C32FFE", "FF"], Enumerable.Range(0, tree.Count).Select(i => Convert.ToHexString(tree.DatasetPath(i))));
        Assert.Equal([0xff, 0xff], tree.Target(2).ToArray());
        Assert.Equal(2, tree[2].Size);
    }

    [Fact]
    public void SocketsAndFifosAreSkippedWithTheirReasons()
    {
        using var temp = Tree("kept", "sub/kept");
        NativeFiles.MakeFifo(Encoding.UTF8.GetBytes(temp.Of("root", "pipe")));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(temp.Of("root", "sub", "sock")));
        var tree = Scan(temp);
        Assert.Equal(["kept", "sub", "sub/kept"], Paths(tree));
        Assert.Equal([("pipe", "fifo"), ("sub/sock", "socket")], tree.Skipped.Select(s => (PathText.Show(s.Path), s.Reason)).Order());
        Assert.All(tree.Skipped, s => Assert.NotEmpty(s.Detail));
        Assert.Throws<SourceException>(() => Scan(new ScanOptions(), temp.Of("root", "pipe")));
    }

    [Fact]
    public void LinksAreNeverFollowed()
    {
        using var temp = Tree("dir/file");
        File.CreateSymbolicLink(temp.Of("root", "to-dir"), "dir");
        File.CreateSymbolicLink(temp.Of("root", "dir", "loop"), "..");
        File.CreateSymbolicLink(temp.Of("root", "dangling"), "nowhere");
        var tree = Scan(temp);
        Assert.Equal(["dangling", "dir", "dir/file", "dir/loop", "to-dir"], Paths(tree));
        Assert.Equal(["dangling", "dir/loop", "to-dir"], Of(tree, EntryKind.Symlink));
        Assert.Empty(tree.Skipped);
    }

    [Fact]
    public void HiddenEmptyAndLinksCanBeLeftOut()
    {
        using var temp = Tree(".h/x", ".f", "d/.only", "e/", "n/n/n/", "k/f", "k/e/");
        File.CreateSymbolicLink(temp.Of("root", "l"), "k");
        Directory.CreateDirectory(temp.Of("root", "links"));
        File.CreateSymbolicLink(temp.Of("root", "links", "only"), "k");

        Assert.Equal(["d", "e", "k", "k/e", "k/f", "l", "links", "links/only", "n", "n/n", "n/n/n"], Paths(Scan(temp, new ScanOptions(Hidden: false))));
        Assert.Equal([".f", ".h", ".h/x", "d", "d/.only", "k", "k/f", "l", "links", "links/only"], Paths(Scan(temp, new ScanOptions(EmptyDirectories: false))));
        Assert.DoesNotContain("l", Paths(Scan(temp, new ScanOptions(Symlinks: false))));
        var bare = Scan(temp, new ScanOptions(Hidden: false, EmptyDirectories: false, Symlinks: false));
        Assert.Equal(["k", "k/f"], Paths(bare));
        Assert.Equal(bare.Count, bare[0].End);
        Assert.Empty(bare.Skipped);
    }

    [Fact]
    public void AnEmptyRootStaysEvenWithoutEmptyFolders()
    {
        using var temp = Tree();
        var tree = Scan(temp, new ScanOptions(EmptyDirectories: false));
        Assert.Equal(1, tree.Count);
        Assert.Equal(EntryKind.Directory, tree[0].Kind);
    }

    [Fact]
    public void SeveralSourcesStandInOneRootUnderTheirNames()
    {
        using var temp = Tree("b/x", "a", "c/d/y");
        var tree = Scan(new ScanOptions(), temp.Of("root", "c", "d") + "/", temp.Of("root", "b"), temp.Of("root", "a"));
        Assert.Equal(["a", "b", "b/x", "d", "d/y"], Paths(tree));
        Assert.Equal(0u, tree[0].Stamp.Mode);
        Assert.Equal(temp.Of("root", "c", "d", "y"), PathText.Show(tree.Location(5)));

        var conflict = Assert.Throws<SourceException>(() => Scan(new ScanOptions(), temp.Of("root", "b"), temp.Of("root", "c", "..", "b", ".")));
        Assert.True(conflict.IsUsage);
    }

    [Fact]
    public void AFileIsTheRootItselfUnlessWrapped()
    {
        using var temp = Tree("file");
        var tree = Scan(new ScanOptions(), temp.Of("root", "file"));
        Assert.Equal(1, tree.Count);
        Assert.Equal(EntryKind.File, tree[0].Kind);
        Assert.Equal("file", PathText.Show(tree.DatasetPath(0)));

        var wrapped = Scan(new ScanOptions(Wrap: true), temp.Of("root", "file"));
        Assert.Equal(["file"], Paths(wrapped));
        Assert.Equal(EntryKind.Directory, wrapped[0].Kind);
        Assert.Equal(["file"], Paths(Scan(temp, new ScanOptions(Wrap: true))));
        Assert.Throws<SourceException>(() => Scan(new ScanOptions(), temp.Of("root", "file") + "/"));
    }

    [Fact]
    public void ALinkIsTheRootItselfUnlessASlashFollows()
    {
        using var temp = Tree("file");
        File.CreateSymbolicLink(temp.Of("link"), "root");
        var tree = Scan(new ScanOptions(), temp.Of("link"));
        Assert.Equal(1, tree.Count);
        Assert.Equal(EntryKind.Symlink, tree[0].Kind);
        Assert.Equal("root", PathText.Show(tree.Target(0)));

        var through = Scan(new ScanOptions(), temp.Of("link") + "/");
        Assert.Equal(["file"], Paths(through));
        Assert.Equal(temp.Of("link", "file"), PathText.Show(through.Location(1)));
    }

    [Fact]
    public void TrailingSlashesAndDotsNameTheSameFolder()
    {
        using var temp = Tree("d/f");
        foreach (string ending in (string[])["", "/", "//", "/.", "/d/.."])
        {
            var tree = Scan(new ScanOptions(), temp.Of("root") + ending);
            Assert.Equal(["d", "d/f"], Paths(tree));
            Assert.Equal("root", PathText.Show(tree.Name(0)));
        }
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("root/file/below")]
    [InlineData("")]
    public void WhatDoesNotExistIsNoSource(string source)
    {
        using var temp = Tree("file");
        Assert.Throws<SourceException>(() => Scan(new ScanOptions(), source.Length == 0 ? "" : temp.Of(source)));
    }

    private static TempFolder Tree(params string[] paths)
    {
        var temp = new TempFolder();
        Directory.CreateDirectory(temp.Of("root"));
        foreach (string path in paths)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(temp.Of("root", path))!);
            if (!path.EndsWith('/'))
                File.WriteAllText(temp.Of("root", path), path);
        }

        return temp;
    }

    private static SourceTree Scan(TempFolder temp, ScanOptions? options = null) => Scan(options ?? new ScanOptions(), temp.Of("root"));

    private static SourceTree Scan(ScanOptions options, params string[] sources) =>
        LocalScanner.Scan(sources, options, TestContext.Current.CancellationToken);

    private static List<string> Paths(SourceTree tree) => [.. Enumerable.Range(1, tree.Count - 1).Select(i => PathText.Show(tree.DatasetPath(i)))];

    private static IEnumerable<string> Of(SourceTree tree, EntryKind kind) =>
        Enumerable.Range(0, tree.Count).Where(i => tree[i].Kind == kind).Select(i => PathText.Show(tree.DatasetPath(i)));
}
