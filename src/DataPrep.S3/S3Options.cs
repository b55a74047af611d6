namespace DataPrep.S3;

/// <summary>How a server that speaks S3 is reached. Credentials are never part of it: they come from where the tools of AWS look for them.</summary>
internal sealed record S3Options
{
    /// <summary>URL of the server; null for what the environment or the profile says, and AWS itself where neither does.</summary>
    public string? Endpoint { get; init; }

    public string? Region { get; init; }

    /// <summary>Whether what not all servers understand is left away: bodies that are signed in chunks, and conditions on writes.</summary>
    public bool Compat { get; init; }

    /// <summary>Whether requests are not signed, as public buckets allow.</summary>
    public bool Anonymous { get; init; }

    /// <summary>Parts that are on their way to the server at once.</summary>
    public int Uploads { get; init; } = 8;

    /// <summary>How long a server may go on failing before a run gives up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);
}
