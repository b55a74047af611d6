using System.Text;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Planning;

/// <summary>Trees of one kind each: roots that are no folders, folders without content, what was removed, enormous files and folders.</summary>
public sealed class PieceCutterCaseTests
{
    private const long MiB = 1 << 20;

    private static readonly UnixFsProfile s_tiny = new() { ChunkSize = 100, MaxLinks = 3 };

    [Theory]
    [InlineData(nameof(EntryKind.File), 250)]
    [InlineData(nameof(EntryKind.File), 0)]
    [InlineData(nameof(EntryKind.Symlink), 0)]
    [InlineData(nameof(EntryKind.Directory), 0)]
    [InlineData(nameof(EntryKind.Removed), 0)]
    public void ARootOfItsOwnIsOnePieceOfItsOwnSize(string kind, long size)
    {
        var tree = new SourceTree();
        Add(tree, Enum.Parse<EntryKind>(kind), "root", size, -1);
        long whole = PieceLayout.Create(tree, s_tiny).CarSize;
        Assert.Equal([new PieceRange(PlanPoint.Start, PlanPoint.End(tree), whole)], Cut(tree, s_tiny, whole));
        if (size > 0)
        {
            Assert.InRange(Cut(tree, s_tiny, whole - 1)[0].End.Leaf, 1, 2);
            return;
        }

        var fault = Assert.Throws<PieceTooSmallException>(() => Cut(tree, s_tiny, whole - 1));
        Assert.Equal((whole, whole - 1), (fault.Needed, fault.Capacity));
    }

    [Fact]
    public void AFileThatIsTheRootIsCutIntoPartsInAFolder()
    {
        var tree = new SourceTree();
        Add(tree, EntryKind.File, "root", 1050, -1);
        var pieces = Cut(tree, s_tiny, 700);
        Assert.True(pieces.Count > 2);
        PieceCutterTests.CheckRule(tree, s_tiny, 700, keep: false, pieces);
        Assert.Equal(pieces, Cut(tree, s_tiny, 700, keep: true));
    }

    /// <summary>A short last leaf takes less than the folder that stands for a cut file.</summary>
    [Fact]
    public void AFileMayFitWholeThatDoesNotFitCut()
    {
        var (tree, root) = Root();
        Add(tree, EntryKind.File, "file", 201, root);
        Add(tree, EntryKind.File, "other", 1, root);
        tree.Close(root);
        long whole = PlainCutter.Size(tree, s_tiny, PlanPoint.Start, new(2, 0));
        Assert.True(PlainCutter.Size(tree, s_tiny, PlanPoint.Start, new(1, 2)) > whole);
        Assert.Equal([new(2, 0), PlanPoint.End(tree)], Cut(tree, s_tiny, whole).Select(piece => piece.End));
    }

    [Fact]
    public void EmptyFoldersAndSymlinksAreUnits()
    {
        var (tree, root) = Root();
        int folder = Add(tree, EntryKind.Directory, "folder", 0, root);
        for (int i = 0; i < 20; i++)
            Add(tree, i % 2 == 0 ? EntryKind.Directory : EntryKind.Symlink, $"{i:D2}", 0, folder);
        tree.Close(folder);
        tree.Close(root);
        var pieces = Cut(tree, s_tiny, 600);
        Assert.True(pieces.Count > 3);
        PieceCutterTests.CheckRule(tree, s_tiny, 600, keep: false, pieces);
    }

    /// <summary>What was removed goes along with what is before it or after it, and never makes a piece.</summary>
    [Fact]
    public void RemovedEntriesMakeNoPiece()
    {
        var (tree, root) = Root();
        for (int i = 0; i < 9; i++)
            Add(tree, EntryKind.File, $"{i}", 100, root);
        tree.Close(root);
        foreach (int removed in (int[])[1, 3, 5, 6, 8, 9])
            tree.Remove(removed, "changed", "");
        long one = PlainCutter.Size(tree, s_tiny, new(2, 0), new(3, 0));
        Assert.Equal([new(3, 0), new(5, 0), PlanPoint.End(tree)], Cut(tree, s_tiny, one).Select(piece => piece.End));
        Assert.Single(Cut(tree, s_tiny, 3 * one));

        foreach (int rest in (int[])[2, 4, 7])
            tree.Remove(rest, "changed", "");
        Assert.Equal([new PieceRange(PlanPoint.Start, PlanPoint.End(tree), PieceLayout.Create(tree, s_tiny).CarSize)], Cut(tree, s_tiny, one));
    }

