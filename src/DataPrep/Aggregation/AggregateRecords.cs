using System.Text.Json.Serialization;
using DataPrep.Piece;

namespace DataPrep.Aggregation;

/// <summary>The content of <c>aggregate.json</c>.</summary>
internal sealed record AggregateRecord
{
    /// <summary>Piece CID v1 of the deal.</summary>
    public required string PieceCid { get; init; }

    public required string PieceCidV2 { get; init; }

    /// <summary>Padded size of the deal.</summary>
    public required long PieceSize { get; init; }

    /// <summary>Bytes of the payload: all that the deal holds.</summary>
    public required long PayloadSize { get; init; }

    /// <summary>Name of the file of the payload, where it is written.</summary>
    public required string PayloadFile { get; init; }

    /// <summary>Number of pieces in it.</summary>
    public required int Segments { get; init; }

    /// <summary>Where the index begins, in padded bytes.</summary>
    public required long IndexOffset { get; init; }

    /// <summary>Padded bytes that are neither of pieces nor of the index.</summary>
    public required long Unused { get; init; }

    public static AggregateRecord Of(Aggregate aggregate) => new()
    {
        PieceCid = aggregate.Commitment.CidV1.ToString(),
        PieceCidV2 = aggregate.Commitment.CidV2.ToString(),
        PieceSize = aggregate.DealSize,
        PayloadSize = aggregate.Commitment.PayloadSize,
        PayloadFile = aggregate.Commitment.CidV1 + AggregateFolder.PayloadExtension,
        Segments = aggregate.Pieces.Count,
        IndexOffset = aggregate.IndexStart,
        Unused = aggregate.IndexStart - aggregate.Pieces.Sum(piece => piece.Commitment.PieceSize),
    };
}

/// <summary>A line of <c>aggregate.jsonl</c>: a piece of the aggregate.</summary>
internal sealed record SegmentRecord
{
    /// <summary>Its number, which is that of its entry in the index.</summary>
    public required int Index { get; init; }

    /// <summary>Piece CID v1.</summary>
    public required string PieceCid { get; init; }

    public required string PieceCidV2 { get; init; }

    /// <summary>Padded size.</summary>
    public required long PieceSize { get; init; }

    /// <summary>Where it begins in the deal, in padded bytes.</summary>
    public required long Offset { get; init; }

    /// <summary>Where it begins in the payload file.</summary>
    public required long PayloadOffset { get; init; }

    /// <summary>Bytes of the piece's own payload.</summary>
    public required long PayloadSize { get; init; }

    /// <summary>Name of the file that has it.</summary>
    public required string File { get; init; }

    public static SegmentRecord Of(Aggregate aggregate, int index)
    {
        var (path, commitment) = aggregate.Pieces[index];
        return new SegmentRecord
        {
            Index = index,
            PieceCid = commitment.CidV1.ToString(),
            PieceCidV2 = commitment.CidV2.ToString(),
            PieceSize = commitment.PieceSize,
            Offset = aggregate.OffsetOf(index),
            PayloadOffset = aggregate.OffsetOf(index) / Fr32.PaddedGroup * Fr32.RawGroup,
            PayloadSize = commitment.PayloadSize,
            File = Path.GetFileName(path),
        };
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(AggregateRecord))]
[JsonSerializable(typeof(SegmentRecord))]
internal sealed partial class AggregateJson : JsonSerializerContext;
