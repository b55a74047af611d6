using System.Text;
using DataPrep.Source;
using DataPrep.Tests.Packing;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>Paths longer than the kernel takes in one call.</summary>
public sealed class DeepTreeTests
{
    [Theory]
    [InlineData(3000, 4)]
    [InlineData(60, 200)]
    public void DeepTreesArePacked(int levels, int nameLength)
    {
        using var temp = new TempFolder();
        string name = new('d', nameLength);
        NativeFiles.MakeDeep(Encoding.UTF8.GetBytes(temp.Of("root")), levels, Encoding.UTF8.GetBytes(name), "x"u8);

        var tree = LocalScanner.Scan([temp.Of("root")], new ScanOptions(), TestContext.Current.CancellationToken);
        Assert.Empty(tree.Skipped);
        Assert.Equal(levels + 3, tree.Count);
        int file = Enumerable.Range(0, tree.Count).Single(i => tree[i].Kind == EntryKind.File);
        Assert.True(tree.Location(file).Length > 4096);

        var output = PackedOutput.Pack(temp.Of("root"), temp.Of("out"), UnixFsProfile.V1Of2025);
        Sample expected = Sample.Folder(("bottom", Sample.File("x")), ("link", new SampleLink("bottom"u8.ToArray(), default)));
        for (int i = 0; i < levels; i++)
            expected = Sample.Folder((name, expected));
        Assert.Equal(expected.Build(UnixFsProfile.V1Of2025).Cid.Text, output.Result.Dataset.RootCid);
        Assert.Equal(levels + 2, output.Files.Count);
        output.VerifyFindsNothing();
    }
}
