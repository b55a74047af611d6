using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Runs of the real executable that are watched from outside.</summary>
public sealed partial class TelemetryCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void MetricsFileHasTheWholeRunAtItsEnd()
    {
        scratch.Noise("data/a", 20 << 20);
        string file = scratch.At("run.prom"), output = scratch.At("out");
        DataPrepProcess.Run("pack", scratch.At("data"), "-o", output, "--piece-size", "16MiB", "--metrics-file", file).Expect(0);
        string text = File.ReadAllText(file);
        Assert.Contains("\ndataprep_runs_total{operation=\"pack\",outcome=\"done\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\ndataprep_pack_pieces_total{kind=\"data\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains($"\ndataprep_pack_bytes_total{{direction=\"read\"}} {20 << 20}\n", text, StringComparison.Ordinal);
        Assert.Equal(["data", "out", "run.prom"], Directory.EnumerateFileSystemEntries(scratch.Root).Select(path => Path.GetFileName(path)).Order());

        DataPrepProcess.Run("verify", output, "--metrics-file", file).Expect(0);
        text = File.ReadAllText(file);
        Assert.Contains("dataprep_runs_total{operation=\"verify\",outcome=\"done\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("dataprep_findings_total{operation=\"verify\",severity=\"error\"} 0\n", text, StringComparison.Ordinal);
        DataPrepProcess.Run("extract", output, "-o", scratch.At("back"), "--metrics-file", file).Expect(0);
        Assert.Contains("dataprep_runs_total{operation=\"extract\",outcome=\"done\"} 1\n", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void MetricsFileTellsOfFailureToo()
    {
        string file = scratch.At("run.prom");
        DataPrepProcess.Run("pack", scratch.At("nowhere"), "-o", scratch.At("out"), "--metrics-file", file).Expect(1);
        Assert.Contains("dataprep_runs_total{operation=\"pack\",outcome=\"failed\",error_type=\"SourceException\"} 1\n", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatCannotBeWatchedIsSaidBeforeTheRun()
    {
        scratch.File("data/a", "a");
        string data = scratch.At("data"), output = scratch.At("out");
        DataPrepProcess.Run("pack", data, "-o", output, "--metrics-file", scratch.At("nowhere/run.prom")).Expect(1, "nowhere");
        DataPrepProcess.Run("pack", data, "-o", output, "--metrics-listen", "here").Expect(2, "--metrics-listen: 'here' is no address");
        DataPrepProcess.Run("pack", data, "-o", output, "--otlp", "localhost").Expect(2, "--otlp: 'localhost' is no URL");
        Assert.False(Directory.Exists(output));
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        DataPrepProcess.Run("pack", data, "-o", output, "--metrics-listen", taken.LocalEndpoint.ToString()!).Expect(1, taken.LocalEndpoint.ToString()!);
        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public async Task MetricsAreServedWhileTheCommandRuns()
    {
        scratch.Noise("data/a", 20 << 20);
        int port = FreePort();
        var run = DataPrepProcess.Start("pack", scratch.At("data"), "-o", scratch.At("out"), "--max-rate", "5MiB", "--metrics-listen", $"127.0.0.1:{port}", "--json");
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        string text = "";
        for (long begun = Environment.TickCount64; !Progress().IsMatch(text) && Environment.TickCount64 - begun < 30_000; await Task.Delay(50, Cancel))
        {
            try
            {
                text = await client.GetStringAsync("/metrics", Cancel);
            }
            catch (HttpRequestException) when (!run.HasExited)
            {
            }
        }

        Assert.Matches(Progress(), text);
        Assert.Contains("\ndataprep_runs_active{operation=\"pack\"} 1\n", text, StringComparison.Ordinal);
        using var other = await client.GetAsync("/", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        var result = run.Finish().Expect(0);
        Assert.Equal($"http://127.0.0.1:{port}/metrics", result.Event("metrics").GetProperty("address").GetString());
    }

    [Fact]
    public void PrometheusTakesWhatIsWrittenAndServed()
    {
        if (DataPrepProcess.Shell("command -v promtool curl >/dev/null").ExitCode != 0)
            Assert.Skip("promtool or curl is not installed.");
        scratch.Noise("data/a", 20 << 20);
        const string Script = """
            set -e -o pipefail
            "$D" pack "$1/data" -o "$1/out" --metrics-file "$1/run.prom" >&2
            promtool check metrics <"$1/run.prom"
            "$D" pack "$1/data" -o "$1/slow" --max-rate 5MiB --metrics-listen "127.0.0.1:$2" >&2 & run=$!
            curl -sf --retry 50 --retry-delay 1 --retry-all-errors --retry-max-time 20 "http://127.0.0.1:$2/metrics" | promtool check metrics
            wait $run
            "$D" serve "$1/out" --listen "127.0.0.1:$3" >&2 & run=$!
            curl -sf --retry 50 --retry-delay 1 --retry-all-errors --retry-max-time 20 "http://127.0.0.1:$3/metrics" | promtool check metrics
            kill $run
            """;
        var result = DataPrepProcess.Shell(Script, scratch.Root, Text(FreePort()), Text(FreePort()));
        Assert.True(result.ExitCode == 0 && result.Output == "", $"{result.Output}\n{result.Error}");

        static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task CollectorGetsTracesAndMetrics()
    {
        await using var collector = await OtlpCollector.Start();
        scratch.Noise("data/a", 20 << 20);
        DataPrepProcess.Run("pack", scratch.At("data"), "-o", scratch.At("out"), "--piece-size", "16MiB", "--otlp", collector.Url).Expect(0);
        Assert.All(collector.Posts, post => Assert.Equal(("POST", "application/x-protobuf"), (post.Method, post.ContentType)));
        Assert.Equal(["/v1/metrics", "/v1/traces"], collector.Posts.Select(post => post.Path).Distinct().Order());

        // ExportTraceServiceRequest: resource_spans 1 { resource 1, scope_spans 2 { spans 2 { name 5, attributes 9 } } }
        var resources = collector.Of("/v1/traces").SelectMany(message => message.At(1)).ToList();
        Assert.All(resources, resource => Assert.Equal("dataprep", resource.At(1).Single().Attribute(1, "service.name")));
        var spans = resources.SelectMany(resource => resource.At(2, 2)).ToList();
        Assert.Equal(["dataprep.pack", "dataprep.piece", "dataprep.piece", "dataprep.piece", "dataprep.scan"], spans.Select(span => span.At(5).Single().Text).Order());
        Assert.All(spans.Where(span => span.At(5).Single().Text == "dataprep.piece"), span => Assert.StartsWith("baga6ea4seaq", span.Attribute(9, "dataprep.piece.cid"), StringComparison.Ordinal));

        // ExportMetricsServiceRequest: resource_metrics 1 { resource 1, scope_metrics 2 { metrics 2 { name 1, unit 3 } } }
        var metrics = collector.Of("/v1/metrics").SelectMany(message => message.At(1, 2, 2)).ToList();
        Assert.All(collector.Of("/v1/metrics").SelectMany(message => message.At(1, 1)), resource => Assert.Equal("dataprep", resource.Attribute(1, "service.name")));
        var units = metrics.ToLookup(metric => metric.At(1).Single().Text, metric => metric.At(3).Single().Text);
        Assert.Contains("By", units["dataprep.pack.bytes"]);
        Assert.Contains("s", units["dataprep.pack.stage.duration"]);
        Assert.Contains("{run}", units["dataprep.runs"]);
    }

    [Fact]
    public async Task StandardVariablesAreHeeded()
    {
        await using var collector = await OtlpCollector.Start();
        scratch.File("data/a", "a");
        DataPrepProcess.Start(DataPrepProcess.Executable, ["pack", scratch.At("data"), "-o", scratch.At("out")], null, environment =>
        {
            environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url;
            environment["OTEL_SERVICE_NAME"] = "packing-7";
        }).Finish().Expect(0);
        Assert.Equal("packing-7", collector.Of("/v1/traces").First().At(1, 1).Single().Attribute(1, "service.name"));
        Assert.NotEmpty(collector.Of("/v1/metrics"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CollectorThatIsAwayOrHangsDoesNotDisturb(bool hangs)
    {
        await using var collector = hangs ? await OtlpCollector.Start(hangs: true) : null;
        scratch.File("data/a", "a");
        var clock = Stopwatch.StartNew();
        var result = DataPrepProcess.Run("pack", scratch.At("data"), "-o", scratch.At("out"), "--otlp", collector?.Url ?? $"http://127.0.0.1:{FreePort()}").Expect(0);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 12);
        Assert.Equal("", result.Error);
        Assert.True(File.Exists(scratch.At("out/dataset.json")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OpenTelemetryIsLoadedOnlyWhereItIsAskedFor(bool isAsked)
    {
        scratch.File("data/a", "a");
        string trace = scratch.At("trace");
        string[] asked = isAsked ? ["--otlp", $"http://127.0.0.1:{FreePort()}"] : ["--metrics-file", scratch.At("run.prom")];
        DataPrepProcess.Under("strace", ["-f", "-e", "trace=open,openat", "-o", trace], ["pack", scratch.At("data"), "-o", scratch.At("out"), .. asked]).Expect(0);
        Assert.Equal(isAsked, File.ReadLines(trace).Any(line => line.Contains("OpenTelemetry", StringComparison.Ordinal) && !line.Contains("ENOENT", StringComparison.Ordinal)));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"^dataprep_progress_done_bytes\{operation=""pack""\} [1-9]", RegexOptions.Multiline)]
    private static partial Regex Progress();
}
