using System.Text;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Tests.Packing;
using DataPrep.Tests.Source;
using DataPrep.Unixfs;
using DataPrep.Verification;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Inline;

/// <summary>Whatever is packed and how: inline it is the same, but for the CARs, and these can be made from it.</summary>
public sealed class InlinePackTests : IDisposable
{
    private readonly TempFolder temp = new();
    private readonly Random random = new(7);

    public void Dispose() => temp.Dispose();

    [Fact]
    public void RandomTreesOfSeveralPieces() => Splits.Check(30, SplitGen.WithWishes, (_, options) => InlineTwin.Pack(options).Check(random));

    [Fact]
    public void RandomTreesOfOnePiece()
    {
        int number = 0;
        Prop.ForAll(SampleGen.Case.ToArbitrary(), sample =>
        {
            string folder = temp.Of($"{number++}");
            Directory.CreateDirectory(folder);
            sample.Root.WriteTo(Encoding.UTF8.GetBytes(folder + "/src"));
            _ = InlineTwin.Pack(new PackOptions { Sources = [folder + "/src"], Output = folder + "/out", Profile = sample.Profile, Threads = 2, Scan = new(Wrap: number % 2 == 0) }).Check(random);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));
    }

    [Fact]
    public void ZerosBehindTheCarAreMadeAndNotStored() => Splits.Check(4, SplitGen.Plain, (_, options) =>
    {
        var twin = InlineTwin.Pack(options with { PieceSize = 2 << 20, LeastPieceSize = 2 << 20 });
        Assert.All(twin.Pieces, piece => Assert.True(new FileInfo(twin.InlineFile(piece)).Length < 1 << 20));
        return twin.Check(random);
    });

    /// <summary>Files of several segments and of several to a segment, in both profiles, with all that leaves can have around them.</summary>
    [Theory]
    [InlineData("unixfs-v1-2025", false, 256 << 10)]
    [InlineData("unixfs-v1-2025", true, 1 << 20)]
    [InlineData("unixfs-v0-2015", false, 256 << 10)]
    [InlineData("unixfs-v0-2015", true, 16_000)]
    public void LargeAndSmallFiles(string profile, bool preserve, int chunk)
    {
        var small = Enumerable.Range(0, 300).Select(i => ($"f{i:d3}", (Sample)Sample.File(Sample.Bytes(i, i * 37 % 3000)))).ToArray();
        var root = Sample.Folder(("a", Sample.File(Sample.Bytes(1, 3_500_000))), ("many", Sample.Folder(small)), ("zeros", Sample.File(new byte[700_000])), ("one more", Sample.File(Sample.Bytes(2, 1_040_384))));
        root.WriteTo(Encoding.UTF8.GetBytes(temp.Of("src")));
        foreach (long size in (long[])[2 << 20, 64 << 20])
        {
            var options = new PackOptions
            {
                Sources = [temp.Of("src")],
                Output = temp.Of($"out {size}"),
                Profile = UnixFsProfile.ByName(profile)! with { ChunkSize = chunk, PreserveMode = preserve, PreserveMtime = preserve },
                PieceSize = size,
                SlabSize = 1 << 20,
                Threads = 3,
            };
            var twin = InlineTwin.Pack(options);
            _ = twin.Check(random);
            var again = PackedOutput.Pack(options with { Output = temp.Of($"again {size}"), Inline = true, Threads = 1, SlabSize = 4 << 20, MoreOutputs = [temp.Of($"more {size}")] });
            Assert.Equal(PackedOutput.Everything(twin.Inline.Folder), PackedOutput.Everything(again.Folder));
            again.VerifyFindsNothing();
        }
    }

    [Fact]
    public void EverySourceIsFoundWhereItIs()
    {
        byte[] odd = [.. Encoding.UTF8.GetBytes(temp.Of("tree")), (byte)'/', 0xff, 0xfe];
        Directory.CreateDirectory(temp.Of("tree"));
        NativeFiles.MakeFolder(odd);
        NativeFiles.MakeFile([.. odd, (byte)'/', 0xc3], Sample.Bytes(1, 5000));
        File.WriteAllBytes(temp.Of("tree", "below"), Sample.Bytes(2, 3000));
        File.WriteAllBytes(temp.Of("file"), Sample.Bytes(3, 9000));
        File.CreateSymbolicLink(temp.Of("link"), temp.Of("tree"));
        var profile = new UnixFsProfile { ChunkSize = 1000, MaxLinks = 4 };
        string[][] sources = [[temp.Of("tree")], [temp.Of("file")], [temp.Of("tree"), temp.Of("file")], [temp.Of("link") + "/"], [temp.Of("link"), temp.Of("file")], [temp.Of("tree") + "/../tree/."]];
        for (int i = 0; i < sources.Length; i++)
        {
            foreach (bool wrap in (bool[])[false, true])
            {
                foreach (long? capacity in (long?[])[wrap ? null : 5000])
                    _ = InlineTwin.Pack(new PackOptions { Sources = sources[i], Output = temp.Of($"out {i} {wrap} {capacity}"), Profile = profile, Scan = new(Wrap: wrap), LargestCarSize = capacity, Threads = 2 }).Check(random);
            }
        }
    }

    [Fact]
    public void SourcesThatWereMovedAreNamed()
    {
        Directory.CreateDirectory(temp.Of("src", "below"));
        File.WriteAllBytes(temp.Of("src", "below", "a"), Sample.Bytes(1, 5000));
        var twin = InlineTwin.Pack(new PackOptions { Sources = [temp.Of("src")], Output = temp.Of("out"), Threads = 2 });
        Directory.Move(temp.Of("src"), temp.Of("elsewhere"));
        var findings = Verify(twin.Inline.Folder, null);
        Assert.Equal(("source", temp.Of("src", "below", "a")), (Assert.Single(findings).Code, findings[0].Path));
        Assert.Empty(Verify(twin.Inline.Folder, temp.Of("elsewhere")));
        File.Delete(temp.Of("out-inline", ".dataprep", "sources"));
        Assert.Equal(("source", temp.Of("out-inline", ".dataprep", "sources")), (Assert.Single(findings = Verify(twin.Inline.Folder, null)).Code, findings[0].Path));
        Assert.Empty(Verify(twin.Inline.Folder, temp.Of("elsewhere")));
    }

