using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>Folders are read by several threads, and nothing shows of it.</summary>
public sealed class ScanAheadTests
{
    private const int Limit = 60_000;

    [Theory(Timeout = Limit)]
    [InlineData(1, 40, 30)]
    [InlineData(2, 300, 8)]
    [InlineData(3, 900, 3)]
    [InlineData(4, 5, 2500)]
    [InlineData(5, 1, 5)]
    public Task ATreeIsWhatItsFileSystemHolds(int seed, int folders, int entries) => Task.Run(() =>
    {
        using var temp = new TempFolder();
        Make(temp.Of("root"), new Random(seed), folders, entries);
        var expected = ScanTwin.Expected(temp.Of("root"));
        var first = Scan(temp.Of("root"), 1);
        Assert.Equal(expected, ScanTwin.Found(first));
        foreach (int threads in (int[])[2, 3, 16, 200])
            Assert.Equal(ScanTwin.All(first), ScanTwin.All(Scan(temp.Of("root"), threads)));
    }, TestContext.Current.CancellationToken);

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(4)]
    public Task MoreEntriesThanLieReadyAtATimeAreFound(int threads) => Task.Run(() =>
    {
        using var temp = new TempFolder();
        for (int folder = 0; folder < 36; folder++)
        {
            string path = temp.Of("root", $"{folder:x2}");
            Directory.CreateDirectory(path);
            for (int i = 0; i < 1000; i++)
                File.Create(Path.Join(path, $"file-{i}")).Dispose();
        }

        var tree = Scan(temp.Of("root"), threads);
        Assert.Equal(36 * 1001 + 1, tree.Count);
        Assert.Equal(ScanTwin.Expected(temp.Of("root")), ScanTwin.Found(tree));
    }, TestContext.Current.CancellationToken);

    [Fact(Timeout = Limit)]
    public Task SeveralSourcesAreReadAhead() => Task.Run(() =>
    {
        using var temp = new TempFolder();
        for (int i = 0; i < 5; i++)
            Make(temp.Of($"source{i}"), new Random(i), 30, 5);
        string[] sources = [.. Enumerable.Range(0, 5).Select(i => temp.Of($"source{i}"))];
        var one = LocalScanner.Scan(sources, new ScanOptions(EmptyDirectories: false), TestContext.Current.CancellationToken);
        var four = LocalScanner.Scan(sources, new ScanOptions(EmptyDirectories: false), TestContext.Current.CancellationToken, threads: 4);
        Assert.Equal(ScanTwin.All(one), ScanTwin.All(four));
    }, TestContext.Current.CancellationToken);

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(4)]
    public Task WhatComesAndGoesMeanwhileIsThereOrNot(int threads) => Task.Run(() =>
    {
        using var temp = new TempFolder();
        string root = temp.Of("root");
        Make(root, new Random(9), 60, 20);
        string[] folders = [root, .. Directory.GetDirectories(root, "*", SearchOption.AllDirectories)];
        using var done = new CancellationTokenSource();
        var changes = Task.Run(() =>
        {
            var random = new Random(threads);
            for (int i = 0; !done.IsCancellationRequested; i++)
            {
                string at = Path.Join(folders[random.Next(folders.Length)], $"new{random.Next(20)}");
                try
                {
                    Directory.CreateDirectory(Path.Join(at, "sub"));
                    File.WriteAllText(Path.Join(at, "file"), "x");
                    if (i % 3 == 0)
                        Directory.Move(at, at + "moved");
                    else
                        Directory.Delete(at, recursive: true);
                }
                catch (IOException)
                {
                    // one of its own earlier changes is in the way
                }
            }
        });
        for (int round = 0; round < 20; round++)
        {
            var tree = Scan(root, threads);
            AssertOrdered(tree);
            Assert.All(tree.Skipped, skipped => Assert.Contains(skipped.Reason, (string[])["vanished", "fifo"]));
            Assert.True(tree.Count > 1000);
        }

        done.Cancel();
        changes.Wait();
    }, TestContext.Current.CancellationToken);

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(4)]
    public Task CancellingEndsTheScan(int threads) => Task.Run(() =>
    {
        using var temp = new TempFolder();
        Make(temp.Of("root"), new Random(2), 100, 10);
        for (int after = 0; after < 40; after++)
        {
            using var cancel = new CancellationTokenSource();
            int calls = 0;
            void Progress(int found)
            {
                if (calls++ == after)
                    cancel.Cancel();
            }

            Assert.Throws<OperationCanceledException>(() => LocalScanner.Scan([temp.Of("root")], new ScanOptions(), cancel.Token, Progress, threads));
        }
    }, TestContext.Current.CancellationToken);

    [Fact]
    public void AnEntryAllocatesNoMoreThanItsPlaceInTheTree()
    {
        using var temp = new TempFolder();
        for (int folder = 0; folder < 10; folder++)
        {
            Directory.CreateDirectory(temp.Of("root", $"{folder}"));
            for (int i = 0; i < 1000; i++)
                File.Create(temp.Of("root", $"{folder}", $"file-{i:d5}")).Dispose();
        }

        Directory.CreateDirectory(temp.Of("empty"));
        long Allocated(string root)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            _ = Scan(root, 1);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        _ = Allocated(temp.Of("root"));
        long least = Enumerable.Range(0, 10).Min(_ => Allocated(temp.Of("root")) - Allocated(temp.Of("empty")));
        const int Blocks = (1 << 20) + (2 * 4096 * 56); // names and entries have memory in blocks, the first of which grows
        Assert.InRange(least, 0, Blocks + (10_000 * (56 + 10 + 10))); // an entry, its name, and a little for its folder
    }

    private static SourceTree Scan(string root, int threads) =>
        LocalScanner.Scan([root], new ScanOptions(), TestContext.Current.CancellationToken, threads: threads);

    private static void AssertOrdered(SourceTree tree)
    {
        for (int folder = 0; folder < tree.Count; folder++)
        {
            if (tree[folder].Kind != EntryKind.Directory)
                continue;
            int last = -1;
            for (int child = folder + 1; child < tree[folder].End; child = tree[child].End)
            {
                Assert.Equal(folder, tree[child].Parent);
                Assert.True(last < 0 || tree.Name(last).SequenceCompareTo(tree.Name(child)) < 0);
                last = child;
            }
        }

        Assert.Equal(tree.Count, tree[0].End);
    }

    /// <summary>Folders somewhere in each other, each with about so many entries of all kinds; many names begin alike, some are no UTF-8.</summary>
    private static void Make(string root, Random random, int folders, int entries)
    {
        var made = new List<byte[]> { Encoding.UTF8.GetBytes(root) };
        NativeFiles.MakeFolder(made[0]);
        for (int i = 1; i < folders; i++)
        {
            // half the time in the one made last, so that it gets deep too
            byte[] path = [.. random.Next(2) == 0 ? made[^1] : made[random.Next(made.Count)], (byte)'/', .. Name(random, $"d{i}")];
            if (path.Length > 3500)
                continue;
            NativeFiles.MakeFolder(path);
            made.Add(path);
        }

        foreach (byte[] folder in made)
        {
            int count = random.Next(2 * entries);
            for (int i = 0; i < count; i++)
            {
                byte[] path = [.. folder, (byte)'/', .. Name(random, $"{i}")];
                switch (random.Next(20))
                {
                    case 0:
                        NativeFiles.MakeLink(path, Name(random, "target"));
                        break;
                    case 1:
                        NativeFiles.MakeFifo(path);
                        break;
                    case 2:
                        NativeFiles.MakeFolder(path);
                        break;
                    default:
                        NativeFiles.MakeFile(path, new byte[random.Next(3)]);
                        break;
                }
            }
        }
    }

    private static byte[] Name(Random random, string unique)
    {
        byte[] end = Encoding.UTF8.GetBytes(unique);
        return random.Next(4) switch
        {
            0 => [(byte)random.Next(0x80, 0x100), (byte)random.Next(0x30, 0x100), .. end],
            1 => [.. "a-common-beginning-"u8, .. end, (byte)'-', .. new byte[random.Next(6)].Select(_ => (byte)random.Next(0x30, 0x34))],
            2 => [(byte)random.Next(0x21, 0x2e), .. end],
            _ => [.. end, (byte)'.', .. "txt"u8],
        };
    }
}
