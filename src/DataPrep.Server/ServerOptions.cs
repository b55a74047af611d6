using System.Net;

namespace DataPrep.Server;

/// <summary>Where and for whom pieces are served.</summary>
internal sealed record ServerOptions
{
    public const int DefaultPort = 8787;

    /// <summary>Folders that were packed into.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>Where the sources of inline pieces are; null for where they were.</summary>
    public string? Source { get; init; }

    /// <summary>Receives what a person should know: of pieces that cannot be sent.</summary>
    public Action<string> Warn { get; init; } = _ => { };

    /// <summary>Address and port; port 0 takes a free one.</summary>
    public IPEndPoint Endpoint { get; init; } = new(IPAddress.Loopback, DefaultPort);

    /// <summary>What requests have to bring as bearer token; null for anybody.</summary>
    public string? Token { get; init; }

    /// <summary>Most connections at once; further ones are closed.</summary>
    public int MaxConnections { get; init; } = 1024;
}
