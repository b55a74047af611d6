using System.Security.Cryptography;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>What tasks make of a plan is what one run makes.</summary>
public sealed class ArrayTests : IDisposable
{
    private const int Chunk = 1000;
    private readonly TempFolder temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public void TasksInAnyOrderMakeWhatOneRunMakes() => Splits.Check(120, SplitGen.WithWishes, (split, options) =>
    {
        _ = PackedOutput.Pack(options);
        var array = new ArrayRun(options, options.Output + "-array");
        int[] order = [.. Enumerable.Range(0, array.Pieces)];
        new Random(split.GetHashCode()).Shuffle(order);
        foreach (int number in order)
        {
            Assert.Contains(number, array.Missing());
            Assert.False(array.Make(number).AlreadyDone);
            Assert.True(array.Make(number).AlreadyDone);
        }

        Assert.Empty(array.Missing());
        Assert.False(array.Finish().AlreadyDone);
        Assert.Equal(PackedOutput.Everything(options.Output), PackedOutput.Everything(array.Output));
        Assert.True(array.Finish().AlreadyDone);
        Assert.False(new ArrayFolder(array.Output).IsInUse);
        return array.Pieces;
    });

    /// <summary>Whether a file is in one piece or in several; taken in its new state, or left out.</summary>
    [Theory]
    [InlineData("a/whole", true)]
    [InlineData("b/cut", true)]
    [InlineData("b/cut", false)]
    [InlineData("d/last", false)]
    public void WhatChangesAfterThePlanIsPackedWhenTheTasksAreDone(string path, bool isDeleted)
    {
        var options = Write();
        string victim = Path.Join(options.Sources[0], path);
        byte[] before = File.ReadAllBytes(victim);
        var time = File.GetLastWriteTimeUtc(victim);
        var folderTime = Directory.GetLastWriteTimeUtc(Path.GetDirectoryName(victim)!);

        _ = PackedOutput.Pack(options with { Reader = tree => Changed(tree) });
        Restore();
        var array = new ArrayRun(options, temp.Of("array"));
        Change();
        Assert.InRange(Enumerable.Range(0, array.Pieces).Sum(number => array.Make(number).Changes), 1, array.Pieces);
        var result = array.Finish();
        Assert.Equal(isDeleted ? 1 : 0, result.Skipped.Count);
        Assert.Equal(PackedOutput.Everything(options.Output), PackedOutput.Everything(array.Output));

        void Change()
        {
            if (isDeleted)
                File.Delete(victim);
            else
                Restore([.. before, .. before]);
        }

        void Restore(byte[]? content = null)
        {
            File.WriteAllBytes(victim, content ?? before);
            File.SetLastWriteTimeUtc(victim, time);
            Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(victim)!, folderTime);
        }

