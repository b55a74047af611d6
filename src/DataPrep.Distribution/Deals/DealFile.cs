using System.Globalization;
using DataPrep.Distribution.Plans;
using DataPrep.Distribution.Tables;
using DataPrep.Ipld;

namespace DataPrep.Distribution.Deals;

/// <summary>A deal, claim or allocation that is made.</summary>
/// <param name="Size">Padded bytes; null where the list does not tell.</param>
internal sealed record Deal(string Provider, PieceKey Piece, string PieceCid, long? Size, string? Client);

/// <summary>Reads lists of deals, by the names that several tools give their columns.</summary>
internal static class DealFile
{
    private const long MostBytes = 1L << 31;

    private static readonly string[] Provider = ["provider", "providerId", "provider_id", "miner", "minerId", "miner_id", "storageProvider", "sp"];
    private static readonly string[] PieceCid = ["pieceCid", "piece_cid", "pieceCidV2", "piece_cid_v2", "commP", "commp_piece_cid", "piece"];
    private static readonly string[] PieceSize = ["pieceSize", "piece_size", "paddedSize", "padded_size", "paddedPieceSize", "padded_piece_size", "size"];
    private static readonly string[] State = ["state", "status", "dealState", "deal_state"];
    private static readonly string[] Client = ["client", "clientId", "client_id", "clientAddress", "client_address"];
    private static readonly string[] End = ["endEpoch", "end_epoch", "end", "termEnd", "term_end"];

    /// <summary>States in which no data is stored any more, or never was.</summary>
    private static readonly HashSet<string> Dead = new(["slashed", "expired", "terminated", "failed", "error", "errored", "rejected", "cancelled", "canceled", "removed"], StringComparer.OrdinalIgnoreCase);

    /// <param name="epoch">Deals that end by then do not count; null where the end is no matter.</param>
    /// <param name="passedOver">Called for each deal that does not count.</param>
    /// <exception cref="MalformedDataException">It is no such list.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IEnumerable<Deal> Read(string path, long? epoch, Action passedOver)
    {
        foreach (var row in TableFile.Read(path, "a deal", MostBytes, Provider, PieceCid))
        {
            string provider = row[Provider] ?? throw row.Error("a deal has no 'provider'");
            string cid = row[PieceCid] ?? throw row.Error("a deal has no 'pieceCid'");
            var piece = PieceKey.Of(cid) ?? throw row.Error($"'{cid}' is no piece CID");
            if ((row[State] is { } state && Dead.Contains(state)) || (epoch is { } now && Number(row, End) <= now))
                passedOver();
            else
                yield return new Deal(provider, piece, cid, Number(row, PieceSize), row[Client]);
        }
    }

    private static long? Number(TableRow row, string[] names)
    {
        if (row[names] is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : throw row.Error($"{names[0]} '{text}' is no whole number");
    }
}
