using System.Diagnostics.Metrics;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// The metrics. What grows with the bytes is not measured as it happens: it is read, when someone asks, off the counters that the workers keep anyway, as the
/// sum over all runs of the process. Measured are runs, pieces and datasets, when they end.
/// </summary>
internal static class RunInstruments
{
    private static readonly Lock s_gate = new();
    private static readonly List<(string Operation, PackCounters Counters)> s_atWork = [];
    private static readonly StageClock s_ended = new();
    private static long s_endedMade;

    private static readonly Meter s_meter = new(DataPrepTelemetry.MeterName, Product.Version);

    /// <summary>By operation and outcome; of those that failed, by <c>error.type</c> too.</summary>
    public static readonly Counter<long> Runs = s_meter.CreateCounter<long>("dataprep.runs", "{run}", "Runs that have ended, by operation and outcome; those that failed by the type of the error too.");

    public static readonly Counter<long> Pieces = s_meter.CreateCounter<long>("dataprep.pack.pieces", "{piece}", "Pieces that were finished, by kind.");

    public static readonly Histogram<double> PieceDuration = s_meter.CreateHistogram(
        "dataprep.pack.piece.duration",
        "s",
        "Time from the beginning of a piece to its name.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600, 10800] });

    public static readonly Counter<long> Files = s_meter.CreateCounter<long>("dataprep.pack.files", "{file}", "Files in datasets that were finished.");

    public static readonly Counter<long> Skipped = s_meter.CreateCounter<long>("dataprep.pack.skipped", "{entry}", "Entries that were left out of datasets that were finished, by reason.");

    public static readonly Counter<long> Findings = s_meter.CreateCounter<long>("dataprep.findings", "{finding}", "What verifying and auditing found, by operation and severity.");

    static RunInstruments()
    {
        _ = s_meter.CreateObservableUpDownCounter("dataprep.runs.active", () => Sums(_ => 1L), "{run}", "Runs at work, by operation.");
        _ = s_meter.CreateObservableGauge("dataprep.progress.done", () => Sums(counters => counters.BytesDone), "By", "How far the runs at work are, by operation; what earlier runs have made counts.");
        _ = s_meter.CreateObservableGauge("dataprep.progress.expected", () => Sums(counters => counters.BytesTotal), "By", "How far they will go; 0 while a source is being scanned.");
        _ = s_meter.CreateObservableCounter("dataprep.pack.bytes", Bytes, "By", "Content bytes read of sources, and bytes of CARs made of them.");
        _ = s_meter.CreateObservableCounter("dataprep.pack.stage.duration", Stages, "s", "Time of all workers, by what it went into.");
        _ = s_meter.CreateObservableUpDownCounter("dataprep.pack.slabs", () => All().Sum(run => (long)run.Counters.Slabs), "{slab}", "Slabs that workers have in hand.");
        _ = s_meter.CreateObservableCounter("dataprep.source.retries", () => Retry.All, "{retry}", "Requests of remote sources that were tried again.");
    }

    public static void Begin(string operation, PackCounters counters)
    {
        lock (s_gate)
            s_atWork.Add((operation, counters));
    }

    /// <summary>What a run had counted stays in the sums.</summary>
    public static void End(string operation, PackCounters counters)
    {
        lock (s_gate)
        {
            int place = s_atWork.FindIndex(run => run.Operation == operation && ReferenceEquals(run.Counters, counters));
            s_atWork.RemoveAt(place);
            // A run within another has its counters.
            if (s_atWork.Exists(run => ReferenceEquals(run.Counters, counters)))
                return;
            var (times, made) = counters.TakeEnded();
            s_ended.Add(times);
            s_endedMade += made;
        }
    }

    private static (string Operation, PackCounters Counters)[] All()
    {
        lock (s_gate)
            return [.. s_atWork];
    }

    private static IEnumerable<Measurement<long>> Sums(Func<PackCounters, long> value) =>
        All().GroupBy(run => run.Operation).Select(runs => new Measurement<long>(runs.Sum(run => value(run.Counters)), new KeyValuePair<string, object?>("operation", runs.Key)));

    private static IEnumerable<Measurement<long>> Bytes()
    {
        var (times, made) = Totals();
        return [new(times.BytesRead, new KeyValuePair<string, object?>("direction", "read")), new(made, new KeyValuePair<string, object?>("direction", "made"))];
    }

    private static IEnumerable<Measurement<double>> Stages()
    {
        var (times, _) = Totals();
        return Enum.GetValues<Stage>().Select(stage => new Measurement<double>(times[stage].TotalSeconds, new KeyValuePair<string, object?>("stage", NameOf(stage))));
    }

    private static (StageClock Times, long Made) Totals()
    {
        lock (s_gate)
        {
            var times = new StageClock();
            times.Add(s_ended);
            long made = s_endedMade;
            foreach (var counters in s_atWork.Select(run => run.Counters).Distinct())
            {
                times.Add(counters.Times());
                made += counters.BytesMade;
            }

            return (times, made);
        }
    }

    private static string NameOf(Stage stage) => stage switch
    {
        Stage.Read => "read",
        Stage.LeafHash => "leaf_hash",
        Stage.CommP => "commp",
        Stage.Write => "write",
        _ => "wait",
    };
}
