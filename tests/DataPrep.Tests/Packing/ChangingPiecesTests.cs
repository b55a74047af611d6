using System.Text;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Tests.Reference;
using DataPrep.Tests.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Files that change while a dataset of several pieces is packed: one state of them is packed, behind all else, or none.</summary>
public sealed class ChangingPiecesTests : IDisposable
{
    private const int Chunk = 4 << 10;
    private const int Short = 5 * Chunk / 2, Long = 23 * Chunk / 2;
    private static readonly UnixFsProfile Profile = UnixFsProfile.V1Of2025 with { ChunkSize = Chunk, MaxLinks = 3 };

    private static readonly Dictionary<string, Action<string, int>> Changes = new()
    {
        ["is appended to"] = (path, round) => Write(path, FileMode.Append, round, 700),
        ["grows by far"] = (path, round) => Write(path, FileMode.Append, round, 9 * Chunk),
        ["is cut off"] = (path, round) => Resize(path, Math.Max(0, new FileInfo(path).Length - ((round + 1) * Chunk / 2))),
        ["is all but emptied"] = (path, round) => Resize(path, 10 - round),
        ["is overwritten"] = (path, round) => Write(path, FileMode.Open, round, (int)new FileInfo(path).Length),
        ["is replaced"] = (path, round) =>
        {
            File.WriteAllBytes(path + ".new", Sample.Bytes(round + 20, (int)new FileInfo(path).Length));
            File.Move(path + ".new", path, overwrite: true);
        },
        ["is deleted"] = (path, _) => File.Delete(path),
        ["becomes a pipe"] = (path, _) =>
        {
            File.Delete(path);
            NativeFiles.MakeFifo(Encoding.UTF8.GetBytes(path));
        },
    };

    private readonly TempFolder temp = new();
    private readonly List<string> warnings = [];
    private readonly Dictionary<string, byte[]> others = new()
    {
        ["a"] = Sample.Bytes(1, 3 * Chunk),
        ["b"] = Sample.Bytes(2, Short),
        ["n"] = Sample.Bytes(3, 8 * Chunk),
        ["o"] = Sample.Bytes(4, 1),
        ["z"] = Sample.Bytes(5, 6 * Chunk),
    };

    // By the length of the victim.
    private readonly Dictionary<int, PackedOutput> unchanged = [];
    private int number;

    public void Dispose() => temp.Dispose();

    public static TheoryData<string> Cases => new(Changes.Keys);

    [Theory]
    [MemberData(nameof(Cases))]
    public void AFileThatLiesInOnePieceComesLaterOrNotAtAll(string change)
    {
        foreach (var point in Enum.GetValues<ChangePoint>())
        {
            Pack(Short, Changes[change], point, OnChange.Retry, threads: 2);
            Pack(Short, Changes[change], point, OnChange.Skip, threads: 1);
        }
    }

    /// <summary>Before its first part is read, and when that is in a piece which is finished.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void AFileThatIsCutComesLaterOrNotAtAll(string change)
    {
        foreach (var point in Enum.GetValues<ChangePoint>())
        {
            Pack(Long, Changes[change], point, OnChange.Retry, threads: 3);
            Pack(Long, Changes[change], point, OnChange.Retry, threads: 1, after: 1);
            Pack(Long, Changes[change], point, OnChange.Skip, threads: 1, after: 1);
        }
    }

    [Theory]
    [InlineData("is appended to", Short)]
    [InlineData("is cut off", Short)]
    [InlineData("is overwritten", Long)]
    [InlineData("grows by far", Long)]
    public void AFileThatChangesThreeTimesIsPackedAndOneThatGoesOnIsLeftOut(string change, int length)
    {
        Assert.True(Pack(length, Changes[change], ChangePoint.BeforeFinish, OnChange.Retry, threads: 1, times: 3));
        Assert.Equal(3, warnings.Count);
        Assert.False(Pack(length, Changes[change], ChangePoint.BeforeFinish, OnChange.Retry, threads: 1, times: int.MaxValue));
        Assert.Equal(4, warnings.Count);
        Assert.True(Pack(length, Changes[change], ChangePoint.Middle, OnChange.Retry, threads: 3, times: 2));
    }

    [Theory]
    [InlineData("is appended to")]
    [InlineData("is deleted")]
    [InlineData("becomes a pipe")]
    public void FailEndsTheRunWithoutADataset(string change)
    {
        var (options, source) = Prepare(Long, Changes[change], ChangePoint.AfterOpen, OnChange.Fail, 1, 1, 1);
        var e = Assert.ThrowsAny<IOException>(() => PackedOutput.Pack(options));
        Assert.True(source.Happened);
        Assert.Contains("m/victim", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(options.Output, "*.json*"));
    }

