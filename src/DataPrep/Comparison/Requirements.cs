using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Comparison;

/// <summary>The names of findings of <c>check</c>: a contract with scripts.</summary>
internal static class RequirementCode
{
    public const string PieceRecord = "piece-record", SizeMismatch = "size-mismatch", PieceSize = "piece-size", PieceFill = "piece-fill", Padding = "padding", SmallPiece = "small-piece",
        DuplicatePiece = "duplicate-piece", SharedPiece = "shared-piece", DuplicateContent = "duplicate-content", SharedContent = "shared-content",
        TinyFiles = "tiny-files", ForbiddenName = "forbidden-name", PortableName = "portable-name";

    private static readonly HashSet<string> Warnings = [PieceFill, DuplicateContent, SharedContent, TinyFiles, PortableName];

    public static IReadOnlyList<string> All { get; } =
        [PieceRecord, SizeMismatch, PieceSize, PieceFill, Padding, SmallPiece, DuplicatePiece, SharedPiece, DuplicateContent, SharedContent, TinyFiles, ForbiddenName, PortableName];

    public static string DefaultSeverity(string code) => Warnings.Contains(code) ? "warning" : "error";
}

/// <summary>What a dataset has to be for those who check it: the content of a requirements file, described in docs/comparing.md. What it does not say is as here.</summary>
internal sealed record Requirements
{
    /// <summary>Least part of what a piece holds that is payload.</summary>
    public double LeastPieceFill { get; set; } = 0.5;

    /// <summary>Most part of what all pieces hold that is no payload. The Fil+ programme allows 25 %.</summary>
    public double MostPadding { get; set; } = 0.25;

    /// <summary>Least bytes of a CAR: retrieval checkers take a piece of which less is served for a failure.</summary>
    public long LeastServedSize { get; set; } = 8L << 30;

    /// <summary>Whether a dataset that as a whole is smaller than that is not held to it, and its padding is a warning.</summary>
    public bool SmallDatasets { get; set; } = true;

    /// <summary>Most part of the content that is in the dataset more than once. The reports on Fil+ clients allow 20 % at a provider.</summary>
    public double MostDuplicateContent { get; set; } = 0.2;

    /// <summary>Most part of the content that is in another dataset too.</summary>
    public double MostSharedContent { get; set; } = 0.2;

    /// <summary>Files of fewer bytes are tiny.</summary>
    public long TinyFileSize { get; set; } = 4096;

    /// <summary>Most part of the files that are tiny.</summary>
    public double MostTinyFiles { get; set; } = 0.5;

    /// <summary>Patterns in the syntax of gitignore that no path may match.</summary>
    public IReadOnlyList<string> ForbiddenNames { get; set; } = [];

    /// <summary>By codes of findings: <c>off</c>, <c>warning</c> or <c>error</c>, where it is another than usual.</summary>
    public IReadOnlyDictionary<string, string> Severities { get; set; } = new Dictionary<string, string>();

    /// <summary>Reads a requirements file.</summary>
    /// <exception cref="MalformedDataException">It says something else, or something that makes no sense.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Requirements Read(string path)
    {
        var read = RecordFile.Read(path, RequirementsJson.Default.Requirements);
        foreach (var (name, part) in (ReadOnlySpan<(string, double)>)
        [
            ("leastPieceFill", read.LeastPieceFill), ("mostPadding", read.MostPadding), ("mostDuplicateContent", read.MostDuplicateContent),
            ("mostSharedContent", read.MostSharedContent), ("mostTinyFiles", read.MostTinyFiles),
        ])
        {
            if (part is not (>= 0 and <= 1))
                throw new MalformedDataException($"{name} is {part}, and not from 0 to 1", 0, path);
        }

        if (read.LeastServedSize < 0 || read.TinyFileSize < 0)
            throw new MalformedDataException("leastServedSize and tinyFileSize cannot be negative", 0, path);
        foreach (var (code, severity) in read.Severities)
        {
            if (!RequirementCode.All.Contains(code))
                throw new MalformedDataException($"severities: there is no code '{code}'; there are {string.Join(", ", RequirementCode.All)}", 0, path);
            if (severity is not ("off" or "warning" or "error"))
                throw new MalformedDataException($"severities: '{severity}' of {code} is not off, warning or error", 0, path);
        }

        foreach (string text in read.ForbiddenNames)
        {
            if (new IgnorePattern(PathText.FromArgument(text)).Problem is { } problem)
                throw new MalformedDataException($"forbiddenNames: '{text}': {problem}", 0, path);
        }

        return read;
    }

    /// <summary><c>error</c>, <c>warning</c> or <c>off</c>.</summary>
    public string SeverityOf(string code) => Severities.GetValueOrDefault(code) ?? RequirementCode.DefaultSeverity(code);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Requirements))]
internal sealed partial class RequirementsJson : JsonSerializerContext;
