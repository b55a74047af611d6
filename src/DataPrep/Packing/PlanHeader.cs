using System.Text.Json;
using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Planning;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>What a plan says beside the tree and the pieces.</summary>
/// <param name="Sources">Absolute paths.</param>
/// <param name="Options">The record of the dataset as far as the options decide it, to tell whether a run has the same ones.</param>
/// <param name="Dataset">The record as far as it follows from the scan.</param>
/// <param name="DagSizes">CAR sizes of the dag pieces.</param>
/// <param name="Origins">Of a plan of files that changed: their entries, and those of the folders around them, in the first plan.</param>
/// <param name="Previous">Absolute path of the folder of the earlier version, in a plan for other machines.</param>
/// <param name="Seal">Of the work folder of a dataset that is made of what tasks have made: the seal of their plan, in hex.</param>
internal sealed record PlanHeader(IReadOnlyList<string> Sources, DatasetRecord Options, DatasetRecord Dataset, IReadOnlyList<long> DagSizes, IReadOnlyList<int>? Origins = null, string? Previous = null, string? Seal = null)
{
    /// <summary>The sources that a plan for other machines names.</summary>
    /// <exception cref="MalformedDataException">The file is no such plan.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<string> SourcesOf(string path) => Decode(PlanFile.ReadOutline(path).Header, path).Sources;

    /// <summary>The options of a run that follows this plan: what decides the output is the plan's.</summary>
    /// <param name="options">With the remote source, where the plan has one.</param>
    /// <exception cref="MalformedDataException">The plan is of parameters that this program does not know.</exception>
    /// <exception cref="IOException">Another version of the program made it.</exception>
    public PackOptions Apply(PackOptions options, string path)
    {
        if (Options.Tool != Product.Tool)
            throw new IOException($"{path} was made by {Options.Tool}, and this is {Product.Tool}: use that version, or make a new plan");
        return options with
        {
            Sources = options.Remote is null ? Sources : [],
            Name = Options.Name.Length > 0 ? Options.Name : null,
            Profile = Options.DagProfile() ?? throw new MalformedDataException($"the profile '{Options.Profile}' or its HAMT estimation is unknown", 0, path),
            PieceSize = Options.PieceSize,
            LargestCarSize = Options.MaxCarSize,
            LeastPieceSize = Options.MinPieceSize ?? 0,
            KeepFilesWhole = Options.KeepFilesWhole,
            Balance = Options.Balance,
            Inline = Options.Inline,
            Sha256 = Options.Sha256,
            Previous = Previous,
        };
    }

    /// <summary>Whether the same command made it, as far as the output depends on the command.</summary>
    public bool IsOfSameRun(PlanHeader other) => Text(this) == Text(other);

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, PlanHeaderWriting.Default.PlanHeader);

    /// <exception cref="MalformedDataException">It is none.</exception>
    public static PlanHeader Decode(byte[] bytes, string path)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, PlanHeaderJson.Default.PlanHeader) ?? throw new JsonException("null is no header");
        }
        catch (JsonException e)
        {
            throw new MalformedDataException($"the header of the plan is not the expected JSON: {e.Message}", 0, path);
        }
    }

    private static string Text(PlanHeader header) =>
        JsonSerializer.Serialize(header with { Dataset = header.Options, DagSizes = [], Origins = null }, PlanHeaderWriting.Default.PlanHeader);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PlanHeader))]
internal sealed partial class PlanHeaderJson : JsonSerializerContext;

/// <summary>The same for writing alone, for the reason given at <see cref="RecordWriting"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(PlanHeader))]
internal sealed partial class PlanHeaderWriting : JsonSerializerContext;
