namespace DataPrep.Car;

/// <summary>Limits and modes of a <see cref="CarReader"/>.</summary>
public sealed record CarReadOptions
{
    /// <summary>Largest header in bytes, without its length varint: 32 MiB.</summary>
    public const int MaxHeaderLength = 32 << 20;

    /// <summary>Default of <see cref="MaxSectionLength"/>: 8 MiB, where storage providers stop indexing.</summary>
    public const int DefaultMaxSectionLength = 8 << 20;

    /// <summary>Largest section in bytes, CID and data together, without the length varint: 1 to 2^30.</summary>
    public int MaxSectionLength { get; init; } = DefaultMaxSectionLength;

    /// <summary>
    /// Take a zero-length section for the padding of a piece: everything from it to the end has to be zero. Meant for piece
    /// bytes only; otherwise such a section is an error.
    /// </summary>
    public bool AllowZeroPadding { get; init; }

    /// <summary>List sections without reading their data; <see cref="CarSection.Data"/> stays empty.</summary>
    public bool SkipData { get; init; }
}
