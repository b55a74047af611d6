using System.Buffers;
using DataPrep.Packing;

namespace DataPrep.Distribution.Exports;

/// <summary>The options that say what the records of a dataset do not.</summary>
[Flags]
internal enum ExportOption
{
    None = 0,
    Provider = 1 << 0,
    Client = 1 << 1,
    Url = 1 << 2,
    Header = 1 << 3,
    Allocation = 1 << 4,
    Uuids = 1 << 5,
    TermMin = 1 << 6,
    TermMax = 1 << 7,
    Expiration = 1 << 8,
    Duration = 1 << 9,
    StartEpoch = 1 << 10,
    Verified = 1 << 11,
    CarFolder = 1 << 12,
    Collection = 1 << 13,
    Timestamp = 1 << 14,
}

/// <summary>What an export is told beside the records. Times are in epochs of 30 seconds.</summary>
internal sealed record ExportOptions
{
    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz");

    /// <summary>Address of the storage provider.</summary>
    public string? Provider { get; init; }

    /// <summary>Address of the client.</summary>
    public string? Client { get; init; }

    /// <summary>Where each piece can be had, the preferred place first.</summary>
    public IReadOnlyList<UrlTemplate> Urls { get; init; } = [];

    /// <summary>What is to be sent with requests to these places.</summary>
    public IReadOnlyList<HttpHeader> Headers { get; init; } = [];

    /// <summary>Allocation ids, by piece.</summary>
    public PieceValues? Allocations { get; init; }

    /// <summary>UUIDs of deals, by piece.</summary>
    public PieceValues? Uuids { get; init; }

    /// <summary>Least time that an allocation's piece is stored.</summary>
    public long? TermMin { get; init; }

    public long? TermMax { get; init; }

    /// <summary>Time in which an allocation must be claimed, from the message on that makes it.</summary>
    public long? Expiration { get; init; }

    public long? Duration { get; init; }

    /// <summary>The epoch by which a deal must have begun.</summary>
    public long? StartEpoch { get; init; }

    /// <summary>Whether deals are paid for with DataCap.</summary>
    public bool? Verified { get; init; }

    /// <summary>Where the CARs lie on the machine that the export is for.</summary>
    public string? CarFolder { get; init; }

    /// <summary>What the importing tool calls the dataset; without it, the dataset's name.</summary>
    public string? Collection { get; init; }

    /// <summary>Time of packing that is written; without it, that of the last modification of any entry.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>Those that are given.</summary>
    public ExportOption Given =>
        If(Provider is not null, ExportOption.Provider) | If(Client is not null, ExportOption.Client) | If(Urls.Count > 0, ExportOption.Url)
        | If(Headers.Count > 0, ExportOption.Header) | If(Allocations is not null, ExportOption.Allocation) | If(Uuids is not null, ExportOption.Uuids)
        | If(TermMin is not null, ExportOption.TermMin) | If(TermMax is not null, ExportOption.TermMax) | If(Expiration is not null, ExportOption.Expiration)
        | If(Duration is not null, ExportOption.Duration) | If(StartEpoch is not null, ExportOption.StartEpoch) | If(Verified is not null, ExportOption.Verified)
        | If(CarFolder is not null, ExportOption.CarFolder) | If(Collection is not null, ExportOption.Collection) | If(Timestamp is not null, ExportOption.Timestamp);

    /// <summary>The name of an option on the command line.</summary>
    public static string NameOf(ExportOption option) => option switch
    {
        ExportOption.TermMin => "--term-min",
        ExportOption.TermMax => "--term-max",
        ExportOption.StartEpoch => "--start-epoch",
        ExportOption.CarFolder => "--car-dir",
        _ => "--" + option.ToString().ToLowerInvariant(),
    };

    /// <summary>What is to be written behind it.</summary>
    public static string MeaningOf(ExportOption option) => option switch
    {
        ExportOption.Provider => "the storage provider's address, such as f01234",
        ExportOption.Client => "the client's address",
        ExportOption.Url => "where pieces can be had, such as 'https://example.org/piece/{pieceCid}'",
        ExportOption.Allocation => "the allocation id, or a file with a line 'PIECE_CID,ID' for each piece",
        ExportOption.Uuids => "a file with a line 'PIECE_CID,UUID' for each piece",
        _ => "see docs/export.md",
    };

    /// <summary>Checks what does not depend on a format.</summary>
    /// <exception cref="UsageException">A value is none, or beyond what the chain takes.</exception>
    public ExportOptions Check()
    {
        Address(Provider, "--provider");
        Address(Client, "--client");
        // Verified registry: terms of 180 days to 5 years, 60 days to claim. Market: deals of 180 to 1278 days.
        Range(TermMin, "--term-min", Epochs.LeastTerm, Epochs.MostTerm);
        Range(TermMax, "--term-max", Epochs.LeastTerm, Epochs.MostTerm);
        Range(Expiration, "--expiration", 1, Epochs.MostExpiration);
        Range(Duration, "--duration", Epochs.LeastTerm, Epochs.MostDuration);
        Range(StartEpoch, "--start-epoch", 1, long.MaxValue);
        if ((TermMin ?? Epochs.LeastTerm) > (TermMax ?? Epochs.MostTerm))
            throw new UsageException($"--term-min {TermMin} is more than --term-max {TermMax}");
        return Headers.Count == 0 || Urls.Count > 0 ? this : throw new UsageException("--header goes with --url");
    }

    private static void Address(string? address, string option)
    {
        // f0 and digits, or f1 to f4 and base32; t on test networks.
        bool isOne = address is null || (address.Length is > 2 and <= 128 && address[0] is 'f' or 't' && address[1] is >= '0' and <= '4'
            && address.AsSpan(2).IndexOfAnyExcept(AddressCharacters) < 0 && (address[1] != '0' || address.AsSpan(2).IndexOfAnyExceptInRange('0', '9') < 0));
        if (!isOne)
            throw new UsageException($"{option}: '{address}' is no Filecoin address; write it as f01234");
    }

    private static void Range(long? value, string option, long least, long most)
    {
        if (value < least || value > most)
            throw new UsageException($"{option} must be from {least} to {most} epochs; {value} is not");
    }

    private static ExportOption If(bool isGiven, ExportOption option) => isGiven ? option : ExportOption.None;
}

/// <summary>Times of the chain, in epochs of 30 seconds (go-state-types, builtin).</summary>
internal static class Epochs
{
    public const long Day = 2880;
    public const long LeastTerm = 180 * Day;
    public const long MostTerm = 5 * 365 * Day;
    public const long MostExpiration = 60 * Day;
    public const long MostDuration = 1278 * Day;
}
