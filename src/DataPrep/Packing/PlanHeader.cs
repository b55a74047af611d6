using System.Text.Json;
using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>What a plan says beside the tree and the pieces.</summary>
/// <param name="Sources">Absolute paths.</param>
/// <param name="Options">The record of the dataset as far as the options decide it, to tell whether a run has the same ones.</param>
/// <param name="Dataset">The record as far as it follows from the scan.</param>
/// <param name="DagSizes">CAR sizes of the dag pieces.</param>
/// <param name="Origins">Of a plan of files that changed: their entries, and those of the folders around them, in the first plan.</param>
internal sealed record PlanHeader(IReadOnlyList<string> Sources, DatasetRecord Options, DatasetRecord Dataset, IReadOnlyList<long> DagSizes, IReadOnlyList<int>? Origins = null)
{
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
