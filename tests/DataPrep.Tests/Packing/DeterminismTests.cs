using System.Diagnostics;
using System.Text;
using DataPrep.Hashing;
using DataPrep.Packing;
using DataPrep.Source;
using DataPrep.Tests.Hashing;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>The output is a function of the input: not of threads, slabs, kernels, or the order in which entries came to be.</summary>
public sealed class DeterminismTests(DeterminismTests.Baseline baseline, DeterminismTests.CutBaseline cut)
    : IClassFixture<DeterminismTests.Baseline>, IClassFixture<DeterminismTests.CutBaseline>
{

    public static TheoryData<string> Kernels => KernelData.Supported;

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, null)]
    [InlineData(7, null)]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    [InlineData(3, 2)]
    [InlineData(2, 4)]
    [InlineData(2, 8)]
    [InlineData(2, 16)]
    [InlineData(1, 64)]
    public void ThreadsAndSlabsDoNotShow(int threads, int? slabMebibytes)
    {
        foreach (var expected in (Baseline[])[baseline, cut])
        {
            using var temp = new TempFolder();
            PackedOutput.Pack(expected.Options with { Output = temp.Of("out"), Threads = threads, SlabSize = slabMebibytes << 20 });
            expected.Same(temp.Of("out"));
        }
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 2)]
    [InlineData(2, 5)]
    public void TheFoldersThatPiecesAreSpreadOverDoNotShow(int threads, int folders)
    {
        using var temp = new TempFolder();
        string[] outputs = [.. Enumerable.Range(0, folders).Select(i => temp.Of($"out {i}"))];
        PackedOutput.Pack(cut.Options with { Output = outputs[0], MoreOutputs = outputs[1..], Threads = threads });
        cut.Same(outputs[0]);
        Assert.All(outputs[1..], folder => Assert.NotEmpty(Directory.GetFiles(folder, "*.car")));
        Assert.Contains(Directory.GetFiles(outputs[0], "*.car"), car => new FileInfo(car).LinkTarget is null);
    }

    [Theory]
    [InlineData("Auto", "Direct", false, true)]
    [InlineData("Auto", "Cached", true, true)]
    [InlineData("Cached", "Direct", true, false)]
    [InlineData("Cached", "Cached", false, null)]
    public void TheWayToTheDiskDoesNotShow(string input, string output, bool inTurn, bool? dropBehind)
    {
        using var temp = new TempFolder(onDisk: true);
        foreach (var expected in (Baseline[])[baseline, cut])
        {
            string folder = temp.Of(expected.GetType().Name);
            PackedOutput.Pack(expected.Options with
            {
                Output = folder,
                SlabSize = 2 << 20,
                InputIo = Enum.Parse<InputIo>(input),
                OutputIo = Enum.Parse<OutputIo>(output),
                ReadInTurn = inTurn,
                DropBehind = dropBehind,
            });
            expected.Same(folder);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task KernelsDoNotShow(string kernel)
    {
        using var temp = new TempFolder();
        var start = new ProcessStartInfo(Executable(), ["pack", baseline.Source, "-o", temp.Of("out"), "--chunk-size", "256KiB", "-q"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment[Sha256Kernels.Variable] = kernel;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        _ = await output;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, errors);
        baseline.Same(temp.Of("out"));
    }

    [Fact]
    public void TheOrderOfMakingDoesNotShow()
    {
        using var temp = new TempFolder();
        foreach (var expected in (Baseline[])[baseline, cut])
        {
            string folder = temp.Of(expected.GetType().Name);
            Directory.CreateDirectory(folder);
            new SampleFolder([.. expected.Root.Entries.Reverse()], expected.Root.Mode, expected.Root.Mtime).WriteTo(Encoding.UTF8.GetBytes(folder + "/data"));
            PackedOutput.Pack(expected.Options with { Sources = [folder + "/data"], Output = folder + "/out" });
            expected.Same(folder + "/out");
        }
    }

    [Fact]
    public void PackingAgainIsRecognisedAndWritesNothing()
    {
        foreach (var expected in (Baseline[])[baseline, cut])
        {
            using var temp = new TempFolder();
            var options = expected.Options with { Output = temp.Of("out") };
            Assert.False(PackedOutput.Pack(options).Result.AlreadyDone);
            Assert.True(PackedOutput.Pack(options).Result.AlreadyDone);
            expected.Same(temp.Of("out"));
        }
    }

    private static string Executable()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DataPrep.sln")))
            folder = folder.Parent;
        Assert.SkipWhen(folder is null, "The tests do not run from within the repository.");
        var built = Directory.EnumerateFiles(Path.Combine(folder.FullName, "src", "DataPrep.Cli", "bin"), "dataprep", SearchOption.AllDirectories)
            .OrderByDescending(File.GetLastWriteTimeUtc);
        return built.FirstOrDefault() ?? throw new FileNotFoundException("dataprep is not built.");
    }

    /// <summary>A dataset of several pieces: most are cut within a file, and they are of several slabs where these are small.</summary>
    public sealed class CutBaseline() : Baseline(1, options => options with { PieceSize = 4 << 20, Profile = options.Profile with { ChunkSize = 64 << 10 } });

    public class Baseline : IDisposable
    {
        private readonly TempFolder temp = new();
        private readonly SortedDictionary<string, byte[]> expected;

        public Baseline()
            : this(2, options => options)
        {
        }

        private protected Baseline(int scale, Func<PackOptions, PackOptions> with)
        {
            var small = Enumerable.Range(0, scale * 750).Select(i => ($"small {i:x}", (Sample)Sample.File(Sample.Bytes(i, i * 37 % 5000)))).ToArray();
            Root = Sample.Folder(
                ("deep", Sample.Folder(("er", Sample.Folder(small[..(small.Length / 2)])), ("empty", Sample.Folder()))),
                ("big", Sample.File(Sample.Bytes(-1, scale * 4_500_000))),
                ("bigger", Sample.File(Sample.Bytes(-2, scale * 8_500_000))),
                ("link", new SampleLink("big"u8.ToArray(), Sample.SomeTime)),
                ("many", Sample.Folder(small)),
                ("zeros", Sample.File(new byte[scale * 2_250_000])));
            Source = temp.Of("data");
            Root.WriteTo(Encoding.UTF8.GetBytes(Source));
            Options = with(new PackOptions
            {
                Sources = [Source],
                Output = temp.Of("out"),
                Profile = DataPrep.Unixfs.UnixFsProfile.V1Of2025 with { ChunkSize = 256 << 10 },
                Threads = 1,
            });
            PackedOutput.Pack(Options).VerifyFindsNothing();
            expected = PackedOutput.Everything(Options.Output);
        }

        internal SampleFolder Root { get; }

        internal PackOptions Options { get; }

        public string Source { get; }

        public void Dispose()
        {
            temp.Dispose();
            GC.SuppressFinalize(this);
        }

        internal void Same(string folder)
        {
            var actual = PackedOutput.Everything(folder);
            Assert.Equal(expected.Keys, actual.Keys);
            foreach (var (name, bytes) in expected)
                Assert.True(bytes.AsSpan().SequenceEqual(actual[name]), $"{name} differs");
        }
    }
}
