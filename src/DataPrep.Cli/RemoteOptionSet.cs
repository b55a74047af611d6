using System.CommandLine;
using DataPrep.S3;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>The options of sources that are not local.</summary>
internal sealed class RemoteOptionSet
{
    private readonly Option<int?> connections = OptionOf.Number("--connections", $"Of a remote source: most requests at the same time (default {RemoteLimits.DefaultConnections})", 1, 1024);
    private readonly Option<TimeSpan?> patience = OptionOf.Time("--source-patience", "Of a remote source: how long to try again without any progress before the run ends, to be gone on with (default 5m)");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { connections, patience })
            command.Add(option);
    }

    /// <summary>The remote source that a command line names; null where all sources are local.</summary>
    public IRemoteSource? Source(ParseResult parsed, string[] sources, S3Options s3, Terminal terminal)
    {
        var limits = new RemoteLimits();
        limits = limits with { Connections = parsed.GetValue(connections) ?? limits.Connections, Patience = parsed.GetValue(patience) ?? limits.Patience };
        return RemoteSources.Of(sources, limits, s3, terminal.Warn);
    }
}