    /// <summary>By then no file is left in the round between.</summary>
    [Theory]
    [InlineData("is appended to", Short)]
    [InlineData("is overwritten", Long)]
    public void WhatChangedTwiceBeforeTheRunWasBrokenOffIsPackedByTheNextOne(string change, int length)
    {
        var (options, source) = Prepare(length, Changes[change], ChangePoint.AfterOpen, OnChange.Retry, 1, 2, 0);
        using var stop = new CancellationTokenSource();
        void Warn(string warning)
        {
            warnings.Add(warning);
            if (warnings.Count == 2)
                stop.Cancel();
        }

        Assert.ThrowsAny<OperationCanceledException>(() => new DatasetPacker(options with { Warn = Warn }, new PackCounters(), stop.Token).Run());
        var output = PackedOutput.Pack(options with { Reader = null });
        Assert.Equal(2, warnings.Count);
        CheckPieces(output, SampleOf(source.States[^1]), Path.GetFileName(options.Sources[0]));
    }

    /// <summary>The dataset of one piece becomes one of several.</summary>
    [Fact]
    public void WhatFitsNoMoreWhenItHasGrownIsCut() =>
        Assert.True(Pack(Short, Changes["grows by far"], ChangePoint.Middle, OnChange.Retry, threads: 2, capacity: 26 * Chunk));

    /// <summary>The file is the dataset, and when its first part is finished there is not enough left of it to be cut.</summary>
    [Theory]
    [InlineData("is all but emptied", 2)]
    [InlineData("is cut off", 4)]
    [InlineData("grows by far", 5)]
    public void ARootFileIsPackedAgainWithItsNewState(string change, int pieces)
    {
        string victim = temp.Of("alone");
        File.WriteAllBytes(victim, Sample.Bytes(9, Long));
        var source = new ChangingSource(victim, Changes[change], ChangePoint.AfterOpen, 1, 1);
        var output = PackedOutput.Pack(Options(victim, 1) with { Reader = source.Wrap, LargestCarSize = (6 * Chunk) + 1000 });
        Assert.True(source.Happened);
        CheckPieces(output, Sample.File(source.States[^1]), "alone");
        Assert.Equal(pieces, output.Result.Pieces.Count);
        var row = Assert.Single(output.Files);
        Assert.Equal(source.States[^1], SeveralPieces.Restore(row, Cars(output)));
    }

    private PackOptions Options(string source, int threads) => new()
    {
        Sources = [source],
        Output = temp.Of($"out-{number++}"),
        Profile = Profile,
        LargestCarSize = (6 * Chunk) + 1000,
        Threads = threads,
        Warn = warnings.Add,
    };

    private (PackOptions Options, ChangingSource Source) Prepare(int length, Action<string, int> change, ChangePoint point, OnChange onChange, int threads, int times, int after)
    {
        string folder = temp.Of($"src-{number++}");
        SampleOf(Sample.Bytes(6, length)).WriteTo(Encoding.UTF8.GetBytes(folder));
        warnings.Clear();
        var source = new ChangingSource(folder + "/m/victim", change, point, times, after);
        return (Options(folder, threads) with { OnChange = onChange, Reader = source.Wrap }, source);
    }

    /// <summary>The victim has a folder of its own, which without it is empty.</summary>
    private SampleFolder SampleOf(byte[]? victim) => Sample.Folder(
    [
        .. others.Select(other => (other.Key, (Sample)Sample.File(other.Value))),
        ("m", victim is null ? Sample.Folder() : Sample.Folder(("victim", Sample.File(victim)))),
        ("link", new SampleLink("m/victim"u8.ToArray(), Sample.SomeTime)),
    ]);