        ISourceReader Changed(SourceTree tree)
        {
            Change();
            return new LocalReader(tree);
        }
    }

    /// <summary>Goes on from the journal of a task that was stopped after any number of files.</summary>
    [Fact]
    public void ATaskThatWasStoppedIsGoneOnWith()
    {
        var options = Write();
        _ = PackedOutput.Pack(options);
        var expected = PackedOutput.Everything(options.Output);
        for (int after = 0; after < 12; after += 3)
        {
            var array = new ArrayRun(options with { Threads = 1 + (after % 2) }, temp.Of($"array-{after}"));
            for (int number = 0; number < array.Pieces; number++)
            {
                using var stop = new CancellationTokenSource();
                try
                {
                    _ = array.Make(number, tree => new StoppingReader(tree, stop, after), stop.Token);
                }
                catch (OperationCanceledException)
                {
                    Assert.Equal(number, array.Missing()[0]);
                }

                _ = array.Make(number);
            }

            _ = array.Finish();
            Assert.Equal(expected, PackedOutput.Everything(array.Output));
        }
    }

    [Fact]
    public void AReceiptThatIsDamagedOrWithoutItsPieceIsNone()
    {
        var options = Write();
        _ = PackedOutput.Pack(options);
        var array = new ArrayRun(options, temp.Of("array"));
        for (int number = 0; number < array.Pieces; number++)
            _ = array.Make(number);
        byte[] receipt = File.ReadAllBytes(array.ReceiptOf(1));
        for (int at = 0; at < receipt.Length; at += 1 + (at / 10))
        {
            byte[] damaged = [.. receipt];
            damaged[at] ^= 0x10;
            File.WriteAllBytes(array.ReceiptOf(1), damaged);
            Assert.Equal([1], array.Missing());
            File.WriteAllBytes(array.ReceiptOf(1), receipt[..at]);
            Assert.Equal([1], array.Missing());
        }

        File.Delete(Path.Join(array.Output, array.Make(2).Piece!.CarFile));
        var missing = Assert.Throws<MissingPiecesException>(array.Finish).Missing;
        Assert.Equal([1, 2], missing);
        Assert.All(missing, number => Assert.False(array.Make(number).AlreadyDone));
        _ = array.Finish();
        Assert.Equal(PackedOutput.Everything(options.Output), PackedOutput.Everything(array.Output));
    }

    [Fact]
    public void AnotherPlanOrAPackInTheSameFolderIsRefused()
    {
        var options = Write();
        var array = new ArrayRun(options, temp.Of("array"));
        _ = array.Make(0);
        var other = new ArrayRun(options with { Name = "other" }, array.Output);
        Assert.Contains("another plan", Assert.Throws<IOException>(() => other.Make(1)).Message, StringComparison.Ordinal);
        Assert.Contains("another plan", Assert.Throws<IOException>(other.Missing).Message, StringComparison.Ordinal);
        Assert.Contains("--restart", Assert.Throws<IOException>(() => PackedOutput.Pack(options with { Output = array.Output })).Message, StringComparison.Ordinal);
        Assert.Throws<UsageException>(() => array.Make(array.Pieces));
        using (new ArrayFolder(array.Output).Task(1).Hold())
            Assert.Throws<PassingFaultException>(() => array.Make(1));

        _ = PackedOutput.Pack(options with { Output = array.Output, Restart = true });
        _ = PackedOutput.Pack(options);
        Assert.Equal(PackedOutput.Everything(options.Output), PackedOutput.Everything(array.Output));
    }

    [Fact]
    public void WhatAnEarlierVersionHasIsKept()
    {
        var options = Write();
        _ = PackedOutput.Pack(options);
        File.WriteAllBytes(Path.Join(options.Sources[0], "c/new"), Sample.Bytes(9, 40 * Chunk));
        var next = options with { Previous = options.Output, Output = temp.Of("next") };
        _ = PackedOutput.Pack(next);
        var array = new ArrayRun(next, temp.Of("array"));
        for (int number = 0; number < array.Pieces; number++)
            _ = array.Make(number);
        _ = array.Finish();
        Assert.Equal(PackedOutput.Everything(next.Output), PackedOutput.Everything(array.Output));
    }

    [Fact]
    public void ThePlanIsNamedByItsHashAndAShareOfItIsReadAlone()
    {
        var array = new ArrayRun(Write(), temp.Of("array"));
        byte[] plan = File.ReadAllBytes(array.Plan);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(plan)), Path.GetFileNameWithoutExtension(array.Plan));
        Assert.Equal(array.Hash, SHA256.HashData(plan));
        Assert.Null(PlanFile.ReadShare(array.Plan, array.Pieces).Share);
        Assert.Null(PlanFile.ReadShare(array.Plan, -1).Share);
        string damaged = temp.Of("damaged.plan");
        for (int at = 0; at < plan.Length; at += 1 + (at / 50))
        {
            byte[] bytes = [.. plan];
            bytes[at] ^= 1;
            File.WriteAllBytes(damaged, bytes);
            Assert.Throws<MalformedDataException>(() => PlanFile.Read(damaged));
            File.WriteAllBytes(damaged, plan[..at]);
            Assert.Throws<MalformedDataException>(() => PlanFile.Read(damaged));
            // Of a share what was read is sound, whatever there is around it.
            try
            {
                Assert.Equal(0, PlanFile.ReadShare(damaged, 0).Share!.Number);
            }
            catch (Exception e) when (e is MalformedDataException or IOException)
            {
            }
        }
    }

    /// <summary>Files that lie in one piece and in several.</summary>
    private PackOptions Write()
    {
        var root = Sample.Folder(
            ("a", Sample.Folder(("whole", Sample.File(Sample.Bytes(1, 5 * Chunk))), ("more", Sample.File(Sample.Bytes(2, 3 * Chunk))))),
            ("b", Sample.Folder(("cut", Sample.File(Sample.Bytes(3, 60 * Chunk))), ("empty", Sample.Folder()))),
            ("c", Sample.Folder(("link", new SampleLink("../a"u8.ToArray(), Sample.SomeTime)), ("small", Sample.File(Sample.Bytes(4, 7))))),
            ("d", Sample.Folder(("last", Sample.File(Sample.Bytes(5, 9 * Chunk))))));
        root.WriteTo(PathText.FromArgument(temp.Of("src")));
        return new PackOptions
        {
            Sources = [temp.Of("src")],
            Output = temp.Of("out"),
            Profile = new() { ChunkSize = Chunk },
            LargestCarSize = 24 * Chunk,
            Threads = 1,
        };
    }

    /// <summary>Stops the run when so many files have been opened.</summary>
    private sealed class StoppingReader(SourceTree tree, CancellationTokenSource stop, int after) : ISourceReader
    {
        private readonly LocalReader reader = new(tree);
        private int opened;

        public ISourceFile Open(int entry)
        {
            if (Interlocked.Increment(ref opened) > after)
                stop.Cancel();
            return reader.Open(entry);
        }

        public void Dispose() => reader.Dispose();
    }
}
