using System.CommandLine;
using DataPrep.Packing;

namespace DataPrep.Cli.Telemetry;

/// <summary>The options by which a long run is watched from outside.</summary>
internal sealed class TelemetryOptionSet
{
    private const string OtlpVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private readonly Option<string?> file = new("--metrics-file") { Description = "Write metrics to a file, in the text format of Prometheus, anew every few seconds and at the end: for the textfile collector of node_exporter", HelpName = "FILE" };
    private readonly Option<string?> listen = new("--metrics-listen") { Description = "Serve metrics at http://ADDRESS:PORT/metrics while the command runs; port 0 takes a free one", HelpName = "ADDRESS:PORT" };
    private readonly Option<string?> otlp = new("--otlp") { Description = $"Send metrics and traces to an OpenTelemetry collector, by OTLP over HTTP (default: the variable {OtlpVariable}, or none)", HelpName = "URL" };

    public TelemetryOptionSet(Command command)
    {
        foreach (var option in (Option[])[file, listen, otlp])
            command.Add(option);
    }

    /// <summary>Runs a command's work, watched as the options say.</summary>
    /// <inheritdoc cref="CommandRunner.Guard"/>
    public int Guard(ParseResult parsed, Terminal terminal, Func<int> work) => CommandRunner.Guard(terminal, () =>
    {
        var (path, address, url) = (parsed.GetValue(file), parsed.GetValue(listen), parsed.GetValue(otlp));
        bool isAsked = url is not null || Environment.GetEnvironmentVariable(OtlpVariable) is { Length: > 0 };
        if (path is null && address is null && !isAsked)
            return work();
        if (path is "")
            throw new UsageException("--metrics-file: the name of the file is empty");
        var endpoint = address is null ? null : ServeCommand.EndpointOf(address, "--metrics-listen");
        var collector = url is null ? null
            : Uri.TryCreate(url, UriKind.Absolute, out var parsedUrl) && parsedUrl.Scheme is "http" or "https" ? parsedUrl
            : throw new UsageException($"--otlp: '{url}' is no URL such as http://localhost:4318");
        using var watch = new CommandWatch(terminal);
        // Before anything is measured.
        if (isAsked)
            watch.Send(collector);
        if (path is not null)
            watch.WriteTo(path);
        if (endpoint is not null)
            watch.Serve(endpoint);
        return work();
    });
}
