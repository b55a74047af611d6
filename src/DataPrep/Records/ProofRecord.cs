using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Piece;

namespace DataPrep.Records;

/// <summary>The file of an inclusion proof, described in docs/proof.md. Offsets and lengths are in unpadded bytes of the piece.</summary>
internal sealed record ProofRecord
{
    public const string ProofType = "proof";
    public const int ProofVersion = 1;

    // Two nodes and the longest path take less than 8 KiB.
    private const int LongestFile = 64 << 10;

    /// <summary><c>proof</c>.</summary>
    public required string Type { get; init; }

    /// <summary>1.</summary>
    public required int Version { get; init; }

    /// <summary>Piece CID v1. It says nothing of the piece's size.</summary>
    public required string PieceCid { get; init; }

    /// <summary>Piece CID v2, where the payload's size is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PieceCidV2 { get; init; }

    /// <summary>Padded size.</summary>
    public required long PieceSize { get; init; }

    /// <summary>Of the range that was asked for.</summary>
    public required long Offset { get; init; }

    public required long Length { get; init; }

    /// <summary>Where the bytes begin that the nodes stand for.</summary>
    public required long DataOffset { get; init; }

    /// <summary>How many of them are payload: those to fetch. Zeros follow.</summary>
    public required long DataLength { get; init; }

    /// <summary>Height of the nodes over the leaves.</summary>
    public required int Level { get; init; }

    /// <summary>Which node of the level the first one is.</summary>
    public required long Index { get; init; }

    /// <summary>One node or two, in hex.</summary>
    public required IReadOnlyList<string> Nodes { get; init; }

    /// <summary>The siblings from the level up to the root, of each level first the left one, in hex.</summary>
    public required IReadOnlyList<string> Path { get; init; }

    /// <summary>The record of a proof.</summary>
    /// <param name="offset">Of the range that was asked for.</param>
    /// <param name="length">Its bytes.</param>
    public static ProofRecord Of(PieceCommitment commitment, InclusionProof proof, long offset, long length)
    {
        var v2 = commitment.CidV2;
        return new ProofRecord
        {
            Type = ProofType,
            Version = ProofVersion,
            PieceCid = commitment.CidV1.ToString(),
            PieceCidV2 = v2.ToString(),
            PieceSize = commitment.PieceSize,
            Offset = offset,
            Length = length,
            DataOffset = proof.Offset,
            DataLength = PayloadIn(proof, Piece.PieceCid.Decode(v2)),
            Level = proof.Level,
            Index = proof.Index,
            Nodes = Hex(proof.Nodes),
            Path = Hex(proof.Path),
        };
    }

    /// <summary>Reads the file.</summary>
    /// <exception cref="MalformedDataException">It is no proof file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ProofRecord Read(string path)
    {
        if (new FileInfo(path).Length > LongestFile)
            throw new MalformedDataException($"a proof has at most {LongestFile} bytes", LongestFile, path);
        return RecordFile.Read(path, ProofJson.Default.ProofRecord);
    }

    /// <summary>The proof and the root that it has to lead to, once all fields go together.</summary>
    /// <exception cref="MalformedDataException">A field is not what it should be, or two say different things.</exception>
    public (InclusionProof Proof, PieceCidInfo Piece) Decode()
    {
        Check(Type == ProofType && Version == ProofVersion, $"type and version are '{Type}' and {Version}, not '{ProofType}' and {ProofVersion}");
        Check(Piece.PieceSize.Min <= PieceSize && long.IsPow2(PieceSize), $"pieceSize {PieceSize} is no padded piece size");
        var piece = DecodeCid("pieceCid", PieceCid, 1);
        var proof = new InclusionProof(Piece.PieceSize.Height(PieceSize), Level, Index, Bytes("nodes", Nodes, 2), Bytes("path", Path, 2 * TreeSidecar.MaxPieceHeight));
        Check(DataOffset == proof.Offset, $"dataOffset is {DataOffset}; level and index say {proof.Offset}");
        Check(DataLength >= 0 && DataLength <= proof.Length, $"dataLength is {DataLength}; the nodes stand for {proof.Length} bytes");
        Check(Length >= 1 && Offset >= proof.Offset && Length <= proof.Length && Offset - proof.Offset <= proof.Length - Length, $"the range of {Length} bytes at {Offset} is not in that of the nodes, {proof.Length} bytes at {proof.Offset}");
        if (PieceCidV2 is null)
            return (proof, piece);

        var v2 = DecodeCid("pieceCidV2", PieceCidV2, 2);
        Check(v2.Root.SequenceEqual(piece.Root), "pieceCid and pieceCidV2 are of different pieces");
        Check(v2.PieceSize == PieceSize, $"pieceSize is {PieceSize}; pieceCidV2 says {v2.PieceSize}");
        Check(DataLength == PayloadIn(proof, v2), $"dataLength is {DataLength}; pieceCidV2 says {PayloadIn(proof, v2)}");
        return (proof, v2);
    }

    private static PieceCidInfo DecodeCid(string field, string text, int version)
    {
        Check(Cid.TryParse(text, out var cid), $"{field} is no CID");
        var info = Piece.PieceCid.Decode(cid);
        Check(info.Version == version, $"{field} is a piece CID of version {info.Version}");
        return info;
    }

    private static long PayloadIn(InclusionProof proof, PieceCidInfo v2) => Math.Clamp(v2.PayloadSize!.Value - proof.Offset, 0, proof.Length);

    private static string[] Hex(ReadOnlySpan<byte> nodes) =>
        [.. nodes.ToArray().Chunk(Piece.PieceSize.NodeLength).Select(node => Convert.ToHexStringLower(node))];

    private static byte[] Bytes(string field, IReadOnlyList<string> hex, int most)
    {
        const int Digits = 2 * Piece.PieceSize.NodeLength;
        Check(hex.Count <= most, $"{field} has {hex.Count} entries, more than any proof");
        Check(hex.All(node => node is { Length: Digits } && node.All(char.IsAsciiHexDigit)), $"{field} has an entry that is not {Digits} hex digits");
        return Convert.FromHexString(string.Concat(hex));
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
[JsonSerializable(typeof(ProofRecord))]
internal sealed partial class ProofJson : JsonSerializerContext;