    /// <summary>Content that was kept is read through the earlier version's pieces, though files beside it have changed since.</summary>
    [Fact]
    public void AVersionOfAnInlineDatasetIsReadWhereFilesHaveChanged()
    {
        var profile = new UnixFsProfile { ChunkSize = 1000, MaxLinks = 4 };
        Directory.CreateDirectory(temp.Of("src"));
        foreach (var (name, seed) in new[] { ("a", 1), ("b", 2), ("c", 3) })
            File.WriteAllBytes(temp.Of("src", name), Sample.Bytes(seed, 5500));
        var options = new PackOptions { Sources = [temp.Of("src")], Output = temp.Of("one"), Profile = profile, Inline = true, Threads = 2 };
        PackedOutput.Pack(options).VerifyFindsNothing();
        File.WriteAllBytes(temp.Of("src", "b"), Sample.Bytes(9, 4500));
        var second = PackedOutput.Pack(options with { Output = temp.Of("two"), Previous = temp.Of("one") });
        Assert.Equal(2, second.Result.Kept.Files);
        second.VerifyFindsNothing();
        Assert.Equal("source", Assert.Single(Verify(temp.Of("one"), null)).Code);
        using var dataset = PackedDataset.Open(temp.Of("two"), []);
        foreach (var record in second.Files)
        {
            using var content = new MemoryStream();
            new FileContent(dataset.Blocks, TestContext.Current.CancellationToken).Read(DataPrep.Ipld.Cid.Parse(record.Cid), record.Size, 0, record.Size, (_, bytes) => content.Write(bytes));
            Assert.Equal(File.ReadAllBytes(temp.Of("src", record.Path)), content.ToArray());
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(60_000L)]
    public void FilesThatChangeWhileTheyArePackedAreTakenInTheirLastState(long? capacity)
    {
        var profile = new UnixFsProfile { ChunkSize = 4000, MaxLinks = 4 };
        foreach (var point in Enum.GetValues<ChangePoint>())
        {
            string folder = temp.Of($"{point}");
            Directory.CreateDirectory(folder + "/src");
            foreach (var (name, seed) in new[] { ("a", 1), ("b", 2), ("c", 3) })
                File.WriteAllBytes($"{folder}/src/{name}", Sample.Bytes(seed, 50_000));
            var source = new ChangingSource(folder + "/src/b", (path, round) => File.WriteAllBytes(path, Sample.Bytes(20 + round, 30_000)), point, times: 1);
            var packed = PackedOutput.Pack(new PackOptions { Sources = [folder + "/src"], Output = folder + "/out", Profile = profile, Inline = true, LargestCarSize = capacity, Threads = 2, SlabSize = 1 << 20, Reader = source.Wrap });
            Assert.True(source.Happened);
            if (capacity is null)
            {
                packed.VerifyFindsNothing();
                InlineTwin.Materialize(packed.Folder, folder + "/made");
                continue;
            }

            // Of a part of its old state that is in a finished piece the source is gone.
            Assert.All(Verify(packed.Folder, null), finding => Assert.Equal(("source", folder + "/src/b"), (finding.Code, finding.Path)));
        }
    }

    [Fact]
    public void ASecondRunSaysThatAllIsDoneAndOtherOptionsAreRefused()
    {
        Directory.CreateDirectory(temp.Of("src"));
        File.WriteAllBytes(temp.Of("src", "a"), Sample.Bytes(1, 5000));
        var options = new PackOptions { Sources = [temp.Of("src")], Output = temp.Of("out"), Inline = true, Threads = 2 };
        var packed = PackedOutput.Pack(options);
        Assert.True(PackedOutput.Pack(options).Result.AlreadyDone);
        Assert.Contains("parameters", Assert.Throws<IOException>(() => PackedOutput.Pack(options with { Inline = false })).Message, StringComparison.Ordinal);
        InlineTwin.Materialize(packed.Folder, packed.Folder);
        Assert.True(PackedOutput.Pack(options).Result.AlreadyDone);
        packed.VerifyFindsNothing();
        File.Delete(packed.CarPath);
        string inline = packed.Folder + "/" + StoredPiece.NameOf(packed.Piece);
        byte[] bytes = File.ReadAllBytes(inline);
        File.WriteAllBytes(inline, bytes[..^1]);
        Assert.Contains(".inline is damaged", Assert.Throws<IOException>(() => PackedOutput.Pack(options)).Message, StringComparison.Ordinal);
        File.Delete(inline);
        Assert.Contains(".inline is missing", Assert.Throws<IOException>(() => PackedOutput.Pack(options)).Message, StringComparison.Ordinal);
        Assert.Throws<UsageException>(() => PackedOutput.Pack(options with { Output = temp.Of("other"), OnPiece = "true" }));
        Assert.Throws<UsageException>(() => PackedOutput.Pack(options with { Output = temp.Of("other"), Sources = [], Input = () => new MemoryStream() }));
    }

    internal static List<Finding> Verify(string folder, string? source)
    {
        var findings = new List<Finding>();
        _ = new DatasetVerifier(folder, [], new FindingLog(findings.Add), 2, new PackCounters(), TestContext.Current.CancellationToken, source).Verify();
        return findings;
    }
}
