using System.Text;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>New versions of a dataset: the root is that of a full pack, and nothing is packed, or read, that is unchanged.</summary>
public sealed class VersionTests : IDisposable
{
    // .NET sets times to 100 ns, so one that is to be set again must not be finer.
    private static readonly DateTime s_time = DateTime.UnixEpoch.AddDays(12_345);
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Source => scratch.At("src");

    /// <summary>The slow twin of a new version is a full pack of the same tree.</summary>
    [Fact]
    public void ARandomlyEditedTreeHasTheRootOfAFullPackAndAllItsBlocksAreThere()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            using var here = new ScratchFolder();
            string source = here.Folder("src");
            for (int i = 0; i < 30; i++)
                Edit(source, random, i, onlyAdd: true);
            var options = RandomOptions(random, source, here.At("v0"));
            var before = PackedOutput.Pack(options);
            for (int version = 1; version <= 3; version++)
            {
                for (int i = random.Next(6); i > 0; i--)
                    Edit(source, random, (version * 100) + i, onlyAdd: false);
                bool checksum = random.Next(3) == 0;
                var next = PackedOutput.Pack(options with { Output = here.At($"v{version}"), Previous = here.At($"v{version - 1}"), Checksum = checksum, Threads = random.Next(1, 4) });
                var full = PackedOutput.Pack(options with { Output = here.At($"full{version}") });
                Assert.Equal(full.Result.Dataset.RootCid, next.Result.Dataset.RootCid);
                Assert.Equal(before.Result.Dataset.RootCid, next.Result.Dataset.Previous);
                Assert.Equal(full.Files.Select(file => file with { Parts = [] }), next.Files.Select(file => file with { Parts = [] }), Alike);
                next.VerifyFindsNothing();
                AssertRestores(next.Folder, source);
                before = next;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OnlyTheChangedFileIsReadAndPacked(bool severalPieces)
    {
        for (int i = 0; i < 300; i++)
            _ = scratch.Noise($"src/{i % 7}/{i}", 1000 + (i * 37), i);
        _ = scratch.Noise("src/large", 3_000_000);
        var options = Options("v1") with { PieceSize = severalPieces ? 1 << 20 : 32L << 30 };
        _ = PackedOutput.Pack(options);
        _ = scratch.Noise("src/3/150", 900, 5);
        var opened = new List<string>();
        var next = PackedOutput.Pack(options with { Output = scratch.At("v2"), Previous = scratch.At("v1"), Reader = tree => new Listening(tree, opened) });
        Assert.Equal(["src/3/150"], opened.Select(path => Path.GetRelativePath(scratch.Root, path)));
        Assert.Equal(1, next.Result.Pieces.Where(piece => piece.Kind == "data").Sum(piece => piece.Files));
        Assert.Equal(PackedOutput.Pack(options with { Output = scratch.At("full") }).Result.Dataset.RootCid, next.Result.Dataset.RootCid);

        // Of the folders only those above the changed file are made again.
        using var dag = File.OpenRead(Path.Join(next.Folder, next.Result.Pieces.Single(piece => piece.Kind == "dag").CarFile));
        Assert.True(dag.Length < 10_000, $"the dag piece has {dag.Length} bytes");
    }

    [Fact]
    public void NothingChangedNeedsNoDataPiece()
    {
        MakeSmallTree();
        var first = PackedOutput.Pack(Options("v1"));
        var next = PackedOutput.Pack(Options("v2") with { Previous = scratch.At("v1") });
        Assert.Equal(first.Result.Dataset.RootCid, next.Result.Dataset.RootCid);
        Assert.Equal(["dag"], next.Result.Pieces.Select(piece => piece.Kind));
        next.VerifyFindsNothing();
        Assert.True(PackedOutput.Pack(Options("v2") with { Previous = scratch.At("v1") }).Result.AlreadyDone);
        _ = Assert.Throws<IOException>(() => PackedOutput.Pack(Options("v2")));
    }

    [Fact]
    public void AReplacedFileIsToldByItsInode()
    {
        MakeSmallTree();
        _ = PackedOutput.Pack(Options("v1"));
        string path = scratch.At("src/a");
        File.WriteAllBytes(path + ".new", ScratchFolder.Bytes(40_000, 9));
        File.SetLastWriteTimeUtc(path + ".new", s_time);
        File.Move(path + ".new", path, overwrite: true);
        var full = PackedOutput.Pack(Options("full"));
        Assert.Equal(full.Result.Dataset.RootCid, PackedOutput.Pack(Options("v2") with { Previous = scratch.At("v1") }).Result.Dataset.RootCid);

        // Without what the work folder knows of inodes, as in a copy, size and time decide.
        File.Delete(scratch.At("v1/.dataprep/inodes"));
        var notes = new List<string>();
        var blind = PackedOutput.Pack(Options("v3") with { Previous = scratch.At("v1"), Note = notes.Add });
        Assert.NotEqual(full.Result.Dataset.RootCid, blind.Result.Dataset.RootCid);
        Assert.Contains(notes, note => note.Contains("inodes", StringComparison.Ordinal));
        Assert.Equal(full.Result.Dataset.RootCid, PackedOutput.Pack(Options("v4") with { Previous = scratch.At("v1"), Checksum = true }).Result.Dataset.RootCid);
    }

    [Fact]
    public void ContentTellsWhereTimesDoNot()
    {
        MakeSmallTree();
        _ = PackedOutput.Pack(Options("v1"));
        string path = scratch.At("src/sub/b");
        using (var file = File.OpenWrite(path))
            file.Write([1, 2, 3]);
        File.SetLastWriteTimeUtc(path, s_time);
        foreach (string touched in Directory.GetFiles(Source))
            File.SetLastWriteTimeUtc(touched, DateTime.UnixEpoch.AddDays(77));
        var full = PackedOutput.Pack(Options("full"));
        var next = PackedOutput.Pack(Options("v2") with { Previous = scratch.At("v1"), Checksum = true });
        Assert.Equal(full.Result.Dataset.RootCid, next.Result.Dataset.RootCid);
        Assert.Equal(1, next.Result.Pieces.Where(piece => piece.Kind == "data").Sum(piece => piece.Files));
        Assert.NotEqual(full.Result.Dataset.RootCid, PackedOutput.Pack(Options("v3") with { Previous = scratch.At("v1") }).Result.Dataset.RootCid);
    }

    [Fact]
    public void AFileThatChangesWhileItsContentIsCheckedIsPackedAsItIsThen()
    {
        MakeSmallTree();
        _ = PackedOutput.Pack(Options("v1"));
        var changing = new ChangingSource(scratch.At("src/a"), (path, round) => File.AppendAllText(path, $"more {round}"), ChangePoint.Middle, 1);
        var next = PackedOutput.Pack(Options("v2") with { Previous = scratch.At("v1"), Checksum = true, Reader = changing.Wrap });
        Assert.True(changing.Happened);
        Assert.Equal(PackedOutput.Pack(Options("full")).Result.Dataset.RootCid, next.Result.Dataset.RootCid);
        next.VerifyFindsNothing();
    }

    [Fact]
    public void AFileThatChangesWhileTheNewVersionIsPackedComesLast()
    {
        MakeSmallTree();
        _ = PackedOutput.Pack(Options("v1"));
        _ = scratch.Noise("src/a", 70_000, 50);
        _ = scratch.Noise("src/z", 70_000, 51);
        var changing = new ChangingSource(scratch.At("src/a"), (path, round) => File.AppendAllText(path, $"more {round}"), ChangePoint.Middle, 1);
        var next = PackedOutput.Pack(Options("v2") with { Previous = scratch.At("v1"), Reader = changing.Wrap });
        Assert.True(changing.Happened);
        Assert.Equal(PackedOutput.Pack(Options("full")).Result.Dataset.RootCid, next.Result.Dataset.RootCid);
        Assert.Equal(2, next.Result.Pieces.Count(piece => piece.Kind == "data"));
        next.VerifyFindsNothing();
    }

    [Fact]
    public void ABrokenOffVersionGoesOnAndEndsLikeAnUndisturbedOne()
    {
        MakeSmallTree();
        _ = PackedOutput.Pack(Options("v1"));
        for (int i = 0; i < 12; i++)
            _ = scratch.Noise($"src/new/{i}", 400_000, i);
        var options = Options("v2") with { Previous = scratch.At("v1"), PieceSize = 1 << 20, Checkpoint = TimeSpan.Zero, Threads = 1 };
        var expected = PackedOutput.Pack(options with { Output = scratch.At("undisturbed") });
        for (int at = 1; at < 14; at += 3)
        {
            using var stop = new CancellationTokenSource();
            var reader = new List<string>();
            _ = Assert.ThrowsAny<OperationCanceledException>(() =>
                new DatasetPacker(options with { Reader = tree => new Listening(tree, reader, count => { if (count == at) stop.Cancel(); }) }, new PackCounters(), stop.Token).Run());
            _ = PackedOutput.Pack(options);
            Assert.Equal(PackedOutput.Everything(expected.Folder), PackedOutput.Everything(options.Output));
            Directory.Delete(options.Output, true);
        }
    }

    [Fact]
    public void ASingleFileIsKeptOrPackedWhole()
    {
        _ = scratch.Noise("one", 300_000);
        var options = Options("v1") with { Sources = [scratch.At("one")] };
        var first = PackedOutput.Pack(options);
        var same = PackedOutput.Pack(options with { Output = scratch.At("v2"), Previous = scratch.At("v1") });
        Assert.Equal(first.Result.Dataset.RootCid, same.Result.Dataset.RootCid);
        Assert.Empty(same.Result.Pieces);
        same.VerifyFindsNothing();
        _ = scratch.Noise("one", 300_001);
        var other = PackedOutput.Pack(options with { Output = scratch.At("v3"), Previous = scratch.At("v2") });
        Assert.Equal(PackedOutput.Pack(options with { Output = scratch.At("full") }).Piece, other.Piece);
    }

    [Fact]
    public void WhatCannotBeAnEarlierVersionIsRefused()
    {
        MakeSmallTree();
        _ = PackedOutput.Pack(Options("v1"));
        var options = Options("v2") with { Previous = scratch.At("v1") };
        Assert.Contains("chunk size", Assert.Throws<UsageException>(() => PackedOutput.Pack(options with { Profile = options.Profile with { ChunkSize = 1 << 15 } })).Message, StringComparison.Ordinal);
        Assert.Contains("no packed dataset", Assert.Throws<FileNotFoundException>(() => PackedOutput.Pack(options with { Previous = scratch.At("nowhere") })).Message, StringComparison.Ordinal);
        Assert.Contains("--previous", Assert.Throws<UsageException>(() => PackedOutput.Pack(options with { Previous = null, Checksum = true })).Message, StringComparison.Ordinal);
        Assert.Contains("OUT itself", Assert.Throws<UsageException>(() => PackedOutput.Pack(options with { Output = scratch.At("v1") })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch.At("v2")));
    }

    [Fact]
    public void PiecesOfAnEarlierVersionThatAreNotAtHandAreAWarning()
    {
        MakeSmallTree();
        var first = PackedOutput.Pack(Options("v1"));
        _ = scratch.Noise("src/a", 70_000, 50);
        var next = PackedOutput.Pack(Options("v2") with { Previous = scratch.At("v1") });
        Directory.Move(scratch.At("v1"), scratch.At("moved"));
        Assert.Equal(["earlier-version"], Findings([]));
        Assert.Empty(Findings([scratch.At("moved")]));
        File.Delete(Path.Join(scratch.At("moved"), first.Piece.CarFile));
        Assert.Equal(["earlier-version"], Findings([scratch.At("moved")]));

        List<string> Findings(string[] previous)
        {
            var findings = new List<Finding>();
            _ = new DatasetVerifier(next.Folder, previous, new FindingLog(findings.Add), 2, new PackCounters(), TestContext.Current.CancellationToken).Verify();
            return [.. findings.Select(finding => finding.Code)];
        }
    }

    private void MakeSmallTree()
    {
        _ = scratch.Noise("src/a", 40_000);
        _ = scratch.Noise("src/sub/b", 200_000, 2);
        _ = scratch.Noise("src/sub/deep/c", 10, 3);
        _ = scratch.Folder("src/empty");
        foreach (string file in Directory.GetFiles(Source, "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, s_time);
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub/b");
    }

    private PackOptions Options(string output) =>
        new() { Sources = [Source], Output = scratch.At(output), Profile = UnixFsProfile.V1Of2025 with { ChunkSize = 1 << 14 }, Threads = 2, SlabSize = 1 << 20 };

    private static PackOptions RandomOptions(Random random, string source, string output)
    {
        var profile = random.Next(4) == 0 ? UnixFsProfile.V0Of2015 : UnixFsProfile.V1Of2025;
        return new PackOptions
        {
            Sources = [source],
            Output = output,
            Profile = profile with
            {
                ChunkSize = random.Next(1000, 50_000),
                HamtThreshold = random.Next(2) == 0 ? 400 : profile.HamtThreshold,
                PreserveMode = random.Next(4) == 0,
                PreserveMtime = random.Next(4) == 0,
            },
            PieceSize = random.Next(3) == 0 ? 32L << 30 : 1 << 20,
            LargestCarSize = random.Next(3) == 0 ? 200_000 : null,
            Threads = 2,
            SlabSize = 1 << 20,
        };
    }

    private static void Edit(string source, Random random, int number, bool onlyAdd)
    {
        string[] folders = [source, .. Directory.GetDirectories(source, "*", SearchOption.AllDirectories)];
        string[] files = Directory.GetFiles(source, "*", SearchOption.AllDirectories);
        string folder = folders[random.Next(folders.Length)], fresh = Path.Join(folder, $"{"abc-. /"[random.Next(6)]}{number}");
        string? file = files.Length == 0 ? null : files[random.Next(files.Length)];
        switch (onlyAdd || file is null ? random.Next(5) : random.Next(11))
        {
            case 0:
                _ = Directory.CreateDirectory(fresh);
                break;
            case 1:
                _ = File.CreateSymbolicLink(fresh, $"to/{number}");
                break;
            case 2 or 3 or 4:
                File.WriteAllBytes(fresh, ScratchFolder.Bytes(random.Next(3) == 0 ? random.Next(300_000) : random.Next(3000), number));
                break;
            case 5:
                File.Delete(file!);
                break;
            case 6 when folder != source:
                Directory.Delete(folder, true);
                break;
            case 7 when new FileInfo(file!).LinkTarget is null:
                File.WriteAllBytes(file!, ScratchFolder.Bytes(random.Next(100_000), number + 7));
                break;
            case 8 when new FileInfo(file!).LinkTarget is null:
                File.SetLastWriteTimeUtc(file!, DateTime.UnixEpoch.AddDays(number));
                break;
            case 9 when !OperatingSystem.IsWindows() && new FileInfo(file!).LinkTarget is null:
                File.SetUnixFileMode(file!, UnixFileMode.UserRead | UnixFileMode.UserWrite | (UnixFileMode)random.Next(8));
                break;
            case 10:
                File.Move(file!, fresh);
                break;
            default:
                break;
        }
    }

    private static void AssertRestores(string output, string source)
    {
        using var dataset = PackedDataset.Open(output, []);
        var dag = new DagReader(dataset.Blocks);
        int entries = 0;
        foreach (var entry in dag.Walk(dataset.Root).Skip(1))
        {
            string path = Path.Join(source, Encoding.UTF8.GetString(entry.Path));
            entries++;
            if (entry.IsFolder)
            {
                Assert.True(Directory.Exists(path));
                continue;
            }

            if (new FileInfo(path).LinkTarget is { } target)
            {
                Assert.Equal(target, Encoding.UTF8.GetString(entry.Target));
                continue;
            }

            using var content = new MemoryStream();
            dag.CopyFile(entry.Cid, content);
            Assert.Equal(File.ReadAllBytes(path), content.ToArray());
        }

        Assert.Equal(Directory.GetFileSystemEntries(source, "*", SearchOption.AllDirectories).Length, entries);
    }

    private static bool Alike(FileRecord a, FileRecord b) => a with { Parts = b.Parts } == b;

    /// <summary>Notes which files are opened.</summary>
    private sealed class Listening(SourceTree tree, List<string> opened, Action<int>? then = null) : ISourceReader
    {
        private readonly LocalReader inner = new(tree);

        public ISourceFile Open(int entry)
        {
            lock (opened)
            {
                opened.Add(Encoding.UTF8.GetString(tree.Location(entry)));
                then?.Invoke(opened.Count);
            }

            return inner.Open(entry);
        }

        public void Dispose() => inner.Dispose();
    }
}
