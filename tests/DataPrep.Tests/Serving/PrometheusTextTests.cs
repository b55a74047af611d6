using System.Diagnostics.Metrics;
using DataPrep.Server;
using Xunit;

namespace DataPrep.Tests.Serving;

public sealed class PrometheusTextTests
{
    [Fact]
    public void InstrumentsOfAllKindsAreWritten()
    {
        using var meter = new Meter("test");
        using var text = new PrometheusText(each => ReferenceEquals(each, meter));
        var counter = meter.CreateCounter<long>("a.count", "{thing}", "Things.");
        counter.Add(2, new KeyValuePair<string, object?>("error.type", "a\"b\\c\nd"));
        counter.Add(3, new KeyValuePair<string, object?>("error.type", "a\"b\\c\nd"));
        counter.Add(1L << 60);
        var active = meter.CreateUpDownCounter<int>("b.active", null, "Active.");
        active.Add(5);
        active.Add(-2);
        var histogram = meter.CreateHistogram("c.duration", "s", "Time.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 2] });
        histogram.Record(0.5, new KeyValuePair<string, object?>("kind", "x"));
        histogram.Record(1.25, new KeyValuePair<string, object?>("kind", "x"));
        histogram.Record(9, new KeyValuePair<string, object?>("kind", "x"));
        long[] states = [1, 2];
        _ = meter.CreateObservableGauge("d.bytes", () => states.Select(state => new Measurement<long>(state, new KeyValuePair<string, object?>("state", state))), "By", "Sizes.");
        _ = meter.CreateObservableCounter("e.sent", () => 1.5, "s", "Sent.");
        _ = meter.CreateCounter<long>("f.never", null, "Nothing was measured of it.");
        const string Rest = """
            # HELP a_count_total Things.
            # TYPE a_count_total counter
            a_count_total 1152921504606846976
            a_count_total{error_type="a\"b\\c\nd"} 5
            # HELP b_active Active.
            # TYPE b_active gauge
            b_active 3
            # HELP c_duration_seconds Time.
            # TYPE c_duration_seconds histogram
            c_duration_seconds_bucket{kind="x",le="0.5"} 1
            c_duration_seconds_bucket{kind="x",le="2"} 2
            c_duration_seconds_bucket{kind="x",le="+Inf"} 3
            c_duration_seconds_sum{kind="x"} 10.75
            c_duration_seconds_count{kind="x"} 3
            # HELP d_bytes Sizes.
            # TYPE d_bytes gauge

            """;
        const string Last = "# HELP e_sent_seconds_total Sent.\n# TYPE e_sent_seconds_total counter\ne_sent_seconds_total 1.5\n";
        Assert.Equal($"{Rest}d_bytes{{state=\"1\"}} 1\nd_bytes{{state=\"2\"}} 2\n{Last}", text.ToString());
        // What is not observed any more is not told any more.
        states = [2];
        Assert.Equal($"{Rest}d_bytes{{state=\"2\"}} 2\n{Last}", text.ToString());
    }
}