    /// <summary>Whether the victim is in the dataset.</summary>
    private bool Pack(int length, Action<string, int> change, ChangePoint point, OnChange onChange, int threads, int times = 1, int after = 0, long? capacity = null)
    {
        var (options, source) = Prepare(length, change, point, onChange, threads, times, after);
        options = options with { LargestCarSize = capacity ?? options.LargestCarSize };
        if (!unchanged.TryGetValue(length, out var still))
            unchanged[length] = still = PackedOutput.Pack(options with { Reader = null, Output = temp.Of($"still-{number++}") });
        var output = PackedOutput.Pack(options);

        Assert.True(source.Happened);
        Assert.Equal(source.Rounds, warnings.Count(warning => warning.Contains("m/victim", StringComparison.Ordinal)));
        if (capacity is not null)
            Assert.Contains("into several", warnings[^1], StringComparison.Ordinal);
        Assert.All(warnings.Take(source.Rounds), warning => Assert.Contains("m/victim", warning, StringComparison.Ordinal));
        var rows = output.Files.ToDictionary(row => row.Path);
        bool isPacked = rows.TryGetValue("m/victim", out var victim);
        Assert.Equal(isPacked, onChange == OnChange.Retry && source.Rounds < 4 && source.States.Count == source.Rounds + 1);
        CheckPieces(output, SampleOf(isPacked ? source.States[^1] : null), Path.GetFileName(options.Sources[0]));
        CheckSkipped(output, isPacked);

        // All else lies where it would lie had nothing changed.
        var before = still.Files.ToDictionary(row => row.Path);
        if (capacity is null)
        {
            Assert.All(others.Keys, path => Assert.Equal(before[path].Parts.Select(part => (part.FileOffset, part.Length)), rows[path].Parts.Select(part => (part.FileOffset, part.Length))));
            var untouched = still.Result.Pieces.Where(piece => piece.Kind == "data").Select(piece => piece.PieceCid).Except(before["m/victim"].Parts.Select(part => part.PieceCid)).ToList();
            Assert.NotEmpty(untouched);
            Assert.Empty(untouched.Except(output.Result.Pieces.Select(piece => piece.PieceCid)));
        }

        if (!isPacked)
            return false;
        var cars = Cars(output);
        Assert.Equal(source.States[^1], SeveralPieces.Restore(victim!, cars));
        Assert.Equal(File.ReadAllBytes(options.Sources[0] + "/m/victim"), source.States[^1]);
        if (capacity is null)
        {
            // In pieces of its own, behind all else, but for one that is to the byte what was finished before the change.
            var order = output.Result.Pieces.Select((piece, i) => (piece.PieceCid, i)).ToDictionary();
            var elsewhere = others.Keys.SelectMany(path => rows[path].Parts).Select(part => part.PieceCid).ToHashSet();
            var own = victim!.Parts.Select(part => part.PieceCid).ToList();
            Assert.Empty(own.Intersect(elsewhere));
            Assert.All(own.Except(still.Result.Pieces.Select(piece => piece.PieceCid)), piece => Assert.True(order[piece] > elsewhere.Max(other => order[other])));
        }

        return true;
    }

    private static Dictionary<string, byte[]> Cars(PackedOutput output) =>
        output.Result.Pieces.ToDictionary(piece => piece.PieceCid, piece => File.ReadAllBytes(Path.Combine(output.Folder, piece.CarFile)));

    /// <summary>Every data piece is complete alone, all pieces are what they are named by, and together they hold the sample.</summary>
    private static void CheckPieces(PackedOutput output, Sample sample, string name)
    {
        var plain = new PlainPieces(sample, Encoding.UTF8.GetBytes(name), Profile);
        Assert.Equal(plain.Dag(0).Cid.Text, output.Result.Dataset.RootCid);
        var blocks = new RefReader();
        foreach (var piece in output.Lines(RecordFile.Pieces, RecordJson.Default.PieceRecord))
        {
            byte[] car = File.ReadAllBytes(Path.Combine(output.Folder, piece.CarFile));
            Assert.Equal(piece.CarSize, car.Length);
            Assert.Equal("b" + RefBytes.ToBase32([1, 0x81, 0xe2, 3, 0x92, 0x20, 0x20, .. PlainCommP.Root(car, piece.PieceSize)]), piece.PieceCid);
            var (root, _) = blocks.Add(car);
            Assert.Equal(piece.RootCid, root.Text);
            if (piece.Kind != "data")
                continue;
            Assert.Equal(piece.RootCid, CarContents.Read(car).Root.ToString());
            Assert.NotEmpty(Assert.IsType<RefDirectory>(blocks.Read(root).Node).Entries);
        }

        output.VerifyFindsNothing();
        Assert.Equal(SeveralPieces.Lines(sample.ToReference(Profile), []), SeveralPieces.Lines(blocks.Read(plain.Dag(0).Cid).Node, []));
        int first = sample is SampleFolder ? 1 : 0;
        Assert.Equal(Enumerable.Range(first, plain.Count - first).Select(i => plain.Dag(i).Cid.Text), output.Files.Select(row => row.Cid));
        Assert.Empty(Directory.GetFiles(output.Folder, "*.car").Select(Path.GetFileName).Except(output.Result.Pieces.Select(piece => piece.CarFile)));
    }

    private static void CheckSkipped(PackedOutput output, bool isPacked)
    {
        Assert.Equal(isPacked ? 0 : 1, output.Result.Dataset.Skipped);
        string list = Path.Combine(output.Folder, RecordFile.Skipped);
        Assert.Equal(isPacked, !File.Exists(list));
        if (isPacked)
            return;
        var skipped = Assert.Single(output.Lines(RecordFile.Skipped, RecordJson.Default.SkippedRecord));
        Assert.Equal("m/victim", skipped.Path);
        Assert.Contains(skipped.Reason, (string[])["changed", "vanished", "replaced"]);
    }

    private static void Write(string path, FileMode mode, int round, int count)
    {
        using var file = new FileStream(path, mode);
        file.Write(Sample.Bytes(round + 10, count));
    }

    private static void Resize(string path, long length)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(length);
    }
}
