using System.Text;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Slow, uneven and failing readers under many threads: the same bytes, or the exception out, and never a hang.</summary>
public sealed class EngineStressTests
{
    private const int Limit = 60_000;
    private static readonly SlabPlan ManySlabs = new(1 << 20, 16);

    // Chunks of a third of a slab: nearly every slab ends within a leaf
    private static readonly UnixFsProfile Profile = new() { ChunkSize = 400_000, MaxLinks = 5 };

    private static SampleFolder Root { get; } = Sample.Folder(
        ("big", Sample.File(Sample.Bytes(1, 14_000_000))),
        ("many", Sample.Folder([.. Enumerable.Range(0, 400).Select(i => ($"{i}", (Sample)Sample.File(Sample.Bytes(i, i * 41 % 3000))))])),
        ("second", Sample.File(Sample.Bytes(2, 7_654_321))),
        ("tail", Sample.Folder([.. Enumerable.Range(0, 50).Select(i => ($"empty {i}", (Sample)Sample.Folder()))])));

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public Task RandomDelaysDoNotShow(int seed) => Task.Run(() =>
    {
        byte[] expected = MemoryRun.Car(Root, Profile, new SlabPlan(1 << 20, 1), out var first);
        first.Dispose();
        var (tree, contents) = Root.ToSource();
        var layout = PieceLayout.Create(tree, Profile);
        var random = new Random(seed);
        var reader = new MadeReader((entry, offset, destination) =>
        {
            int delay;
            lock (random)
                delay = random.Next(destination.Length > 10_000 ? 20 : 200);
            if (delay < 8)
                Thread.Sleep(delay);
            contents[entry].AsSpan((int)offset, destination.Length).CopyTo(destination);
        });
        byte[] car = MemoryRun.Car(layout, reader, ManySlabs, out var piece);
        using (piece)
            Assert.Equal(CommPHasher.HashData(expected), piece.Commitment);
        Assert.True(expected.AsSpan().SequenceEqual(car));
    }, TestContext.Current.CancellationToken);

    [Fact(Timeout = Limit)]
    public Task AFailingReadEndsTheRun() => Task.Run(() =>
    {
        using var temp = new TempFolder();
        Root.WriteTo(Encoding.UTF8.GetBytes(temp.Of("source")));
        for (int i = 0; i < 60; i++)
        {
            long failAt = new Random(i).Next(450);
            long reads = 0;
            Exception expected = i % 2 == 0 ? new SourceChangedException(1, "big"u8.ToArray(), 7, "changed", "was modified") : new IOException("the disk is gone");
            var options = new PackOptions
            {
                Sources = [temp.Of("source")],
                Output = temp.Of($"out{i}"),
                Profile = Profile,
                OnChange = OnChange.Fail,
                Threads = 16,
                SlabSize = 1 << 20,
                Reader = tree => new MadeReader((entry, offset, destination) =>
                {
                    if (Interlocked.Increment(ref reads) > failAt)
                        throw expected;
                    destination.Fill((byte)entry);
                }),
            };
            var failure = Record.Exception(() => PackedOutput.Pack(options));
            Assert.Contains(expected.Message, Assert.IsType<IOException>(failure).Message, StringComparison.Ordinal);
            AssertNothingLeft(options.Output);
        }
    }, TestContext.Current.CancellationToken);

    [Fact(Timeout = Limit)]
    public Task CancellingEndsTheRun() => Task.Run(() =>
    {
        using var temp = new TempFolder();
        Root.WriteTo(Encoding.UTF8.GetBytes(temp.Of("source")));
        for (int i = 0; i < 30; i++)
        {
            using var cancel = new CancellationTokenSource();
            long cancelAt = new Random(i).Next(450);
            long reads = 0;
            var options = new PackOptions
            {
                Sources = [temp.Of("source")],
                Output = temp.Of($"out{i}"),
                Profile = Profile,
                Threads = 16,
                SlabSize = 1 << 20,
                Reader = tree => new MadeReader((entry, offset, destination) =>
                {
                    if (Interlocked.Increment(ref reads) == cancelAt + 1)
                        cancel.Cancel();
                }),
            };
            var failure = Record.Exception(() => new DatasetPacker(options, new PackCounters(), cancel.Token).Run());
            Assert.IsType<OperationCanceledException>(failure, exactMatch: false);
            AssertNothingLeft(options.Output);
        }
    }, TestContext.Current.CancellationToken);

    [Theory(Timeout = Limit)]
    [InlineData(OnChange.Retry)]
    [InlineData(OnChange.Skip)]
    public Task AFileThatKeepsChangingIsLeftOut(object onChange) => Task.Run(() =>
    {
        using var temp = new TempFolder();
        Root.WriteTo(Encoding.UTF8.GetBytes(temp.Of("source")));
        int opened = 0;
        var output = PackedOutput.Pack(new PackOptions
        {
            Sources = [temp.Of("source")],
            Output = temp.Of("out"),
            Profile = Profile,
            OnChange = (OnChange)onChange,
            Threads = 4,
            SlabSize = 1 << 20,
            Reader = tree => new MadeReader((entry, offset, destination) =>
            {
                if (tree.Name(entry).SequenceEqual("second"u8))
                {
                    Interlocked.Increment(ref opened);
                    throw new SourceChangedException(entry, "second"u8.ToArray(), offset, "changed", "was modified");
                }

                using FileStream file = File.OpenRead(PathText.Show(tree.Location(entry)));
                file.Position = offset;
                file.ReadExactly(destination);
            }),
        });

        Assert.InRange(opened, (OnChange)onChange == OnChange.Skip ? 1 : 4, 40);
        Assert.Equal("second", PathText.Show(Assert.Single(output.Result.SkippedInputs).Path));
        var without = new SampleFolder([.. Root.Entries.Where(e => !e.Name.AsSpan().SequenceEqual("second"u8))], Root.Mode, Root.Mtime);
        Assert.Equal(without.Build(Profile).Cid.Text, output.Result.Dataset.RootCid);
        output.VerifyFindsNothing();
    }, TestContext.Current.CancellationToken);

    private static void AssertNothingLeft(string output) => Assert.Empty(Directory.GetFiles(output));
}
