using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Tests.Reference;
using DataPrep.Unixfs;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Whatever the tree and the profile: what the packer leaves behind is what the reference makes of the same tree.</summary>
public sealed class PackerPropertyTests
{
    [Fact]
    public void RandomTreesPackAsTheReferenceBuildsThem()
    {
        using var temp = new TempFolder();
        int number = 0;
        Prop.ForAll(SampleGen.Case.ToArbitrary(), sample => Check(temp.Of($"{number++}"), sample.Profile, sample.Root))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    /// <summary>A few slabs, with sizes around those of a segment.</summary>
    [Theory]
    [InlineData(1024, 3, 1, true)]
    [InlineData(1024, 5, 0, false)]
    [InlineData(16_384, 2, 1, false)]
    [InlineData(65_536, 4, 0, true)]
    [InlineData(300_000, 3, 1, true)]
    [InlineData(1_040_384, 2, 1, true)]
    public void TreesOfSeveralSlabs(int chunk, int links, int version, bool raw)
    {
        using var temp = new TempFolder();
        var profile = new UnixFsProfile { ChunkSize = chunk, MaxLinks = links, CidVersion = version, RawLeaves = raw, HamtThreshold = 200, HamtFanout = 8 };
        var random = new Random(chunk);
        var files = Enumerable.Range(0, 8).Select(i => ($"file {i}", (Sample)Sample.File(Sample.Bytes(i, i == 3 ? 1_040_384 + random.Next(-70, 3) : random.Next(400_000)))));
        Check(temp.Of("case"), profile, Sample.Folder([("below", Sample.Folder([.. files])), .. files.Take(2), ("zeros", Sample.File(new byte[300_000]))]));
    }

    internal static void Check(string folder, UnixFsProfile profile, Sample root)
    {
        Directory.CreateDirectory(folder);
        byte[] source = Encoding.UTF8.GetBytes(Path.Combine(folder, "src"));
        root.WriteTo(source);
        var output = PackedOutput.Pack(new PackOptions
        {
            Sources = [Path.Combine(folder, "src")],
            Output = Path.Combine(folder, "out"),
            Profile = profile,
            Threads = 3,
            SlabSize = 1 << 20,
        });

        byte[] car = File.ReadAllBytes(output.CarPath);
        var contents = CarContents.Read(car);
        RefDag dag = root.Build(profile);
        Assert.Equal(dag.Cid.Text, output.Result.Dataset.RootCid);
        Assert.Equal(dag.Cid.Text, contents.Root.ToString());
        Assert.Equal(dag.PreOrder().Select(visit => (visit.Block.Cid.Text, visit.Block.Size)).Order(), contents.Multiset);

        var head = new List<byte[]> { RefCar.Header(dag.Cid) };
        head.AddRange(root.Leaves(profile).Select(leaf => RefCar.Section(leaf.Cid, leaf.Bytes!)));
        byte[] expected = RefBytes.Concat(head);
        Assert.True(car.AsSpan().StartsWith(expected), "the CAR does not begin with the header and the leaves in the order of the files");

        var commitment = output.Sidecar();
        Assert.Equal(ReferenceCommP.NaturalSize(car.Length), commitment.PieceSize);
        Assert.Equal(ReferenceCommP.Root(car, commitment.PieceSize), commitment.Root.ToArray());
        CheckRecords(output, profile, root);
        CheckReadBack(output, root);
        output.VerifyFindsNothing();
    }

    private static void CheckRecords(PackedOutput output, UnixFsProfile profile, Sample root)
    {
        var rows = output.Files;
        var entries = Entries(root).ToList();
        Assert.Equal(entries.Select(e => Convert.ToHexString(e.Path)), rows.Select(row => Convert.ToHexString(RecordFile.PathBytes(row.Path, row.PathHex))));
        long offset = RefCar.Header(root.Build(profile).Cid).Length;
        foreach (var ((path, node), row) in entries.Zip(rows))
        {
            RefDag dag = node.Build(profile);
            Assert.Equal(dag.Cid.Text, row.Cid);
            Assert.Equal(node.Mode, row.Mode);
            Assert.Equal(TimeText.Format(node.Mtime.Seconds, node.Mtime.Nanos), row.Mtime);
            Assert.Equal(node switch { SampleFile => "file", SampleLink => "symlink", _ => "dir" }, row.Type);
            if (node is not SampleFile file)
            {
                Assert.Empty(row.Parts);
                continue;
            }

            Assert.Equal(new FilePart(output.Piece.PieceCid, 0, file.Content.Length, offset), Assert.Single(row.Parts));
            offset += dag.PostOrder().Where(block => block.Children.Count == 0).Sum(leaf => RefCar.Section(leaf.Cid, leaf.Bytes!).LongLength);
        }
    }

    private static void CheckReadBack(PackedOutput output, Sample root)
    {
        using var car = new CarBlocks(output.CarPath);
        var dag = new DagReader(car);
        foreach (var ((_, node), row) in Entries(root).Zip(output.Files))
        {
            if (node is not SampleFile file)
                continue;
            using var content = new MemoryStream();
            dag.CopyFile(Cid.Parse(row.Cid), content);
            Assert.True(content.ToArray().AsSpan().SequenceEqual(file.Content), $"'{row.Path}' reads back as something else");
        }
    }

    /// <summary>What has a record: all but a root folder.</summary>
    private static IEnumerable<(byte[] Path, Sample Node)> Entries(Sample root) =>
        root is SampleFolder ? root.Walk([]).Skip(1) : [("src"u8.ToArray(), root)];
}
