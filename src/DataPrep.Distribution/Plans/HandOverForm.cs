using System.Globalization;
using CsvHelper;
using DataPrep.Distribution.Exports;
using DataPrep.Distribution.Tables;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Distribution.Plans;

/// <summary>The form of the file by which a provider is handed its pieces.</summary>
internal abstract class HandOverForm
{
    public abstract string FileName { get; }
}

/// <summary>Forms that are written piece by piece while the plan is: what stands at the beginning, and for each piece.</summary>
internal abstract class LineForm : HandOverForm
{
    public abstract byte[] Begin { get; }

    public abstract byte[] Of(PieceRecord piece);
}

/// <summary>What other tools take, made of the whole list of a provider's pieces.</summary>
internal sealed class ExportForm(ListFormat format, ExportOptions options) : HandOverForm
{
    public override string FileName => format.FileName;

    /// <exception cref="InvalidDataException">Who reads the format cannot take the pieces.</exception>
    public void Write(StorageProvider provider, ExportDataset dataset, IEnumerable<PieceRecord> pieces, Stream stream, CancellationToken cancel)
    {
        var ofProvider = options with { Provider = Takes(format, ExportOption.Provider) ? provider.Id : null };
        format.Write(new ExportInput(dataset, [.. pieces.Select(piece => new ExportPiece(piece, dataset))], ofProvider.Check(), _ => { }) { Cancel = cancel }, stream);
    }

    public static bool Takes(ExportFormat format, ExportOption option) => (format.Needs | format.Takes).HasFlag(option);
}

/// <summary>The forms that there are, by the providers' download methods.</summary>
internal static class HandOverForms
{
    /// <summary>By HTTP; by drives that are sent.</summary>
    public const string Http = "http", Drive = "drive";

    /// <summary>Names of all files that a plan may have for a provider.</summary>
    public static IEnumerable<string> FileNames => ExportFormats.All.OfType<ListFormat>().Select(format => format.FileName).Append(PlainCsv.Name);

    /// <summary>The form for each provider.</summary>
    /// <param name="url">Where pieces can be had; null where nowhere.</param>
    /// <param name="client">Address of the client; null where it is not given.</param>
    /// <param name="usual">Name of the export format for providers without one of their own; null for the plain list.</param>
    /// <exception cref="MalformedDataException">A provider has a method that is none.</exception>
    /// <exception cref="UsageException">There is no such format, or it needs what is not known when a plan is made.</exception>
    public static IReadOnlyList<HandOverForm> Of(IReadOnlyList<StorageProvider> providers, UrlTemplate? url, string? client, string? usual)
    {
        HandOverForm plain = new PlainCsv(null), withUrl = new PlainCsv(url), chosen = usual is null ? withUrl : Export(usual);
        return
        [
            .. providers.Select(provider => provider.Method?.ToLowerInvariant() switch
            {
                null or Http => chosen,
                Drive => plain,
                var name when ExportFormats.All.Any(format => format.Name == name) => Export(name),
                _ => throw new MalformedDataException($"provider '{provider.Id}': there is no method '{provider.Method}'; known are {Http}, {Drive}, and the formats of export"),
            }),
        ];

        ExportForm Export(string name)
        {
            if (ExportFormats.Find(name) is not ListFormat format)
                throw new UsageException($"the format {name} has a document for each piece, and a provider is handed one file: use export");
            var options = new ExportOptions
            {
                Provider = "f00",
                Urls = url is not null && ExportForm.Takes(format, ExportOption.Url) ? [url] : [],
                Client = ExportForm.Takes(format, ExportOption.Client) ? client : null,
            };
            format.CheckNeeds(options);
            return new ExportForm(format, options);
        }
    }

    /// <summary>What a provider needs of each piece, as CSV; <c>url</c> is there where pieces can be had by one.</summary>
    private sealed class PlainCsv(UrlTemplate? url) : LineForm
    {
        public const string Name = "handover.csv";
        private static readonly CsvWriterOptions Form = new() { NewLine = "\n" };
        private (PieceRecord? Piece, byte[] Row) last = (null, []);

        public override string FileName => Name;

        public override byte[] Begin => Row(["pieceCid", "pieceCidV2", "pieceSize", "carSize", "rootCid", "carFile", .. url is null ? (string[])[] : ["url"]]);

        public override byte[] Of(PieceRecord piece)
        {
            // Replicas of a piece follow each other.
            if (!ReferenceEquals(last.Piece, piece))
            {
                last = (piece, Row([piece.PieceCid, piece.PieceCidV2, Number(piece.PieceSize), Number(piece.CarSize), piece.RootCid, piece.CarFile, .. url is null ? (string[])[] : [url.Of(piece)]]));
            }

            return last.Row;
        }

        private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

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
