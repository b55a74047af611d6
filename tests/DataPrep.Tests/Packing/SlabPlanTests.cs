using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

public sealed class SlabPlanTests
{
    private const long MiB = 1 << 20;

    [Theory]
    [InlineData(1L << 10, 8, 1, 1)]
    [InlineData(10 * MiB, 1, 8, 1)]
    [InlineData(10 * MiB, 8, 1, 8)]
    [InlineData(64 * MiB, 4, 16, 4)]
    [InlineData(1024 * MiB, 4, 16, 4)]
    [InlineData(30L << 30, 4, 16, 4)]
    [InlineData(3 * MiB, 64, 1, 4)]
    public void ChoosesSlabsThatKeepTheThreadsBusy(long size, int threads, long mebibytes, int used)
    {
        var plan = SlabPlan.Choose(Layout(size, 1 << 18), threads, null, null);
        Assert.Equal(mebibytes * MiB, plan.PaddedSize);
        Assert.Equal(used, plan.Threads);
        Assert.Equal(plan.PaddedSize / 128 * 127, plan.RawSize);
    }

    [Theory]
    [InlineData(1 << 18, 1)]
    [InlineData(1_000_000, 1)]
    [InlineData(1_040_384 - 39, 1)]
    [InlineData(1_040_384 - 38, 2)]
    [InlineData(1 << 20, 2)]
    [InlineData(UnixFsProfile.MaxChunkSize, 4)]
    public void NoLeafIsLongerThanASlab(int chunk, long mebibytes)
    {
        var layout = Layout(100 * MiB, chunk);
        foreach (var plan in (SlabPlan[])[SlabPlan.Choose(layout, 4, null, MiB), SlabPlan.Choose(layout, 1000, null, null)])
        {
            Assert.Equal(mebibytes * MiB, plan.PaddedSize);
            Assert.True(plan.RawSize >= layout.LongestSection);
        }
    }

    [Theory]
    [InlineData(96, 1, 4)]
    [InlineData(128, 4, 4)]
    [InlineData(256, 16, 4)]
    [InlineData(1024, 16, 4)]
    public void MemoryShrinksSlabsBeforeThreads(long memory, long mebibytes, int threads)
    {
        var plan = SlabPlan.Choose(Layout(4096 * MiB, 1 << 18), 4, memory * MiB, null);
        Assert.Equal(threads, plan.Threads);
        Assert.InRange(plan.PaddedSize, mebibytes * MiB, 16 * MiB);
        long buffers = plan.Threads * (plan.RawSize + (2L * ((1 << 18) + 40)));
        Assert.InRange(buffers, 1, (memory - 64) * MiB);
    }

    [Fact]
    public void MemoryTakesThreadsAwayAtLast()
    {
        var layout = Layout(4096 * MiB, 1 << 18);
        Assert.InRange(SlabPlan.Choose(layout, 64, 80 * MiB, null).Threads, 1, 16);
        Assert.Equal(64, SlabPlan.Choose(layout, 64, null, null).Threads);
    }

    [Fact]
    public void AWantedSlabSizeIsKept()
    {
        var layout = Layout(4096 * MiB, 1 << 18);
        Assert.Equal(64 * MiB, SlabPlan.Choose(layout, 16, null, 64 * MiB).PaddedSize);
        Assert.Equal(256 * MiB, SlabPlan.Choose(Layout(1, 1 << 18), 16, null, 256 * MiB).PaddedSize);
        Assert.Equal(1, SlabPlan.Choose(Layout(1, 1 << 18), 16, null, 256 * MiB).Threads);
    }

    [Fact]
    public void TooLittleMemoryIsRefusedWithTheLeast()
    {
        var layout = Layout(4096 * MiB, 1 << 20);
        var refusal = Assert.Throws<ArgumentException>(() => SlabPlan.Choose(layout, 4, 16 * MiB, null));
        Assert.Contains("--memory must be at least", refusal.Message, StringComparison.Ordinal);
        long least = long.Parse(refusal.Message.Split("at least ")[1].Split("MiB")[0]);
        Assert.Equal(1, SlabPlan.Choose(layout, 4, least * MiB, null).Threads);
        Assert.Throws<ArgumentException>(() => SlabPlan.Choose(layout, 4, (least - 1) * MiB, null));
    }

    [Fact]
    public void ATreeWithoutFilesIsOneSlab()
    {
        var layout = PieceLayout.Create(Sample.Folder().ToSource().Tree, UnixFsProfile.V1Of2025);
        Assert.Equal(new SlabPlan(MiB, 1), SlabPlan.Choose(layout, 8, null, null));
    }

    private static PieceLayout Layout(long size, int chunk)
    {
        var tree = new SourceTree();
        tree.Add(EntryKind.File, "file"u8, [], new FileStamp { Mode = Posix.S_IFREG, Size = size }, -1, "/nowhere"u8.ToArray());
        return PieceLayout.Create(tree, UnixFsProfile.V1Of2025 with { ChunkSize = chunk });
    }
}
