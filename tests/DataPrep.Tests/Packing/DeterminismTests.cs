using System.Diagnostics;
using System.Text;
using DataPrep.Hashing;
using DataPrep.Packing;
using DataPrep.Source;
using DataPrep.Tests.Hashing;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>The output is a function of the input: not of threads, slabs, kernels, or the order in which entries came to be.</summary>
public sealed class DeterminismTests : IClassFixture<DeterminismTests.Baseline>
{
    private readonly Baseline baseline;

    public DeterminismTests(Baseline baseline) => this.baseline = baseline;

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
        using var temp = new TempFolder();
        PackedOutput.Pack(baseline.Options with { Output = temp.Of("out"), Threads = threads, SlabSize = slabMebibytes << 20 });
        baseline.Same(temp.Of("out"));
    }

    [Theory]
    [InlineData("Auto", "Direct", false, true)]
    [InlineData("Auto", "Cached", true, true)]
    [InlineData("Cached", "Direct", true, false)]
    [InlineData("Cached", "Cached", false, null)]
    public void TheWayToTheDiskDoesNotShow(string input, string output, bool inTurn, bool? dropBehind)
    {
        using var temp = new TempFolder(onDisk: true);
        PackedOutput.Pack(baseline.Options with
        {
            Output = temp.Of("out"),
            SlabSize = 2 << 20,
            InputIo = Enum.Parse<InputIo>(input),
            OutputIo = Enum.Parse<OutputIo>(output),
            ReadInTurn = inTurn,
            DropBehind = dropBehind,
        });
        baseline.Same(temp.Of("out"));
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
        new SampleFolder([.. baseline.Root.Entries.Reverse()], baseline.Root.Mode, baseline.Root.Mtime).WriteTo(Encoding.UTF8.GetBytes(temp.Of("data")));
        PackedOutput.Pack(baseline.Options with { Sources = [temp.Of("data")], Output = temp.Of("out") });
        baseline.Same(temp.Of("out"));
    }

    [Fact]
    public void PackingAgainIsRecognisedAndWritesNothing()
    {
        using var temp = new TempFolder();
        var options = baseline.Options with { Output = temp.Of("out") };
        Assert.False(PackedOutput.Pack(options).Result.AlreadyDone);
        Assert.True(PackedOutput.Pack(options).Result.AlreadyDone);
        baseline.Same(temp.Of("out"));
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

    public sealed class Baseline : IDisposable
    {
        private readonly TempFolder temp = new();
        private readonly SortedDictionary<string, byte[]> expected;

        public Baseline()
        {
            var small = Enumerable.Range(0, 1500).Select(i => ($"small {i:x}", (Sample)Sample.File(Sample.Bytes(i, i * 37 % 5000)))).ToArray();
            Root = Sample.Folder(
                ("deep", Sample.Folder(("er", Sample.Folder(small[..700])), ("empty", Sample.Folder()))),
                ("big", Sample.File(Sample.Bytes(-1, 9_000_001))),
                ("bigger", Sample.File(Sample.Bytes(-2, 17_000_000))),
                ("link", new SampleLink("big"u8.ToArray(), Sample.SomeTime)),
                ("many", Sample.Folder(small)),
                ("zeros", Sample.File(new byte[4_500_000])));
            Source = temp.Of("data");
            Root.WriteTo(Encoding.UTF8.GetBytes(Source));
            Options = new PackOptions
            {
                Sources = [Source],
                Output = temp.Of("out"),
                Profile = DataPrep.Unixfs.UnixFsProfile.V1Of2025 with { ChunkSize = 256 << 10 },
                Threads = 1,
            };
            PackedOutput.Pack(Options).VerifyFindsNothing();
            expected = PackedOutput.Everything(Options.Output);
        }

        internal SampleFolder Root { get; }

        internal PackOptions Options { get; }

        public string Source { get; }

        public void Dispose() => temp.Dispose();

        internal void Same(string folder)
        {
            var actual = PackedOutput.Everything(folder);
            Assert.Equal(expected.Keys, actual.Keys);
            foreach (var (name, bytes) in expected)
                Assert.True(bytes.AsSpan().SequenceEqual(actual[name]), $"{name} differs");
        }
    }
}
