using BenchmarkDotNet.Attributes;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Benchmarks;

/// <summary>The slab engine on 256 MiB between a source in memory and a sink that forgets: all of packing but input, output and records.</summary>
[MemoryDiagnoser]
public class PackingBenchmarks
{
    private const long Total = 256 << 20;
    private const int SmallFile = 50_000;
    private static readonly MadeSource Source = new();
    private PieceLayout file = Layout(MadeTree.File(0));
    private PieceLayout files = Layout(MadeTree.File(0));

    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    public static IEnumerable<int> ThreadCounts => new[] { 1, Environment.ProcessorCount }.Distinct();

    [GlobalSetup]
    public void Setup()
    {
        file = Layout(MadeTree.File(Total));
        files = Layout(MadeTree.Folders(8, (int)(Total / SmallFile / 8), _ => SmallFile));
    }

    [Benchmark, Bytes(Total)]
    public int OneFile() => Pack(file);

    /// <summary>5,368 files of 50,000 bytes in 8 folders.</summary>
    [Benchmark, Bytes(Total / SmallFile / 8 * 8 * SmallFile)]
    public int SmallFiles() => Pack(files);

    private static PieceLayout Layout(SourceTree tree) => PieceLayout.Create(tree, UnixFsProfile.V1Of2025);

    private int Pack(PieceLayout layout)
    {
        var plan = SlabPlan.Choose(layout, Threads, null, null);
        using var engine = new SlabEngine(plan, CancellationToken.None);
        int nodes = 0;
        engine.Run([new PieceJob(layout, plan, Source, new NoSink(), new PackCounters())], piece =>
        {
            nodes = piece.Nodes.Length;
            piece.Dispose();
        });
        return nodes;
    }

    /// <summary>Files whose content is cut out of the same few bytes: a read costs one copy.</summary>
    private sealed class MadeSource : ISourceReader
    {
        private readonly byte[] content = Payload.Bytes(4 << 20);

        public ISourceFile Open(int entry) => new MadeFile(content, entry);

        public void Dispose()
        {
        }
    }

    private sealed class MadeFile(byte[] content, int entry) : ISourceFile
    {
        public void Read(long offset, Span<byte> destination)
        {
            int start = (int)((offset + (entry * 4099L)) % content.Length);
            while (!destination.IsEmpty)
            {
                int length = Math.Min(destination.Length, content.Length - start);
                content.AsSpan(start, length).CopyTo(destination);
                destination = destination[length..];
                start = 0;
            }
        }

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
}
