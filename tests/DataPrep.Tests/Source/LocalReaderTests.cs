using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>The reader keeps folders open: what happens to these meanwhile must not go unnoticed.</summary>
public sealed class LocalReaderTests : IDisposable
{
    private readonly TempFolder temp = new();

    public LocalReaderTests()
    {
        foreach (string folder in (string[])["a", "b", "b/c", "b/d"])
        {
            Directory.CreateDirectory(temp.Of("root", folder));
            for (int i = 0; i < 30; i++)
                File.WriteAllText(temp.Of("root", folder, $"f{i}"), $"{folder} {i}");
        }
    }

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void FilesAreReadWhateverTheirOrder(int threads)
    {
        var tree = Scan();
        using var reader = new LocalReader(tree);
        int[] files = [.. Enumerable.Range(0, tree.Count).Where(i => tree[i].Kind == EntryKind.File)];
        _ = Parallel.For(0, threads, thread =>
        {
            int[] order = [.. files];
            new Random(thread).Shuffle(order);
            foreach (int entry in order)
                Assert.Equal(File.ReadAllText(PathText.Show(tree.Location(entry))), Read(reader, tree, entry));
        });
    }

    /// <summary>A write in the same step of the kernel's clock as the scanned state cannot be seen; so no read may begin in it.</summary>
    [Fact]
    public void AFileThatChangedJustNowIsReadInTheNextStepOfTheClock()
    {
        var tree = Scan();
        int entry = Enumerable.Range(0, tree.Count).First(i => tree[i].Kind == EntryKind.File);
        File.AppendAllText(PathText.Show(tree.Location(entry)), "more");
        Assert.Equal(0, Posix.StatPath(tree.Location(entry), out var stamp));
        tree.Renew(entry, stamp);
        using var reader = new LocalReader(tree);
        using var file = reader.Open(entry);
        Assert.True(((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100) - stamp.ChangeTime >= 20_000_000);
    }

    [Fact]
    public void OneThreadMayHaveSeveralFilesOpen()
    {
        var tree = Scan();
        using var reader = new LocalReader(tree);
        var open = new Stack<(ISourceFile File, int Entry)>();
        for (int i = 0; i < tree.Count; i++)
        {
            if (tree[i].Kind == EntryKind.File)
                open.Push((reader.Open(i), i));
        }

        while (open.TryPop(out var each))
        {
            byte[] bytes = new byte[tree[each.Entry].Size];
            each.File.Read(0, bytes);
            each.File.Finish();
            each.File.Dispose();
            Assert.Equal(File.ReadAllBytes(PathText.Show(tree.Location(each.Entry))), bytes);
        }
    }

    [Fact]
    public void ASourceThatIsAFileIsRead()
    {
        var tree = LocalScanner.Scan([temp.Of("root", "a", "f1"), temp.Of("root", "b", "f2"), temp.Of("root", "b", "c")], new ScanOptions(), TestContext.Current.CancellationToken);
        using var reader = new LocalReader(tree);
        Assert.Equal("b/c 0", Read(reader, tree, 2));
        Assert.Equal("a 1", Read(reader, tree, tree.Count - 2));
        Assert.Equal("b 2", Read(reader, tree, tree.Count - 1));
    }

    [Fact]
    public void AFileOfAFolderThatWasMovedAwayIsTheScannedOneOrNone()
    {
        var tree = Scan();
        using var reader = new LocalReader(tree);
        Assert.Equal("b/c 0", Read(reader, tree, Find(tree, "b/c/f0")));
        Directory.Move(temp.Of("root", "b", "c"), temp.Of("elsewhere"));
        Directory.CreateDirectory(temp.Of("root", "b", "c"));
        for (int i = 1; i < 4; i++)
            File.WriteAllText(temp.Of("root", "b", "c", $"f{i}"), "b/c 9");
        File.Delete(temp.Of("elsewhere", "f2"));
        File.WriteAllText(temp.Of("elsewhere", "f3"), "b/c 7");

        Assert.Equal("b/c 1", Read(reader, tree, Find(tree, "b/c/f1")));
        Assert.Equal("changed", Failure(reader, tree, "b/c/f3").Reason);
        Assert.Equal("changed", Failure(reader, tree, "b/c/f2").Reason); // found in the new folder, and not the scanned one
        Assert.Equal("changed", Failure(reader, tree, "b/c/f1").Reason);
        Assert.Equal("vanished", Failure(reader, tree, "b/c/f9").Reason);
        Assert.Equal("a 5", Read(reader, tree, Find(tree, "a/f5")));
    }

    [Fact]
    public void FoldersThatAreReplacedAreNoticed()
    {
        var tree = Scan();
        using var reader = new LocalReader(tree);
        _ = Read(reader, tree, Find(tree, "b/c/f0"));
        Directory.Delete(temp.Of("root", "b", "c"), recursive: true);
        var failure = Failure(reader, tree, "b/c/f1");
        Assert.Equal("vanished", failure.Reason);
        Assert.Contains(temp.Of("root", "b", "c", "f1"), failure.Message, StringComparison.Ordinal);

        File.WriteAllText(temp.Of("root", "b", "c"), "a file");
        Assert.Equal("vanished", Failure(reader, tree, "b/c/f2").Reason);
        File.Delete(temp.Of("root", "b", "c"));
        File.CreateSymbolicLink(temp.Of("root", "b", "c"), "d");
        Assert.Equal("changed", Failure(reader, tree, "b/c/f1").Reason);

        Directory.Move(temp.Of("root", "b"), temp.Of("root", "z"));
        Assert.Equal("vanished", Failure(reader, tree, "b/f1").Reason);
    }

    [Fact]
    public void NothingIsAllocatedForAFile()
    {
        var tree = Scan();
        using var reader = new LocalReader(tree);
        int first = Find(tree, "b/c/f0");
        byte[] bytes = new byte[100];
        Allocation.AssertNone(() =>
        {
            for (int entry = first; entry < first + 30; entry++)
            {
                using var file = reader.Open(entry);
                file.Read(0, bytes.AsSpan(0, (int)tree[entry].Size));
                file.Finish();
            }
        });
    }

    private SourceTree Scan() => LocalScanner.Scan([temp.Of("root")], new ScanOptions(), TestContext.Current.CancellationToken);

    private static int Find(SourceTree tree, string path) => Enumerable.Range(1, tree.Count - 1).Single(i => PathText.Show(tree.DatasetPath(i)) == path);

    private static string Read(LocalReader reader, SourceTree tree, int entry)
    {
        byte[] bytes = new byte[tree[entry].Size];
        using var file = reader.Open(entry);
        file.Read(0, bytes);
        file.Finish();
        return Encoding.UTF8.GetString(bytes);
    }

    private static SourceChangedException Failure(LocalReader reader, SourceTree tree, string path) =>
        Assert.Throws<SourceChangedException>(() => _ = Read(reader, tree, Find(tree, path)));
}
