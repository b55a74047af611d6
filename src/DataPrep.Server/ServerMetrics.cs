using System.Diagnostics.Metrics;

namespace DataPrep.Server;

/// <summary>What was served.</summary>
internal sealed class ServerMetrics : IDisposable
{
    private readonly SortedDictionary<int, long> requests = [];
    private readonly Meter meter = new("DataPrep.Server");
    private readonly PrometheusText text;
    private long bytes;
    private long active;
    private long gatewayRequests;
    private long gatewayBytes;
    private long gatewayBlocks;
    private long gatewayBroken;
    private long damaged;
    private long failures;

    public ServerMetrics(ServedPieces pieces)
    {
        text = new PrometheusText(each => ReferenceEquals(each, meter));
        _ = meter.CreateObservableCounter("dataprep.requests", Requests, "{request}", "Requests answered, by HTTP status.");
        Counter("dataprep.sent", "By", "Bytes of pieces sent.", () => Interlocked.Read(ref bytes));
        Counter("dataprep.gateway.requests", "{request}", "Requests for blocks and CARs of DAGs.", () => Interlocked.Read(ref gatewayRequests));
        Counter("dataprep.gateway.blocks", "{block}", "Blocks sent.", () => Interlocked.Read(ref gatewayBlocks));
        Counter("dataprep.gateway.sent", "By", "Bytes of blocks sent, with their CIDs in CARs.", () => Interlocked.Read(ref gatewayBytes));
        Counter("dataprep.gateway.broken_off", "{car}", "CARs broken off, as a block was missing or damaged.", () => Interlocked.Read(ref gatewayBroken));
        Counter("dataprep.damaged_blocks", "{read}", "Reads of blocks that did not match their CIDs, or of pieces that failed.", () => Interlocked.Read(ref damaged));
        Counter("dataprep.inline_failures", "{answer}", "Answers that were broken off, or refused, since the bytes of an inline piece could not be made from its sources.", () => Interlocked.Read(ref failures));
        _ = meter.CreateObservableUpDownCounter("dataprep.requests.active", () => Interlocked.Read(ref active), "{request}", "Requests being answered.");
        _ = meter.CreateObservableGauge("dataprep.pieces", () => (long)pieces.Count, "{piece}", "Pieces that are served.");
        _ = meter.CreateObservableGauge("dataprep.pieces.bytes", () => pieces.Bytes, "By", "Bytes of their CAR files.");

        void Counter(string name, string unit, string help, Func<long> value) => _ = meter.CreateObservableCounter(name, value, unit, help);
    }

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

    public override string ToString() => text.ToString();

    public void Dispose()
    {
        text.Dispose();
        meter.Dispose();
    }

    private Measurement<long>[] Requests()
    {
        lock (requests)
            return [.. requests.Select(status => new Measurement<long>(status.Value, new KeyValuePair<string, object?>("status", status.Key)))];
    }
}
