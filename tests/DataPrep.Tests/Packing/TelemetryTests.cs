using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using DataPrep.Packing;
using DataPrep.Source;
using DataPrep.Tests.Hosting;
using DataPrep.Verification;
using Microsoft.Extensions.Logging;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>What those see who listen. Other tests pack at the same time, and the metrics are of the whole process.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void RunIsATreeOfActivities()
    {
        scratch.Noise("data/a", 40 << 20);
        string name = Guid.NewGuid().ToString();
        using var test = new Activity("test").Start();
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == DataPrepTelemetry.ActivitySourceName,
            Sample = (ref options) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == test.TraceId)
                    ended.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var result = new Packer(Options() with { Name = name, PieceSize = 16 << 20 }).Pack(cancellationToken: Cancel);
        Assert.True(new PieceVerifier().VerifyDataset(scratch.At("out"), cancellationToken: Cancel).IsSound);
        _ = Assert.Throws<SourceException>(() => new Packer(Options() with { Sources = [scratch.At("nowhere")], Output = scratch.At("x") }).Pack(cancellationToken: Cancel));

        var pack = Assert.Single(ended, each => each.OperationName == "dataprep.pack" && each.Status == ActivityStatusCode.Unset);
        Assert.Equal(test.SpanId, pack.ParentSpanId);
        Assert.Equal((name, result.Pieces.Count, result.Dataset.Bytes, "done"), (pack.GetTagItem("dataprep.dataset"), pack.GetTagItem("dataprep.pieces"), pack.GetTagItem("dataprep.bytes"), pack.GetTagItem("dataprep.outcome")));
        Assert.Contains(ended, each => each.OperationName == "dataprep.scan" && each.ParentSpanId == pack.SpanId && each.GetTagItem("dataprep.entries") is 2);
        var pieces = ended.Where(each => each.OperationName == "dataprep.piece").ToList();
        Assert.All(pieces, piece => Assert.True(piece.ParentSpanId == pack.SpanId && piece.Duration > TimeSpan.Zero && piece.Duration <= pack.Duration));
        Assert.Equal(result.Pieces.Select(piece => (piece.PieceCid, piece.CarSize)).Order(), pieces.Select(piece => ((string)piece.GetTagItem("dataprep.piece.cid")!, (long)piece.GetTagItem("dataprep.piece.car_size")!)).Order());
        Assert.Contains(ended, each => each.OperationName == "dataprep.verify" && each.GetTagItem("dataprep.errors") is 0);
        var failed = Assert.Single(ended, each => each.Status == ActivityStatusCode.Error && each.OperationName == "dataprep.pack");
        Assert.Equal(("failed", "SourceException"), (failed.GetTagItem("dataprep.outcome"), failed.GetTagItem("error.type")));
    }

    [Fact]
    public void MetricsAddUp()
    {
        scratch.Noise("data/a", 40 << 20);
        var before = Read();
        var seen = new ConcurrentDictionary<string, double>();
        var counters = new Watcher(() =>
        {
            foreach (var (key, value) in Read())
                _ = seen.AddOrUpdate(key, value, (_, known) => Math.Max(known, value));
        });
        var result = new Packer(Options() with { PieceSize = 16 << 20, MaxRate = 60 << 20 }).Pack(counters, Cancel);
        var after = Read();

        double Grown(string key) => after.GetValueOrDefault(key) - before.GetValueOrDefault(key);
        Assert.True(Grown("dataprep.pack.bytes direction=made") >= result.Pieces.Sum(piece => piece.PayloadSize));
        Assert.True(Grown("dataprep.pack.bytes direction=read") >= 40 << 20);
        foreach (string stage in (string[])["read", "leaf_hash", "commp", "write", "wait"])
            Assert.True(Grown($"dataprep.pack.stage.duration stage={stage}") > 0, stage);
        Assert.True(seen["dataprep.runs.active operation=pack"] >= 1);
        Assert.True(seen["dataprep.pack.slabs"] >= 1);
        Assert.True(seen["dataprep.progress.expected operation=pack"] >= result.Pieces.Sum(piece => piece.PayloadSize));
    }

    [Fact]
    public void CountersOfPiecesAndOutcomesAreMeasuredOnce()
    {
        scratch.Noise("data/a", 40 << 20);
        var measured = new ConcurrentQueue<string>();
        using var listener = Listen((instrument, value, tags) => measured.Enqueue($"{instrument.Name}{tags}={value}"));
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => measured.Enqueue(instrument.Name));
        var result = new Packer(Options() with { PieceSize = 16 << 20 }).Pack(cancellationToken: Cancel);
        Assert.True(measured.Count(each => each == "dataprep.pack.pieces kind=data=1") >= result.Pieces.Count(piece => piece.Kind == "data"));
        Assert.True(measured.Count(each => each == "dataprep.pack.piece.duration") >= result.Pieces.Count);
        Assert.Contains("dataprep.runs operation=pack outcome=done=1", measured);
        Assert.Contains("dataprep.pack.files=1", measured);
    }

    [Fact]
    public void LoggerIsToldWhatHappens()
    {
        scratch.File("data/a", "a");
        var log = new Events();
        var options = Options() with { Logger = log };
        _ = new Packer(options).Pack(cancellationToken: Cancel);
        Assert.Equal([(1, "PackStarted"), (2, "ScanFinished"), (3, "PieceFinished"), (11, "PackFinished")], log.All.Where(each => each.Level > LogLevel.Debug).Select(each => (each.Id.Id, each.Id.Name!)));
        Assert.Contains(log.All, each => each.Id.Name == "Detail" && each.Text.Contains("workers", StringComparison.Ordinal));

        var again = new Events();
        _ = new Packer(options with { Logger = again }).Pack(cancellationToken: Cancel);
        Assert.Equal("AlreadyDone", again.All[^1].Id.Name);
        var failed = new Events();
        _ = Assert.Throws<UsageException>(() => new Packer(options with { Logger = failed, PieceSize = 3 }).Pack(cancellationToken: Cancel));
        Assert.Equal(["PackStarted", "PackFailed"], failed.Names);
    }

    [Fact]
    public void LoggerIsToldOfFilesThatChange()
    {
        string path = scratch.Noise("data/a", 24 << 20);
        var log = new Events();
        bool hasChanged = false;
        var result = new Packer(Options() with { Logger = log, MaxRate = 16 << 20, OnChange = OnChange.Skip, Sources = [scratch.Folder("data")] }).Pack(new Watcher(() =>
        {
            if (hasChanged || !log.Names.Contains("ScanFinished"))
                return;
            hasChanged = true;
            File.AppendAllText(path, "more");
        }), Cancel);
        Assert.Equal("a", Assert.Single(result.Skipped).Path);
        Assert.Equal(1, log.Count("FileChanged"));
        Assert.Equal(1, log.Count("FileSkipped"));
        Assert.Equal(0, log.Count("Warning"));
    }

    private PackOptions Options() => new() { Sources = [scratch.At("data")], Output = scratch.At("out"), PieceSize = 64 << 20, Threads = 2 };

    /// <summary>The sums of what is observed now.</summary>
    private static Dictionary<string, double> Read()
    {
        var values = new Dictionary<string, double>();
        using var listener = Listen((instrument, value, tags) =>
        {
            if (instrument.IsObservable)
                values[instrument.Name + tags] = value;
        });
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument.IsObservable)
                values[instrument.Name + Show(tags)] = value;
        });
        listener.RecordObservableInstruments();
        return values;
    }

    private static MeterListener Listen(Action<Instrument, long, string> onValue)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == DataPrepTelemetry.MeterName && !instrument.Name.StartsWith("dataprep.queue", StringComparison.Ordinal))
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => onValue(instrument, value, Show(tags)));
        listener.Start();
        return listener;
    }

    private static string Show(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string text = "";
        foreach (var (key, value) in tags)
            text += $" {key}={value}";
        return text;
    }

    private sealed class Watcher(Action look) : IProgress<PackProgress>
    {
        public void Report(PackProgress value) => look();
    }
}
