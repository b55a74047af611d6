using System.Text;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Tests.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Samples that chance does not come upon often enough.</summary>
public sealed class AwkwardPiecesTests : IDisposable
{
    private const int Chunk = 64;
    private static readonly UnixFsProfile V1 = UnixFsProfile.V1Of2025 with { ChunkSize = Chunk, MaxLinks = 3 };
    private static readonly UnixFsProfile V0 = UnixFsProfile.V0Of2015 with { ChunkSize = Chunk, MaxLinks = 4 };
    private readonly TempFolder temp = new();
    private int number;

    public void Dispose() => temp.Dispose();

    /// <summary>Pieces with room for exactly so many chunks, and files of exactly so many, one more, one byte more and one less.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void AFileLargerThanAPieceIsCutAtItsLastChunk(bool v0, bool isRoot)
    {
        var profile = (v0 ? V0 : V1) with { PreserveMode = true };
        foreach (int room in (int[])[1, 2, 7])
        {
            foreach (int size in (int[])[3 * room * Chunk, (3 * room * Chunk) + 1, (3 * room * Chunk) - 1, ((3 * room) + 1) * Chunk, (room * Chunk) + 1, (room + 1) * Chunk])
            {
                var file = Sample.File(Sample.Bytes(size, size));
                Sample root = isRoot ? file : Sample.Folder(("of some length", file));
                int entry = isRoot ? 0 : 1;
                long capacity = new PlainPieces(root, "src"u8.ToArray(), profile).CarSize(new(entry, 0), new(entry, room));
                int leaves = (size + Chunk - 1) / Chunk;
                int pieces = (leaves + room - 1) / room;

                // What is whole takes a folder less than a part, which may be as much as a leaf.
                int data = SeveralPieces.Plan(Options(root, profile, capacity)).Pieces.Count;
                Assert.InRange(data, pieces - 1, pieces);
                if (room > 1)
                    Check(root, profile, capacity);
            }
        }
    }

    [Fact]
    public void OneByteLessOrMoreOfRoomIsAPieceMoreOrLess()
    {
        var root = Sample.Folder(("a", Sample.File(Sample.Bytes(1, 5 * Chunk))), ("b", Sample.Folder(("c", Sample.File(Sample.Bytes(2, Chunk + 1))))), ("d", new SampleLink("a"u8.ToArray(), Sample.SomeTime)));
        var plain = new PlainPieces(root, "src"u8.ToArray(), V1);
        long whole = plain.CarSize(PlanPoint.Start, plain.End);
        Assert.Equal(1, Check(root, V1, whole));
        Assert.Equal(3, Check(root, V1, whole - 1));

        // The content in two pieces with the link in the second, or all but the link in the first.
        long withoutLink = plain.CarSize(PlanPoint.Start, new(4, 0));
        Assert.Equal(new PlanPoint(4, 0), SeveralPieces.Plan(Options(root, V1, withoutLink)).Pieces[0].End);
        Assert.Equal(new PlanPoint(3, 1), SeveralPieces.Plan(Options(root, V1, withoutLink - 1)).Pieces[0].End);
    }

    [Fact]
    public void LinksAndEmptyFoldersAloneAreCutToo()
    {
        var links = Enumerable.Range(0, 30).Select(i => ($"link {i}", (Sample)new SampleLink(Sample.Bytes(i, 20 * i).Select(b => (byte)(b | 1)).Prepend((byte)'t').ToArray(), Sample.SomeTime)));
        var folders = Enumerable.Range(0, 30).Select(i => ($"folder {i}", (Sample)Sample.Folder()));
        var root = Sample.Folder([.. links, .. folders, ("deeper", Sample.Folder([.. folders, .. links]))]);
        Assert.True(Check(root, V1, 4000) > 5);
        Assert.True(Check(root, V0 with { PreserveMtime = true, PreserveMode = true, HamtThreshold = 100, HamtFanout = 8 }, 4000) > 5);
        Assert.True(Check(Sample.Folder([.. folders]), V1, 2500) > 1);
    }

    [Fact]
    public void EmptyAndEqualFilesAreCutToo()
    {
        var empty = Enumerable.Range(0, 40).Select(i => ($"empty {i}", (Sample)Sample.File("")));
        var equal = Enumerable.Range(0, 10).Select(i => ($"equal {i}", (Sample)Sample.File(new byte[(5 * Chunk) + 1])));
        Assert.True(Check(Sample.Folder([.. empty]), V1 with { HamtThreshold = 500, HamtFanout = 8 }, 2000) > 2);
        Assert.True(Check(Sample.Folder([.. empty, .. equal]), V0, 4000) > 4);
        Assert.True(Check(Sample.Folder([.. equal, ("more", Sample.Folder([.. equal]))]), V1, 2500) > 4);
    }

