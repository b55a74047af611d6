using DataPrep.Hashing;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>However much is packed, and of however many files, the engine's threads allocate no more.</summary>
public sealed class SteadyStateTests
{
    private const long MiB = 1 << 20;

    // Where hashing is slow, less says as much.
    private static readonly long s_large = NativeKernels.Absence is null ? 2048 * MiB : 160 * MiB;

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(1 << 18)]
    public void ALargePackAllocatesNoMoreThanASmallOne(int chunk)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 128 << 10; attempt++)
            least = Math.Min(least, Math.Abs(Allocated(s_large, chunk) - Allocated(s_large / 2, chunk)));
        Assert.InRange(least, 0, 128 << 10);
    }

    [Fact]
    public void ManySmallFilesAllocateNothingEach()
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 128 << 10; attempt++)
            least = Math.Min(least, Math.Abs(AllocatedOfFiles(82) - AllocatedOfFiles(42)));
        Assert.InRange(least, 0, 128 << 10);
    }

    private static long Allocated(long size, int chunk)
    {
        var tree = new SourceTree();
        tree.Add(EntryKind.File, "file"u8, [], new FileStamp { Mode = Posix.S_IFREG, Size = size }, -1, "/nowhere"u8.ToArray());
        return Allocated(tree, UnixFsProfile.V1Of2025 with { ChunkSize = chunk });
    }

    private static long AllocatedOfFiles(int folders)
    {
        var tree = new SourceTree();
        int root = tree.Add(EntryKind.Directory, [], [], default, -1, "/nowhere"u8.ToArray());
        for (int i = 0; i < folders; i++)
        {
            int folder = tree.Add(EntryKind.Directory, System.Text.Encoding.ASCII.GetBytes($"{i:D6}"), [], default, root);
            for (int j = 0; j < 1000; j++)
                tree.Add(EntryKind.File, System.Text.Encoding.ASCII.GetBytes($"{j:D6}"), [], new FileStamp { Mode = Posix.S_IFREG, Size = j }, folder);
            tree.Close(folder);
        }

        tree.Close(root);
        return Allocated(tree, UnixFsProfile.V1Of2025);
    }

    /// <summary>By the engine's threads, each from its first write to its last.</summary>
    private static long Allocated(SourceTree tree, UnixFsProfile profile)
    {
        var layout = PieceLayout.Create(tree, profile);
        var plan = new SlabPlan(16 << 20, 2);
        using var sink = new CountingSink();
        var counters = new PackCounters();
        using var engine = new SlabEngine(plan, TestContext.Current.CancellationToken) { Progress = counters };
        engine.Run([new PieceJob(layout, plan, new Constant(), sink, counters)], piece => piece.Dispose());
        return sink.Allocated;
    }

    private sealed class Constant : ISourceReader, ISourceFile
    {
        public ISourceFile Open(int entry) => this;

        public void Read(long offset, Span<byte> destination) => destination.Fill((byte)(offset >> 20));

        public void Expect(long offset, long length)
        {
        }

        public void Finish()
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class CountingSink : IPieceSink, IDisposable
    {
        private readonly ThreadLocal<long[]> spans = new(() => [GC.GetAllocatedBytesForCurrentThread(), 0], trackAllValues: true);

        public long Allocated => spans.Values.Sum(span => span[1] - span[0]);

        // What it costs to look is not counted: a new dictionary entry for each write would be.
        public void Write(long offset, ReadOnlySpan<byte> bytes) => spans.Value![1] = GC.GetAllocatedBytesForCurrentThread();

        public void Dispose() => spans.Dispose();
    }
}