    [Fact]
    public void WhatFitsInNoPieceIsNamed()
    {
        var (tree, root) = Root();
        int folder = Add(tree, EntryKind.Directory, "a\nfolder", 0, root);
        Add(tree, EntryKind.File, "small", 1, folder);
        Add(tree, EntryKind.File, "large", 1000, folder);
        tree.Close(folder);
        tree.Close(root);
        long first = PlainCutter.Size(tree, s_tiny, PlanPoint.Start, new(3, 0));
        var fault = Assert.Throws<PieceTooSmallException>(() => Cut(tree, s_tiny, first));
        Assert.Equal((PlainCutter.Size(tree, s_tiny, new(3, 0), new(3, 1)), first), (fault.Needed, fault.Capacity));
        Assert.Contains(@"a\nfolder/large", fault.Message, StringComparison.Ordinal);
        Assert.Contains($" {fault.Needed} ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APebibyteIsCut()
    {
        var profile = UnixFsProfile.V1Of2025;
        var (tree, root) = Root();
        Add(tree, EntryKind.File, "large", 1L << 50, root);
        Add(tree, EntryKind.File, "small", 1, root);
        tree.Close(root);
        long capacity = 32L << 30;
        var pieces = Cut(tree, profile, capacity);
        Assert.InRange(pieces.Count, (1 << 15) + 1, (1 << 15) + 10);
        Assert.All(pieces.SkipLast(1), piece => Assert.InRange(piece.CarSize, capacity - MiB - 200, capacity));
        Assert.Equal(pieces.Skip(1).Select(piece => piece.Begin), pieces.SkipLast(1).Select(piece => piece.End));
        foreach (var (begin, end, size) in (PieceRange[])[pieces[0], pieces[1], pieces[pieces.Count / 2]])
        {
            Assert.Equal(PlainCutter.Size(tree, profile, begin, end), size);
            Assert.True(PlainCutter.Size(tree, profile, begin, end with { Leaf = end.Leaf + 1 }) > capacity);
        }
    }

    /// <summary>No size may overflow on the way, nor where a chunk is a byte and every leaf is many times its content.</summary>
    [Theory]
    [InlineData(long.MaxValue, 1 << 20, long.MaxValue)]
    [InlineData(1L << 60, 1, long.MaxValue)]
    [InlineData(1L << 40, 1, 1L << 40)]
    public void TheLargestFilesAreCut(long size, int chunk, long capacity)
    {
        var profile = new UnixFsProfile { ChunkSize = chunk };
        var (tree, root) = Root();
        Add(tree, EntryKind.File, "large", size, root);
        tree.Close(root);
        foreach (bool keep in (bool[])[false, true])
        {
            var pieces = Cut(tree, profile, capacity, keep);
            Assert.All(pieces.SkipLast(1), piece => Assert.InRange(piece.CarSize, Math.Min(capacity, 1L << 55) - chunk - 1000, capacity));
            Assert.All(pieces.Take(2), piece => Assert.Equal(PlainCutter.Size(tree, profile, piece.Begin, piece.End), piece.CarSize));
        }
    }

    /// <summary>Sharded folders of many entries, cut in their midst, at several depths.</summary>
    [Theory]
    [InlineData(1, 20_000, 262_144, 256, HamtEstimation.BlockBytes)]
    [InlineData(1, 20_000, 262_144, 1024, HamtEstimation.LinksBytes)]
    [InlineData(30, 500, 1000, 16, HamtEstimation.BlockBytes)]
    [InlineData(300, 40, 1000, 8, HamtEstimation.LinksBytes)]
    [InlineData(5000, 1, 1, 256, HamtEstimation.BlockBytes)]
    public void ShardedFoldersAreCut(int folders, int files, int threshold, int fanout, HamtEstimation estimation)
    {
        var profile = new UnixFsProfile { ChunkSize = 1000, HamtThreshold = threshold, HamtFanout = fanout, HamtEstimation = estimation };
        var (tree, root) = Root();
        for (int i = 0; i < folders; i++)
        {
            int folder = Add(tree, EntryKind.Directory, $"{i:D5}", 0, root);
            for (int j = 0; j < files; j++)
                Add(tree, EntryKind.File, $"{j:D6} of many", (i + j) % 50 == 0 ? 5000 : (i * j) % 20, folder);
            tree.Close(folder);
        }

        tree.Close(root);
        long whole = PieceLayout.Create(tree, profile).CarSize;
        foreach (int count in (int[])[1, 3, 10])
        {
            var pieces = Cut(tree, profile, (whole / count) + 500);
            Assert.InRange(pieces.Count, count, count + 1);
            PieceCutterTests.CheckRule(tree, profile, (whole / count) + 500, keep: false, pieces);
        }
    }

    [Fact]
    public void CuttingCanBeCancelled()
    {
        var (tree, root) = Root();
        Add(tree, EntryKind.File, "file", 1000, root);
        tree.Close(root);
        Assert.Throws<OperationCanceledException>(() => PieceCutter.Cut(tree, s_tiny, new CutOptions { Capacity = 600 }, new CancellationToken(canceled: true)));
    }

    private static List<PieceRange> Cut(SourceTree tree, UnixFsProfile profile, long capacity, bool keep = false) =>
        PieceCutterTests.Cut(tree, profile, capacity, keep);

    private static (SourceTree Tree, int Root) Root()
    {
        var tree = new SourceTree();
        return (tree, Add(tree, EntryKind.Directory, "", 0, -1));
    }

    private static int Add(SourceTree tree, EntryKind kind, string name, long size, int parent)
    {
        var added = kind == EntryKind.Removed ? EntryKind.File : kind;
        int entry = tree.Add(added, Encoding.ASCII.GetBytes(name), kind == EntryKind.Symlink ? "to"u8 : [], new FileStamp { Mode = 0x1a4, Size = size }, parent, parent < 0 ? "/nowhere"u8.ToArray() : null);
        if (kind == EntryKind.Removed)
            tree.Remove(entry, "changed", "");
        if (kind == EntryKind.Directory)
            tree.Close(entry);
        return entry;
    }
}
