using System.Text.Json.Serialization;
using DataPrep.Ipld;

namespace DataPrep.Distribution.Plans;

/// <summary>A line of <c>distribution/plan.jsonl</c>: who is to have a piece.</summary>
/// <param name="PieceCid">Piece CID v1.</param>
/// <param name="PieceSize">Padded bytes.</param>
/// <param name="Replicas">In the order of the providers' ids.</param>
internal sealed record PlanRecord(string PieceCid, long PieceSize, IReadOnlyList<PlannedReplica> Replicas);

/// <param name="Organisation">Null where none is known.</param>
/// <param name="Region">Null where none is known.</param>
internal sealed record PlannedReplica(string Provider, string? Organisation, string? Region);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PlanRecord))]
internal sealed partial class PlanJson : JsonSerializerContext;

/// <summary>The root of a piece's tree, by which pieces are told apart.</summary>
internal readonly record struct PieceKey(UInt128 High, UInt128 Low)
{
    /// <summary>Of a piece CID of version 1 or 2; null where the text is none.</summary>
    public static PieceKey? Of(string text)
    {
        try
        {
            if (!Cid.TryParse(text, out var cid))
                return null;
            var root = DataPrep.Piece.PieceCid.Decode(cid).Root;
            return new PieceKey(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(root), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(root[16..]));
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }
}
