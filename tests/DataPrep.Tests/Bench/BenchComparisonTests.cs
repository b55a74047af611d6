using DataPrep.Cli.Bench;
using Xunit;

namespace DataPrep.Tests.Bench;

/// <summary>A run beside an earlier one that was made up.</summary>
public sealed class BenchComparisonTests : IDisposable
{
    private const string Summary = """{"type":"summary","machine":{"cpu":"A","logicalCpus":2},"advice":["x"]}""";
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private static string Line(string name, double rate, double spread = 0.02, double ratio = 1, int threads = 1) =>
        $$"""{"type":"result","name":"{{name}}","bytesPerSecond":{{rate}},"threads":{{threads}},"ratioToReference":{{ratio}},"leastBytesPerSecond":{{rate * (1 - spread)}},"mostBytesPerSecond":{{rate * (1 + spread)}},"repeats":5}""";

    private static BenchResult Result(string name, double rate, double spread = 0.02, double ratio = 1, int threads = 1) =>
        new(name, rate, ratio) { Threads = threads, Least = rate * (1 - spread), Most = rate * (1 + spread) };

    private EarlierBench Earlier(params string[] lines) => EarlierBench.Read(scratch.File("old.json", string.Concat(lines.Select(line => line + "\n"))));

    [Fact]
    public void FasterSlowerAndNoise()
    {
        var earlier = Earlier(Line("a", 100), Line("b", 100), Line("c", 100, 0.3), Line("d", 100), Line("gone", 1, threads: 2), """{"type":"skipped","name":"disk","reason":"none"}""", Summary);
        BenchResult[] now = [Result("a", 120, ratio: 1.1), Result("b", 80), Result("c", 120), Result("d", 101), Result("d", 101, threads: 2)];
        var comparison = new BenchComparison(earlier, now, "A");
        Assert.Equal((0.2, 0.1, true), (Math.Round(comparison.Of(now[0])!.Change, 6), Math.Round(comparison.Of(now[0])!.RatioChange!.Value, 6), comparison.Of(now[0])!.IsClear));
        Assert.Equal((-0.2, true), (Math.Round(comparison.Of(now[1])!.Change, 6), comparison.Of(now[1])!.IsClear));
        Assert.False(comparison.Of(now[2])!.IsClear);
        Assert.False(comparison.Of(now[3])!.IsClear);
        Assert.Null(comparison.Of(now[4]));
        Assert.Equal((true, 4, 1, 1), (comparison.SameCpu, comparison.Compared, comparison.Faster, comparison.Slower));
        Assert.Equal(["gone (2 threads)"], comparison.Missing);
        Assert.Equal($"Beside {earlier.Path}, the same CPU: 1 faster and 1 slower of 4, the others within the noise; measured then and not now: gone (2 threads).", comparison.Summary);
    }

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void AMachineThatWasNotQuietIsToldOf(bool before, bool now, bool isTold)
    {
        var earlier = Earlier(Line("a", 100), $$"""{"type":"summary","machine":{"cpu":"A"},"quiet":{{(before ? "true" : "false")}}}""");
        Assert.Equal(isTold, new BenchComparison(earlier, [Result("a", 100)], "A", now).Summary.Contains("Not both times was the machine quiet", StringComparison.Ordinal));
    }

    [Fact]
    public void OfAnotherCpuTheRatiosDecide()
    {
        // Twice as fast, as is the reference; and twice as fast, though the reference is not.
        BenchResult[] now = [Result("a", 200, ratio: 1), Result("b", 200, ratio: 2)];
        var comparison = new BenchComparison(Earlier(Line("a", 100), Line("b", 100), Summary), now, "B");
        Assert.Equal((false, "A", 1, 0), (comparison.SameCpu, comparison.EarlierCpu, comparison.Faster, comparison.Slower));
        Assert.Equal((1.0, 0.0, false), (comparison.Of(now[0])!.Change, comparison.Of(now[0])!.RatioChange!.Value, comparison.Of(now[0])!.IsClear));
        Assert.True(comparison.Of(now[1])!.IsClear);
        Assert.Contains("another CPU (A)", comparison.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void OlderFilesWithoutSpreadAreTakenToHaveSome()
    {
        var earlier = Earlier("""{"type":"result","name":"a","bytesPerSecond":100,"threads":1,"ratioToReference":0.5}""");
        BenchResult[] near = [Result("a", 106)], far = [Result("a", 120)];
        Assert.False(new BenchComparison(earlier, near, "A").Of(near[0])!.IsClear);
        var comparison = new BenchComparison(earlier, far, "A");
        Assert.True(comparison.Of(far[0])!.IsClear);
        Assert.Null(comparison.SameCpu);
        Assert.Contains("a CPU that it does not name", comparison.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", 2)]
    [InlineData("[]", 2)]
    [InlineData("null", 2)]
    [InlineData("""{"name":"a"}""", 2)]
    [InlineData("""{"type":"result","name":"a"}""", 2)]
    [InlineData("""{"type":"result","name":"a","bytesPerSecond":0,"threads":1}""", 2)]
    [InlineData("""{"type":"result","name":"a","bytesPerSecond":1e999,"threads":1}""", 2)]
    [InlineData("""{"type":"result","name":"a","bytesPerSecond":5,"threads":0}""", 2)]
    [InlineData("""{"type":"result","name":"a","bytesPerSecond":5,"threads":1,"ratioToReference":-1}""", 2)]
    [InlineData("""{"type":"result","name":"a","bytesPerSecond":"many","threads":1}""", 2)]
    [InlineData("""{"type":"summary","machine":7}""", 2)]
    public void ABrokenLineIsNamed(string line, int number)
    {
        string message = Assert.Throws<InvalidDataException>(() => Earlier(Line("a", 100), line)).Message;
        Assert.StartsWith($"{scratch.At("old.json")}, line {number}: ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("""{"type":"piece","pieceCid":"x"}""")]
    public void AnotherFileIsRefused(string line) =>
        Assert.Contains("dataprep bench --json", Assert.Throws<InvalidDataException>(() => Earlier(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void TheLastLineMayHaveNoEnd()
    {
        string path = scratch.File("cut.json", Line("a", 100) + "\r\n" + Line("b", 7));
        Assert.Equal(["a", "b"], EarlierBench.Read(path).Results.Select(line => line.Name));
    }
}
