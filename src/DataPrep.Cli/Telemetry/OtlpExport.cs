using System.Runtime.CompilerServices;
using DataPrep.Packing;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DataPrep.Cli.Telemetry;

/// <summary>
/// Sends metrics and traces to a collector by OTLP. The standard variables say the rest: headers, protocol, time limits, resource attributes. A collector that is
/// away costs the run nothing but a short wait at its end.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(3);
    private readonly TracerProvider tracers;
    private readonly MeterProvider meters;

    /// <param name="collector">Null for that of the standard variables.</param>
    public OtlpExport(Uri? collector)
    {
        // What the variables say goes over the name and version.
        var resource = ResourceBuilder.CreateEmpty().AddTelemetrySdk().AddService("dataprep", serviceVersion: Product.Version).AddEnvironmentVariableDetector();
        tracers = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(DataPrepTelemetry.ActivitySourceName).AddOtlpExporter(options => Set(options, collector, "traces")).Build();
        meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(DataPrepTelemetry.MeterName).AddOtlpExporter(options => Set(options, collector, "metrics")).Build();
    }

    /// <summary>Sends what has not been sent, and waits for that a short time.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Dispose()
    {
        int limit = (int)LastWait.TotalMilliseconds;
        // One that hangs is left to the end of the process: to dispose it would be to wait again.
        bool hasEnded = Task.WaitAll([Task.Run(() => tracers.Shutdown(limit)), Task.Run(() => meters.Shutdown(limit))], LastWait);
        if (!hasEnded)
            return;
        tracers.Dispose();
        meters.Dispose();
    }

    private static void Set(OtlpExporterOptions options, Uri? collector, string signal)
    {
        // The standard wants HTTP, the library takes gRPC.
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL")))
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
        if (collector is not null)
            options.Endpoint = options.Protocol == OtlpExportProtocol.HttpProtobuf ? new Uri($"{collector.AbsoluteUri.TrimEnd('/')}/v1/{signal}") : collector;
    }
}