    [Fact]
    public void NamesOfAnyBytesAndNamesLikeOffsetsAreKept()
    {
        byte[][] names = [[0xff, 0xfe], [.. "bad"u8, 0xe2, 0x82], [.. Enumerable.Repeat((byte)0xfd, 255)], "\U0001F600"u8.ToArray(), "\uFF5E"u8.ToArray(), "00000000000000000000"u8.ToArray(), "00000000000000000064"u8.ToArray(), "new\nline"u8.ToArray()];
        var files = names.Select((name, i) => (name, (Sample)Sample.File(Sample.Bytes(i, 9 * Chunk)))).ToList();
        var inside = new SampleFolder(files, 0x1ed, Sample.SomeTime);
        var root = new SampleFolder([.. files, (new byte[] { 0xfc, 0x80 }, inside), ("00000000000000000001"u8.ToArray(), inside)], 0x1ed, Sample.SomeTime);
        Assert.True(Check(root, V1, 3000) > 4);
        Assert.True(Check(root, V0, 3000) > 4);
    }

    [Fact]
    public void EveryPieceOfADeepTreeHasAllFoldersAboveWhatItHolds()
    {
        Sample node = Sample.Folder(("bottom", Sample.File(Sample.Bytes(1, 40 * Chunk))), ("link", new SampleLink("bottom"u8.ToArray(), Sample.SomeTime)));
        for (int i = 0; i < 12; i++)
            node = Sample.Folder((new string('d', 250), node), ($"beside {i}", Sample.File(Sample.Bytes(i, Chunk * i))));
        Assert.True(Check(node, V1, 8000) > 2);
        Assert.True(Check(node, V0 with { PreserveMode = true }, 8000) > 2);
    }

    /// <summary>Deeper than the system takes a path.</summary>
    [Fact]
    public void PathsOfAnyLengthAreCut()
    {
        byte[] content = Sample.Bytes(1, 200_000);
        NativeFiles.MakeDeep(Encoding.UTF8.GetBytes(temp.Of("deep")), 300, Encoding.ASCII.GetBytes(new string('n', 100)), content);
        var options = new PackOptions { Sources = [temp.Of("deep")], Output = temp.Of("whole"), Profile = V1 with { ChunkSize = 4096 }, Threads = 2 };
        var whole = PackedOutput.Pack(options);
        var cut = PackedOutput.Pack(options with { Output = temp.Of("cut"), LargestCarSize = 150_000 });
        Assert.True(cut.Result.Pieces.Count > 2);
        Assert.Equal(whole.Result.Dataset.RootCid, cut.Result.Dataset.RootCid);
        Assert.Equal(whole.Files.Select(file => file.Cid), cut.Files.Select(file => file.Cid));
        var cars = cut.Result.Pieces.ToDictionary(piece => piece.PieceCid, piece => File.ReadAllBytes(Path.Combine(cut.Folder, piece.CarFile)));
        Assert.Equal(content, SeveralPieces.Restore(Assert.Single(cut.Files, file => file.Type == "file"), cars));
    }

    [Fact]
    public void SeveralSourcesAndAWrappedFileAreCut()
    {
        Sample.Folder(("x", Sample.File(Sample.Bytes(1, 30 * Chunk)))).WriteTo(Encoding.UTF8.GetBytes(temp.Of("a")));
        Sample.File(Sample.Bytes(2, 30 * Chunk)).WriteTo(Encoding.UTF8.GetBytes(temp.Of("b")));
        var several = new PackOptions { Sources = [temp.Of("b"), temp.Of("a")], Output = temp.Of("several"), Profile = V1 with { PreserveMode = true }, Threads = 2 };
        var wrapped = several with { Sources = [temp.Of("b")], Output = temp.Of("wrapped"), Scan = several.Scan with { Wrap = true } };
        foreach (var options in (PackOptions[])[several, wrapped])
        {
            var whole = PackedOutput.Pack(options);
            var cut = PackedOutput.Pack(options with { Output = options.Output + "-cut", LargestCarSize = 2000 });
            Assert.True(cut.Result.Pieces.Count > 2);
            Assert.Equal(whole.Result.Dataset.RootCid, cut.Result.Dataset.RootCid);
            Assert.Equal(whole.Files.Select(file => file.Cid), cut.Files.Select(file => file.Cid));
        }
    }

    private PackOptions Options(Sample root, UnixFsProfile profile, long capacity) => new Split(profile, root, 0, 2, false, false).Write(temp.Of($"{number++}")) with { LargestCarSize = capacity };

    private int Check(Sample root, UnixFsProfile profile, long capacity) => SeveralPieces.Check(Options(root, profile, capacity), root);
}
