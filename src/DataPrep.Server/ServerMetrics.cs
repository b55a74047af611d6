using System.Globalization;
using System.Text;

namespace DataPrep.Server;

/// <summary>What was served, in the text format of Prometheus.</summary>
internal sealed class ServerMetrics(ServedPieces pieces)
{
    private readonly SortedDictionary<int, long> requests = [];
    private long bytes;
    private long active;
    private long failures;

    public void Begin() => Interlocked.Increment(ref active);

    /// <param name="status">HTTP status of the answer.</param>
    public void End(int status)
    {
        _ = Interlocked.Decrement(ref active);
        lock (requests)
            requests[status] = requests.GetValueOrDefault(status) + 1;
    }

    public void Sent(long count) => Interlocked.Add(ref bytes, count);

    /// <summary>Counts a piece that could not be made, or not to its end.</summary>
    public void Failed() => Interlocked.Increment(ref failures);

    public override string ToString()
    {
        var text = new StringBuilder();
        Head("dataprep_requests_total", "counter", "Requests answered, by HTTP status.");
        lock (requests)
        {
            foreach (var (status, count) in requests)
                _ = text.Append(CultureInfo.InvariantCulture, $"dataprep_requests_total{{status=\"{status}\"}} {count}\n");
        }

        Value("dataprep_sent_bytes_total", "counter", "Bytes of pieces sent.", Interlocked.Read(ref bytes));
        Value("dataprep_inline_failures_total", "counter", "Answers that were broken off, or refused, since the bytes of an inline piece could not be made from its sources.", Interlocked.Read(ref failures));
        Value("dataprep_requests_active", "gauge", "Requests being answered.", Interlocked.Read(ref active));
        Value("dataprep_pieces", "gauge", "Pieces that are served.", pieces.Count);
        Value("dataprep_pieces_bytes", "gauge", "Bytes of their CAR files.", pieces.Bytes);
        return text.ToString();

        void Head(string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void Value(string name, string type, string help, long value)
        {
            Head(name, type, help);
            _ = text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }
    }
}
