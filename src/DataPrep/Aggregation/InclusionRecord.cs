using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Aggregation;

/// <summary>A path in JSON.</summary>
internal sealed record MerklePathRecord
{
    public required long Index { get; init; }

    /// <summary>32 bytes each, in lower-case hex, the lowest first.</summary>
    public required IReadOnlyList<string> Path { get; init; }
}

/// <summary>What a proof leads to.</summary>
internal sealed record InclusionExpectation
{
    /// <summary>Piece CID v1 of the deal.</summary>
    public required string CommPa { get; init; }

    /// <summary>Padded size of the deal.</summary>
    public required long SizePa { get; init; }
}

/// <summary>
/// A proof that a piece is in an aggregate, described in docs/aggregate.md. The names are those of FRC-0058. Each proof has one text: no other spelling of it is taken.
/// </summary>
internal sealed record InclusionRecord
{
    public const string InclusionType = "inclusion";
    public const int InclusionVersion = 1;

    private const int LongestPath = 63;

    // Two of the longest paths take less than 10 KiB.
    private const int LongestFile = 64 << 10;

    /// <summary><c>inclusion</c>; null in proofs of other makers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>1; null in proofs of other makers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Version { get; init; }

    /// <summary>Where others say they have it from. Not looked at.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Source { get; init; }

    /// <summary>Piece CID v1 of the piece.</summary>
    public required string CommPc { get; init; }

    /// <summary>Padded size of the piece.</summary>
    public required long SizePc { get; init; }

    public required MerklePathRecord ProofSubtree { get; init; }

    public required MerklePathRecord ProofIndex { get; init; }

    public required InclusionExpectation Expected { get; init; }

    public static InclusionRecord Of(SegmentInclusion inclusion) => new()
    {
        Type = InclusionType,
        Version = InclusionVersion,
        CommPc = PieceCid.V1(inclusion.PieceRoot.Span).ToString(),
        SizePc = inclusion.PieceSize,
        ProofSubtree = PathOf(inclusion.Subtree),
        ProofIndex = PathOf(inclusion.Index),
        Expected = new InclusionExpectation { CommPa = PieceCid.V1(inclusion.DealRoot.Span).ToString(), SizePa = inclusion.DealSize },
    };

    /// <summary>The proofs of a file: of a <c>.jsonl</c> one on each line, else one. With the offset of each.</summary>
    /// <exception cref="MalformedDataException">It holds something else.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IEnumerable<(InclusionRecord Record, long Offset)> Read(string path)
    {
        if (System.IO.Path.GetExtension(path) == ".jsonl")
            return RecordFile.ReadLines(path, InclusionJson.Default.InclusionRecord);
        if (new FileInfo(path).Length > LongestFile)
            throw new MalformedDataException($"a proof has at most {LongestFile} bytes; several, one on a line, go into a file whose name ends in .jsonl", LongestFile, path);
        return [(RecordFile.Read(path, InclusionJson.Default.InclusionRecord), 0)];
    }

    /// <exception cref="MalformedDataException">A field is not what it should be.</exception>
    public SegmentInclusion Decode()
    {
        Check(Type is null or InclusionType && Version is null or InclusionVersion, $"type and version are '{Type}' and {Version}, not '{InclusionType}' and {InclusionVersion}");
        return new SegmentInclusion
        {
            PieceRoot = RootOf("commPc", CommPc),
            PieceSize = SizePc,
            DealRoot = RootOf("commPa", Expected.CommPa),
            DealSize = Expected.SizePa,
            Subtree = PathOf("proofSubtree", ProofSubtree),
            Index = PathOf("proofIndex", ProofIndex),
        };
    }

    private static MerklePathRecord PathOf(MerklePath path) => new()
    {
        Index = path.Index,
        Path = [.. path.Siblings.ToArray().Chunk(PieceSize.NodeLength).Select(node => Convert.ToHexStringLower(node))],
    };

    private static MerklePath PathOf(string field, MerklePathRecord record)
    {
        const int Digits = 2 * PieceSize.NodeLength;
        Check(record.Path.Count <= LongestPath, $"{field} has {record.Path.Count} nodes, more than any tree has levels");
        Check(record.Path.All(node => node is { Length: Digits } && node.All(char.IsAsciiHexDigitLower)), $"{field} has a node that is not {Digits} lower-case hex digits");
        byte[] nodes = Convert.FromHexString(string.Concat(record.Path));
        Check(nodes.Chunk(PieceSize.NodeLength).All(node => (node[^1] & ~PieceTree.LastByteMask) == 0), $"{field} has a node that is no field element: its two top bits are not zero");
        return new MerklePath(record.Index, nodes);
    }

    private static byte[] RootOf(string field, string text)
    {
        Check(Cid.TryParse(text, out var cid) && cid.ToString() == text, $"{field} is no CID, or not in the base that is usual");
        var piece = PieceCid.Decode(cid);
        Check(piece.Version == 1, $"{field} is a piece CID of version {piece.Version}, not 1");
        return piece.Root.ToArray();
    }

    private static void Check(bool isRight, string problem)
    {
        if (!isRight)
            throw new MalformedDataException(problem);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(InclusionRecord))]
internal sealed partial class InclusionJson : JsonSerializerContext;
