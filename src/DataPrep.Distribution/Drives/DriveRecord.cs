using System.Text.Json.Serialization;

namespace DataPrep.Distribution.Drives;

/// <summary>A line of <c>distribution/drives.jsonl</c>: a drive that is sent to a storage provider, and what is on it.</summary>
/// <param name="Provider">Id of the provider.</param>
/// <param name="Drive">Number of the drive among those of the provider, from 1.</param>
/// <param name="Capacity">Bytes that the drive was said to have.</param>
/// <param name="Bytes">Bytes of the CARs on it.</param>
/// <param name="Pieces">Piece CIDs v1, in the order of <c>pieces.jsonl</c>.</param>
internal sealed record DriveRecord(string Provider, int Drive, long Capacity, long Bytes, IReadOnlyList<string> Pieces)
{
    /// <summary>Its name on the command line and on its label.</summary>
    [JsonIgnore]
    public string Name => $"{Provider}/{Drive}";
}

/// <summary>The content of <c>drive.json</c> on a drive: which one it is.</summary>
/// <param name="RootCid">Root of the dataset.</param>
/// <param name="Dataset">Its name.</param>
/// <param name="Drives">How many drives the provider gets.</param>
internal sealed record DriveLabel(string RootCid, string Dataset, string Provider, int Drive, int Drives);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(DriveRecord))]
[JsonSerializable(typeof(DriveLabel))]
internal sealed partial class DriveJson : JsonSerializerContext;
