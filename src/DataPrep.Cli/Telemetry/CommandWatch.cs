using System.Net;
using System.Runtime.CompilerServices;
using DataPrep.Packing;
using DataPrep.Server;

namespace DataPrep.Cli.Telemetry;

/// <summary>Shows a command's metrics and traces outside while it runs, and for a last time when it has ended.</summary>
internal sealed class CommandWatch(Terminal terminal) : IDisposable
{
    private readonly PrometheusText text = new(meter => meter.Name == DataPrepTelemetry.MeterName);
    private MetricsFile? file;
    private HttpEndpoint? http;
    private OtlpExport? export;

    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WriteTo(string path) => file = new MetricsFile(path, text, terminal.Warn);

    /// <exception cref="IOException">The address cannot be listened at.</exception>
    public void Serve(IPEndPoint endpoint)
    {
        http = HttpEndpoint.OfMetrics(endpoint, text);
        string address = http.Start().GetAwaiter().GetResult();
        terminal.Event("metrics", writer => writer.WriteString("address", $"{address}/metrics"));
        terminal.Note($"metrics are at {address}/metrics");
        if (!IPAddress.IsLoopback(endpoint.Address))
            terminal.Warn("anybody who reaches this address can read the metrics");
    }

    // In a method of its own, so that what it takes is loaded only where it is wanted.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Send(Uri? collector) => export = new OtlpExport(collector);

    public void Dispose()
    {
        file?.Dispose();
        export?.Dispose();
        if (http is not null)
        {
            http.Stop().GetAwaiter().GetResult();
            http.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        text.Dispose();
    }
}
