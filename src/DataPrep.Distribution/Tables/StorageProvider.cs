namespace DataPrep.Distribution.Tables;

/// <summary>A storage provider that pieces can be given to. Texts are null where nothing is said.</summary>
/// <param name="Id">Its name in plans, and that of its folder: letters, digits, <c>-</c> and <c>_</c>.</param>
internal sealed record StorageProvider(string Id)
{
    /// <summary>Who runs it; a provider of which that is not said is an organisation of its own.</summary>
    public string? Organisation { get; init; }

    public string? Region { get; init; }

    public string? Country { get; init; }

    /// <summary>Site or city within country and region.</summary>
    public string? Site { get; init; }

    /// <summary>Padded bytes that it takes, of this dataset; null for any number.</summary>
    public long? Capacity { get; init; }

    /// <summary>Its part of the whole beside the others', in thousandths.</summary>
    public long Weight { get; init; } = 1000;

    /// <summary>How it gets the pieces, which decides the form of its hand-over file.</summary>
    public string? Method { get; init; }

    public string OrganisationKey => (Organisation is null ? "\0" + Id : Organisation).ToUpperInvariant();

    public string? RegionKey => Region?.ToUpperInvariant();

    public string? SiteKey => Site is null ? null : string.Join('\0', Region, Country, Site).ToUpperInvariant();
}
