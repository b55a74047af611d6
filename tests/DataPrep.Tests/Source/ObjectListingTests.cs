using System.Text;
using DataPrep.Source;
using DataPrep.Tests.Planning;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class ObjectListingTests
{
    /// <summary>In whatever order objects come, the tree is that of the same files in a folder.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TheTreeIsThatOfAFolder(int seed)
    {
        using var scratch = new ScratchFolder();
        var random = new Random(seed);
        string[] names = ["a", "a-", "a.b", "b", "B", "\u00e9", "0", "zz", ".h"];
        var files = new HashSet<string>();
        for (int i = 0; i < 200; i++)
        {
            string[] folders = [.. Enumerable.Range(0, random.Next(4)).Select(_ => names[random.Next(names.Length)] + "d")];
            _ = files.Add(string.Join('/', folders.Append(names[random.Next(names.Length)] + random.Next(4))));
        }

        foreach (string file in files)
            _ = scratch.File($"root/{file}", new byte[file.Length]);
        _ = scratch.Folder("root/empty/below");
        var listing = new ObjectListing();
        foreach (string folder in Directory.EnumerateDirectories(scratch.At("root"), "*", SearchOption.AllDirectories))
            listing.AddFolder(Encoding.UTF8.GetBytes(Path.GetRelativePath(scratch.At("root"), folder)));
        foreach (string file in files.OrderBy(_ => random.Next()))
            _ = listing.Add(Encoding.UTF8.GetBytes(file), ObjectState.Of(file.Length, $"\"{file}\"", null));
        foreach (var options in (ScanOptions[])[new(), new(Hidden: false)])
        {
            var local = LocalScanner.Scan([scratch.At("root")], options, TestContext.Current.CancellationToken);
            var tree = listing.Build("root"u8, "place"u8.ToArray(), options);
            Assert.Equal(local.Count, tree.Count);
            for (int i = 0; i < tree.Count; i++)
            {
                Assert.Equal((local[i].Kind, local[i].Parent, local[i].End, local[i].Size), (tree[i].Kind, tree[i].Parent, tree[i].End, tree[i].Size));
                Assert.Equal(local.DatasetPath(i), tree.DatasetPath(i));
                Assert.Equal(tree[i].Kind == EntryKind.File ? $"\"{PathText.Show(tree.DatasetPath(i))}\"" : "", Encoding.Latin1.GetString(tree.Tag(i)));
            }
        }
    }

    [Fact]
    public void OfAFileAndAFolderOfOneNameTheFileIsLeftOut()
    {
        var listing = new ObjectListing();
        foreach (string path in (string[])["a/b", "a", "a-", "c", "c"])
            _ = listing.Add(Encoding.UTF8.GetBytes(path), new ObjectState(1, "", null));
        Assert.Equal((3, 4), listing.Twice());
        var tree = listing.Build([], "place"u8.ToArray(), new ScanOptions());
        Assert.Equal(["", "a", "a/b", "a-", "c"], Enumerable.Range(0, tree.Count).Select(i => PathText.Show(tree.DatasetPath(i))));
        Assert.Equal(["a name", "c name"], tree.Skipped.Select(skipped => $"{PathText.Show(skipped.Path)} {skipped.Reason}"));
    }

    [Theory]
    [InlineData("\"a\"", "Mon, 06 Jan 2025 10:00:00 GMT", "\"a\"")]
    [InlineData("W/\"a\"", "Mon, 06 Jan 2025 10:00:00 GMT", "Mon, 06 Jan 2025 10:00:00 GMT")]
    [InlineData("W/\"a\"", null, "W/\"a\"")]
    [InlineData("W/\"a\"", "yesterday", "W/\"a\"")]
    [InlineData("a", null, "")]
    [InlineData(null, null, "")]
    public void TheTagIsTheBestValidator(string? etag, string? modified, string tag) => Assert.Equal(tag, ObjectState.TagOf(etag, modified));

    [Fact]
    public void PlansKeepTagsOfPartsToo()
    {
        var listing = new ObjectListing();
        _ = listing.Add("big"u8, ObjectState.Of(1 << 20, "\"v1\"", null));
        _ = listing.Add("none"u8, new ObjectState(5, "", null));
        var tree = listing.Build("r"u8, "https://h"u8.ToArray(), new ScanOptions());
        var profile = DataPrep.Unixfs.UnixFsProfile.V1Of2025 with { ChunkSize = 64 << 10 };
        var part = DataPrep.Planning.PartialTree.Of(tree, profile, DataPrep.Planning.PlanPoint.Start, new DataPrep.Planning.PlanPoint(1, 3)).Tree;
        Assert.Equal("\"v1\"", Encoding.Latin1.GetString(part.Tag(part.Count - 1)));
        using var folder = new TempFolder();
        var content = new DataPrep.Planning.PlanContent([], tree, []);
        PlanGen.AssertSame(content, DataPrep.Planning.PlanFile.Read(DataPrep.Planning.PlanFile.Write(folder.Path, content)));
    }
}
