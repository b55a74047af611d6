using System.Globalization;
using System.Text;

namespace DataPrep.Server;

/// <summary>What was served, in the text format of Prometheus.</summary>
internal sealed class ServerMetrics(ServedPieces pieces)
{
    private readonly SortedDictionary<int, long> requests = [];
    private long bytes;
    private long active;
    private long gatewayRequests;
    private long gatewayBytes;
    private long gatewayBlocks;
    private long gatewayBroken;
    private long damaged;
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

    public void BeginGateway() => Interlocked.Increment(ref gatewayRequests);

    /// <param name="count">Bytes, with what stands before the block.</param>
    public void SentBlock(long count)
    {
        _ = Interlocked.Increment(ref gatewayBlocks);
        _ = Interlocked.Add(ref gatewayBytes, count);
    }

    /// <summary>A CAR that was begun could not be ended.</summary>
    public void BrokeOff() => Interlocked.Increment(ref gatewayBroken);

    /// <summary>A block did not match its CID, or its piece could not be read.</summary>
    public void FoundDamage() => Interlocked.Increment(ref damaged);
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
        Value("dataprep_gateway_requests_total", "counter", "Requests for blocks and CARs of DAGs.", Interlocked.Read(ref gatewayRequests));
        Value("dataprep_gateway_blocks_total", "counter", "Blocks sent.", Interlocked.Read(ref gatewayBlocks));
        Value("dataprep_gateway_sent_bytes_total", "counter", "Bytes of blocks sent, with their CIDs in CARs.", Interlocked.Read(ref gatewayBytes));
        Value("dataprep_gateway_broken_off_total", "counter", "CARs broken off, as a block was missing or damaged.", Interlocked.Read(ref gatewayBroken));
        Value("dataprep_damaged_blocks_total", "counter", "Reads of blocks that did not match their CIDs, or of pieces that failed.", Interlocked.Read(ref damaged));
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
