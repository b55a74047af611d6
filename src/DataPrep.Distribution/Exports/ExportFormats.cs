using DataPrep.Packing;

namespace DataPrep.Distribution.Exports;

/// <summary>A form in which another tool takes lists of pieces.</summary>
/// <param name="FileName">Name of the file where none is chosen; of one for each piece, what comes behind the piece CID.</param>
/// <param name="Needs">Options that it cannot do without.</param>
/// <param name="Takes">Those that have a meaning for it beside them.</param>
internal abstract record ExportFormat(string Name, string FileName, string Description, ExportOption Needs, ExportOption Takes)
{
    /// <summary>Whether there is a document for each piece: on a stream a line each, in a folder a file each.</summary>
    public abstract bool IsPerPiece { get; }

    /// <summary>Writes all pieces to a stream.</summary>
    /// <exception cref="UsageException">An option is missing or makes no sense.</exception>
    /// <exception cref="InvalidDataException">The format, or who reads it, cannot take the pieces.</exception>
    /// <exception cref="IOException">What it needs cannot be read, or the stream not written.</exception>
    public void Write(ExportInput input, Stream stream)
    {
        CheckNeeds(input.Options);
        WriteAll(input, stream);
    }

    protected abstract void WriteAll(ExportInput input, Stream stream);

    /// <exception cref="UsageException">A needed option is not given.</exception>
    public void CheckNeeds(ExportOptions options)
    {
        var missing = Each(Needs & ~options.Given).ToList();
        if (missing.Count > 0)
            throw new UsageException($"the format {Name} needs {string.Join(" and ", missing.Select(option => $"{ExportOptions.NameOf(option)} ({ExportOptions.MeaningOf(option)})"))}");
    }

    /// <summary>Names of the options that are given and have no meaning for it.</summary>
    public IEnumerable<string> Surplus(ExportOptions options) => Each(options.Given & ~(Needs | Takes)).Select(ExportOptions.NameOf);

    private static IEnumerable<ExportOption> Each(ExportOption options) => Enum.GetValues<ExportOption>().Where(option => option != ExportOption.None && options.HasFlag(option));
}

/// <summary>One document of all pieces.</summary>
internal sealed record ListFormat(string Name, string FileName, string Description, Action<ExportInput, Stream> Content, ExportOption Needs = 0, ExportOption Takes = 0)
    : ExportFormat(Name, FileName, Description, Needs, Takes)
{
    public override bool IsPerPiece => false;

    protected override void WriteAll(ExportInput input, Stream stream) => Content(input, stream);
}

/// <summary>A document for each piece.</summary>
internal sealed record PieceFormat(string Name, string FileName, string Description, Action<ExportInput, ExportPiece, Stream> Content, ExportOption Needs = 0, ExportOption Takes = 0)
    : ExportFormat(Name, FileName, Description, Needs, Takes)
{
    public override bool IsPerPiece => true;

    protected override void WriteAll(ExportInput input, Stream stream)
    {
        foreach (var piece in input.Pieces)
            WriteOne(input, piece, stream);
    }

    /// <summary>Writes one piece, as a line.</summary>
    public void WriteOne(ExportInput input, ExportPiece piece, Stream stream)
    {
        Content(input, piece, stream);
        stream.WriteByte((byte)'\n');
    }
}

/// <summary>All formats, by name. docs/export.md has a section on each.</summary>
internal static class ExportFormats
{
    private const ExportOption Http = ExportOption.Url | ExportOption.Header;

    public static IReadOnlyList<ExportFormat> All { get; } =
    [
        new ListFormat("csv", "pieces.csv", "what pieces.jsonl says, as CSV", PieceLists.Csv, Takes: ExportOption.Url),
        new ListFormat("singularity", "singularity.json", "Singularity's list of pieces", PieceLists.Singularity),
        new PieceFormat("generate-car", ".json", "what generate-car prints for a CAR: tree and CIDs of its entries", PieceTrees.GenerateCar),
        new ListFormat("graphsplit", "manifest.csv", "graphsplit's manifest.csv with piece CIDs", PieceTrees.Graphsplit),
        new ListFormat("graphsplit-plain", "manifest.csv", "graphsplit's manifest.csv without piece CIDs", PieceTrees.GraphsplitPlain),
        new ListFormat("fil-data-prep", "__metadata.csv", "fil-data-prep's table of CARs", PieceLists.FilDataPrep, Takes: ExportOption.Timestamp),
        new ListFormat("boost-allocate", "allocate.csv", "for boost allocate --piece-file", BoostExports.Allocate, ExportOption.Provider, ExportOption.TermMin | ExportOption.TermMax | ExportOption.Expiration),
        new ListFormat("boost-offline-deal", "offline-deal.sh", "script: boost offline-deal for each piece", BoostExports.OfflineDeal, ExportOption.Provider,
            ExportOption.Client | ExportOption.StartEpoch | ExportOption.Duration | ExportOption.Verified),
        new ListFormat("boost-import-direct", "import-direct.sh", "script: boostd import-direct for each piece", BoostExports.ImportDirect, ExportOption.Client | ExportOption.Allocation,
            ExportOption.StartEpoch | ExportOption.CarFolder),
        new ListFormat("curio-add-url", "add-url.csv", "for curio market add-url --file", CurioExports.AddUrl, ExportOption.Uuids | ExportOption.Url, Http),
        new ListFormat("curio-mk20", "mk20.json", "data sources of Curio's market 2.0", CurioExports.MarketTwo, Takes: Http),
        new ListFormat("curio-aggregate", "aggregate.tsv", "parts of an aggregate for mk20-client deal --aggregate", CurioExports.Aggregate, ExportOption.Url),
        new ListFormat("delta-dm-csv", "delta-dm.csv", "contents of a dataset of delta-dm, CSV", PieceLists.DeltaCsv),
        new ListFormat("delta-dm-json", "delta-dm.json", "the same, JSON with the places of CARs", PieceLists.DeltaJson, ExportOption.Url, ExportOption.Collection),
        new PieceFormat("slingshot", ".json", "Slingshot's manifest of a CAR: its files and folders", PieceTrees.Slingshot, Takes: ExportOption.Collection),
        new ListFormat("rpa", "manifest.json", "manifest for the RPA retrievability checker", PieceLists.Rpa),
        new ListFormat("aria2", "aria2.txt", "for aria2c -i, with checksums", PieceLists.Aria2, ExportOption.Url, ExportOption.Header),
    ];

    /// <exception cref="UsageException">There is no such format.</exception>
    public static ExportFormat Find(string name) =>
        All.FirstOrDefault(format => format.Name == name) ?? throw new UsageException($"there is no format '{name}'; there are {string.Join(", ", All.Select(format => format.Name))}");
}
