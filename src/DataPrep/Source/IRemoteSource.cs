namespace DataPrep.Source;

/// <summary>How much is asked of a server, and how long it is waited for.</summary>
internal sealed record RemoteLimits
{
    public const int DefaultConnections = 32;

    /// <summary>Requests at the same time, of the whole run.</summary>
    public int Connections { get; init; } = DefaultConnections;

    /// <summary>How long to try without any progress.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A connection without a byte for so long counts as broken.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The first pause before another try; it doubles with each, up to <see cref="LongestPause"/>.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(0.25);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// A source that is no local folder. A protocol implements the listing (<see cref="ObjectListing"/> makes the tree of it) and an
/// <see cref="IObjectTransport"/>; what is the same for all of them is done by <see cref="ObjectClient"/> and <see cref="RemoteReader"/>.
/// </summary>
internal interface IRemoteSource : IDisposable
{
    /// <summary>What was named as source, as plans and records say it: without secrets, and the same in a run that goes on with this one.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Asks for the objects.</summary>
    ObjectClient Objects { get; }

    /// <summary>Lists what is to be packed. An object that cannot be had is noted as skipped.</summary>
    /// <param name="progress">Called now and then with the number of entries found.</param>
    /// <exception cref="SourceException">The source as a whole is not there, or cannot be listed.</exception>
    /// <exception cref="PassingFaultException">The server could not be reached for long.</exception>
    SourceTree Scan(ScanOptions options, Action<int>? progress, CancellationToken cancel);

    /// <summary>Location of an entry as the transport takes it.</summary>
    string Locate(SourceTree tree, int entry) => PathText.Show(tree.Location(entry));

    /// <summary>State that an entry's object has now; null where there is none to be had.</summary>
    /// <exception cref="PassingFaultException">The server could not be reached for long.</exception>
    ObjectState? StateOf(SourceTree tree, int entry, CancellationToken cancel)
    {
        try
        {
            return Objects.StatAsync(Locate(tree, entry), cancel).GetAwaiter().GetResult();
        }
        catch (ObjectException e) when (e.Fault != ObjectFault.Unauthorized)
        {
            return null;
        }
    }
}
