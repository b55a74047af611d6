using CsvHelper;
using DataPrep.Distribution.Tables;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Verification;

namespace DataPrep.Distribution.Plans;

/// <summary>
/// The form of the file by which a provider is handed its pieces. This is where further forms go: one is a name, a beginning, what stands there for each piece, and an end.
/// </summary>
internal abstract class HandOverForm
{
    public abstract string FileName { get; }

    public virtual byte[] Begin(StorageProvider provider) => [];

    public abstract byte[] Of(PieceRecord piece, StorageProvider provider);

    public virtual byte[] End(StorageProvider provider) => [];
}

/// <summary>The forms that there are, by the providers' download methods.</summary>
internal static class HandOverForms
{
    /// <summary>By HTTP; by drives that are sent.</summary>
    private const string Http = "http", Drive = "drive";

    /// <summary>The form for each provider.</summary>
    /// <param name="url">Where pieces can be had; null where nowhere.</param>
    /// <exception cref="MalformedDataException">A provider has a method that is none.</exception>
    public static IReadOnlyList<HandOverForm> Of(IReadOnlyList<StorageProvider> providers, AuditProvider? url)
    {
        HandOverForm plain = new PlainCsv(null), withUrl = url is null ? plain : new PlainCsv(url);
        return
        [
            .. providers.Select(provider => provider.Method?.ToLowerInvariant() switch
            {
                null or Http => withUrl,
                Drive => plain,
                _ => throw new MalformedDataException($"provider '{provider.Id}': there is no method '{provider.Method}'; known are {Http} and {Drive}"),
            }),
        ];
    }

    /// <summary>What a provider needs of each piece, as CSV; <c>url</c> is there where pieces can be had by one.</summary>
    private sealed class PlainCsv(AuditProvider? url) : HandOverForm
    {
        private static readonly CsvWriterOptions Form = new() { NewLine = "\n" };
        private (PieceRecord? Piece, byte[] Row) last = (null, []);

        public override string FileName => "handover.csv";

        public override byte[] Begin(StorageProvider provider) => Row(["pieceCid", "pieceCidV2", "pieceSize", "carSize", "rootCid", "carFile", .. url is null ? (string[])[] : ["url"]]);

        public override byte[] Of(PieceRecord piece, StorageProvider provider)
        {
            // Replicas of a piece follow each other.
            if (!ReferenceEquals(last.Piece, piece))
            {
                last = (piece, Row([piece.PieceCid, piece.PieceCidV2, Number(piece.PieceSize), Number(piece.CarSize), piece.RootCid, piece.CarFile, .. url is null ? (string[])[] : [url.UrlOf(piece).AbsoluteUri]]));
            }

            return last.Row;
        }

        private static string Number(long value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

        private static byte[] Row(string[] fields)
        {
            using var stream = new MemoryStream();
            using (var csv = CsvWriter.Create(stream, Form, leaveOpen: true))
            {
                foreach (string field in fields)
                    csv.WriteField(field);
                csv.EndRecord();
            }

            return stream.ToArray();
        }
    }
}
