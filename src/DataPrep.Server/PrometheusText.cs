using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace DataPrep.Server;

/// <summary>
/// The metrics of meters in the text format of Prometheus, version 0.0.4. Names are made of those of the instruments by the rules of OpenTelemetry: dots become
/// underscores, the unit is appended, and <c>_total</c> to what only grows.
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, Family> families = new(StringComparer.Ordinal);
    private readonly MeterListener listener = new();

    /// <param name="takes">Which meters are shown.</param>
    public PrometheusText(Func<Meter, bool> takes)
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (!takes(instrument.Meter))
                return;
            lock (gate)
            {
                string name = NameOf(instrument);
                if (!families.TryGetValue(name, out var family))
                    families.Add(name, family = new Family(name, instrument));
                listening.EnableMeasurementEvents(instrument, family);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Take((Family)state!, value, tags));
        listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Take((Family)state!, value, tags));
        listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Take((Family)state!, value, tags));
        listener.Start();
    }

    public override string ToString()
    {
        lock (gate)
        {
            foreach (var family in families.Values)
                family.Forget();
            listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var family in families.Values)
                family.WriteTo(text);
            return text.ToString();
        }
    }

    public void Dispose() => listener.Dispose();

    private void Take(Family family, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = Labels(tags);
        lock (gate)
            family.Take(labels, value, value);
    }

    private void Take(Family family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = Labels(tags);
        lock (gate)
            family.Take(labels, 0, value);
    }

    private static bool IsCounter(Instrument instrument) => IsOf(instrument, typeof(Counter<>), typeof(ObservableCounter<>));

    private static bool IsOf(Instrument instrument, params ReadOnlySpan<Type> kinds) => kinds.Contains(instrument.GetType().GetGenericTypeDefinition());

    private static string NameOf(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_');
        string unit = instrument.Unit switch { "By" => "_bytes", "s" => "_seconds", _ => "" };
        if (!name.EndsWith(unit, StringComparison.Ordinal))
            name += unit;
        return IsCounter(instrument) ? name + "_total" : name;
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var text = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            string shown = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            _ = text.Append(text.Length == 0 ? "" : ",").Append(key.Replace('.', '_')).Append("=\"")
                .Append(shown.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        }

        return text.ToString();
    }

    /// <summary>All series of one name.</summary>
    private sealed class Family(string name, Instrument instrument)
    {
        private readonly SortedDictionary<string, Series> series = new(StringComparer.Ordinal);
        private readonly bool isHistogram = IsOf(instrument, typeof(Histogram<>));
        private readonly bool adds = IsOf(instrument, typeof(Counter<>), typeof(UpDownCounter<>));
        private readonly bool isWhole = instrument is Instrument<long> or Instrument<int> or ObservableInstrument<long> or ObservableInstrument<int>;
        private readonly IReadOnlyList<double> bounds = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? [];

        /// <summary>What is observed is told anew, all of it.</summary>
        public void Forget()
        {
            if (instrument.IsObservable)
                series.Clear();
        }

        public void Take(string labels, long whole, double value)
        {
            if (!series.TryGetValue(labels, out var one))
                series.Add(labels, one = new Series(bounds.Count));
            one.Whole = adds ? one.Whole + whole : whole;
            one.Value = adds || isHistogram ? one.Value + value : value;
            if (!isHistogram)
                return;
            one.Count++;
            for (int i = 0; i < bounds.Count; i++)
                one.Below[i] += value <= bounds[i] ? 1 : 0;
        }

        public void WriteTo(StringBuilder text)
        {
            if (series.Count == 0)
                return;
            string type = isHistogram ? "histogram" : IsCounter(instrument) ? "counter" : "gauge";
            _ = text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {instrument.Description}\n# TYPE {name} {type}\n");
            foreach (var (labels, one) in series)
            {
                if (!isHistogram)
                {
                    Line(text, "", labels, isWhole ? one.Whole.ToString(CultureInfo.InvariantCulture) : Number(one.Value));
                    continue;
                }

                string before = labels.Length == 0 ? "" : labels + ",";
                for (int i = 0; i < bounds.Count; i++)
                    Line(text, "_bucket", $"{before}le=\"{Number(bounds[i])}\"", one.Below[i].ToString(CultureInfo.InvariantCulture));
                Line(text, "_bucket", before + "le=\"+Inf\"", one.Count.ToString(CultureInfo.InvariantCulture));
                Line(text, "_sum", labels, Number(one.Value));
                Line(text, "_count", labels, one.Count.ToString(CultureInfo.InvariantCulture));
            }
        }

        private void Line(StringBuilder text, string suffix, string labels, string value) =>
            text.Append(name).Append(suffix).Append(labels.Length == 0 ? "" : $"{{{labels}}}").Append(' ').Append(value).Append('\n');

        private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
    }

    private sealed class Series(int bounds)
    {
        public long Whole { get; set; }

        public double Value { get; set; }

        public long Count { get; set; }

        /// <summary>Of a histogram: how many are at most each bound.</summary>
        public long[] Below { get; } = new long[bounds];
    }
}
