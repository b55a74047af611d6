using System.CommandLine;
using System.Globalization;
using DataPrep.Distribution.Exports;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary><c>dataprep export</c></summary>
internal sealed class ExportCommand
{
    private readonly CommonOptions common = new();
    private readonly Argument<string> dataset = new("OUT") { Description = "A packed dataset" };
    private readonly Option<string?> format = new("--format") { Description = "What to write: one of the formats below", HelpName = "FORMAT", Required = true };
    private readonly Option<string?> output = new("--output", "-o") { Description = "File to write, or folder for formats with a file for each piece (default: standard output)", HelpName = "FILE|DIR" };
    private readonly Option<string?> provider = new("--provider") { Description = "Address of the storage provider: f01234", HelpName = "ADDRESS" };
    private readonly Option<string?> client = new("--client") { Description = "Address of the client", HelpName = "ADDRESS" };
    private readonly Option<string[]> url = new("--url") { Description = "Where pieces can be had, with {pieceCid}, {pieceCidV2} or {carFile} in it. May be given several times, for mirrors", HelpName = "TEMPLATE" };
    private readonly Option<string[]> header = new("--header") { Description = "Header to be sent with requests to --url: 'Name: value'. May be given several times", HelpName = "HEADER" };
    private readonly Option<string?> allocation = new("--allocation") { Description = "Allocation of the only piece, or a file with a line PIECE_CID,ID for each", HelpName = "ID|FILE" };
    private readonly Option<string?> uuids = new("--uuids") { Description = "Deals of the pieces: a file with a line PIECE_CID,UUID for each", HelpName = "FILE" };
    private readonly Option<long?> termMin = Epoch("--term-min", "Least epochs that the piece of an allocation is stored (518400: 180 days)");
    private readonly Option<long?> termMax = Epoch("--term-max", "Most epochs that it is (5256000: 5 years)");
    private readonly Option<long?> expiration = Epoch("--expiration", "Epochs in which an allocation must be claimed (172800: 60 days)");
    private readonly Option<long?> duration = Epoch("--duration", "Epochs that a deal lasts (518400: 180 days)");
    private readonly Option<long?> startEpoch = Epoch("--start-epoch", "Epoch by which a deal must have begun (left to the tool)");
    private readonly Option<bool?> verified = new("--verified") { Description = "Whether deals are paid for with DataCap (true)", HelpName = "true|false" };
    private readonly Option<string?> carFolder = new("--car-dir") { Description = "Where the CARs lie on the machine that runs the script (.)", HelpName = "DIR" };
    private readonly Option<string?> collection = new("--collection") { Description = "What the other tool calls the dataset (its name)", HelpName = "NAME" };
    private readonly Option<DateTimeOffset?> timestamp = new("--timestamp")
    {
        Description = "Time of packing that is written, RFC 3339 (the newest modification time in the dataset)",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (DateTimeOffset.TryParseExact(result.Tokens[0].Value, "yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                return time;
            result.AddError($"--timestamp: '{result.Tokens[0].Value}' is no time; write it as 2026-01-31T12:00:00Z");
            return null;
        },
    };

    private readonly Option<string[]> previous = LsCommand.PreviousOption();
    private readonly Option<bool> withPrevious = new("--with-previous") { Description = "Also the pieces of earlier versions of which content is kept" };

    public static Command Create()
    {
        var it = new ExportCommand();
        var command = new Command("export", "Writes the list of a dataset's pieces in the form of another tool")
        {
            it.dataset, it.format, it.output, it.provider, it.client, it.url, it.header, it.allocation, it.uuids, it.termMin, it.termMax, it.expiration, it.duration, it.startEpoch, it.verified, it.carFolder, it.collection, it.timestamp, it.withPrevious, it.previous,
        };
        it.format.CompletionSources.Add([.. ExportFormats.All.Select(format => format.Name)]);
        var source = new SourceOption(command);
        it.common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = it.common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () => it.Export(parsed, source, terminal));
        });
        return command;
    }

    private int Export(ParseResult parsed, SourceOption source, Terminal terminal)
    {
        var chosen = ExportFormats.Find(parsed.GetValue(format)!);
        string? target = parsed.GetValue(output);
        if (target is "")
            throw new UsageException("-o: the name is empty");
        if (target is null && terminal.IsJson)
            throw new UsageException("--json goes with -o: standard output is the export");
        var options = Options(parsed);
        if (chosen.Surplus(options).ToList() is { Count: > 0 } surplus)
            throw new UsageException($"the format {chosen.Name} has no place for {string.Join(" and ", surplus)}");
        chosen.CheckNeeds(options);

        var packed = new ExportDataset(parsed.GetValue(dataset)!);
        var input = new ExportInput(packed, Pieces(parsed, packed, terminal), options, terminal.Warn) { Source = source.Of(parsed), Cancel = CommandRunner.Cancel };
        if (target is null)
        {
            using var stream = new BufferedStream(Console.OpenStandardOutput(), 1 << 16);
            chosen.Write(input, stream);
            return ExitCode.Done;
        }

        ExportFiles.Write(chosen, input, target);
        terminal.Event("export", writer =>
        {
            writer.WriteString("format", chosen.Name);
            writer.WriteString("path", target);
            writer.WriteNumber("pieces", input.Pieces.Count);
        });
        terminal.Result($"{target}: {chosen.Name}, {input.Pieces.Count} {(input.Pieces.Count == 1 ? "piece" : "pieces")}");
        return ExitCode.Done;
    }

    private List<ExportPiece> Pieces(ParseResult parsed, ExportDataset packed, Terminal terminal)
    {
        var pieces = new List<ExportPiece>();
        if (parsed.GetValue(withPrevious))
            pieces.AddRange(packed.EarlierPieces(parsed.GetValue(previous) ?? []));
        else if (packed.Record.Previous is { } kept)
            terminal.Warn($"content of the version {kept} is kept, and its pieces are not in this list: --with-previous takes them too");
        pieces.AddRange(packed.Pieces());
        return [.. pieces.DistinctBy(piece => piece.Record.PieceCid)];
    }

    private ExportOptions Options(ParseResult parsed) => new ExportOptions
    {
        Provider = parsed.GetValue(provider),
        Client = parsed.GetValue(client),
        Urls = [.. (parsed.GetValue(url) ?? []).Select(template => new UrlTemplate(template))],
        Headers = [.. (parsed.GetValue(header) ?? []).Select(HttpHeader.Parse)],
        Allocations = parsed.GetValue(allocation) is not { } of ? null
            : IsNumber(of) ? new PieceValues("--allocation", of)
            : PieceValues.Read("--allocation", of, IsNumber, "ID"),
        Uuids = parsed.GetValue(uuids) is { } file ? PieceValues.Read("--uuids", file, text => Guid.TryParseExact(text, "D", out _), "UUID") : null,
        TermMin = parsed.GetValue(termMin),
        TermMax = parsed.GetValue(termMax),
        Expiration = parsed.GetValue(expiration),
        Duration = parsed.GetValue(duration),
        StartEpoch = parsed.GetValue(startEpoch),
        Verified = parsed.GetValue(verified),
        CarFolder = parsed.GetValue(carFolder),
        Collection = parsed.GetValue(collection),
        Timestamp = parsed.GetValue(timestamp),
    }.Check();

    private static bool IsNumber(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number > 0;

    private static Option<long?> Epoch(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "EPOCHS",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
                return number;
            result.AddError($"{name}: '{text}' is no number of epochs of 30 seconds");
            return null;
        },
    };
}
