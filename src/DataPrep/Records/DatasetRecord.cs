using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Unixfs;

namespace DataPrep.Records;

/// <summary>The content of <c>dataset.json</c>: what was packed, and by which parameters. Sizes are in bytes.</summary>
public sealed record DatasetRecord
{
    /// <summary>CID of the dataset's root: what <c>ipfs add -r</c> gives under the same parameters.</summary>
    public required string RootCid { get; init; }

    public required string Name { get; init; }

    /// <summary>Name of the profile; the fields below say where it was departed from.</summary>
    public required string Profile { get; init; }

    public required long ChunkSize { get; init; }

    public required int MaxLinks { get; init; }

    /// <summary>The largest padded piece size that was allowed.</summary>
    public required long PieceSize { get; init; }

    /// <summary>Most bytes of a CAR that were allowed, where that was less than fills a piece.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxCarSize { get; init; }

    /// <summary>Padded size that smaller pieces were filled up to with zeros.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MinPieceSize { get; init; }

    /// <summary>Whether files that fit in a piece of their own were not cut.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool KeepFilesWhole { get; init; }

    /// <summary>Whether the pieces were made about equally large.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Balance { get; init; }

    /// <summary>Whether CARs of data pieces were not stored, but what they can be made from.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Inline { get; init; }

    /// <summary>Whether the SHA-256 of each CAR was recorded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Sha256 { get; init; }

    /// <summary>Number of files.</summary>
    public required long Files { get; init; }

    /// <summary>Number of directories, the root among them where it is one.</summary>
    public required long Directories { get; init; }

    /// <summary>Content bytes of all files.</summary>
    public required long Bytes { get; init; }

    /// <summary>Number of pieces.</summary>
    public required long Pieces { get; init; }

    /// <summary>Piece CIDs of the pieces that hold the dataset DAG, in order; empty where the dataset lies whole in one piece.</summary>
    [JsonRequired]
    public IReadOnlyList<string> DagPieces { get; init; } = [];

    /// <summary>Number of inputs left out; they are listed in <c>skipped.jsonl</c>.</summary>
    public required long Skipped { get; init; }

    /// <summary>Name and version of the program.</summary>
    public required string Tool { get; init; }

    /// <summary>Root CID of the version before this one, or null.</summary>
    public string? Previous { get; init; }

    /// <summary>Number of symlinks.</summary>
    public required long Links { get; init; }

    public required int CidVersion { get; init; }

    public required bool RawLeaves { get; init; }

    public required long HamtThreshold { get; init; }

    public required int HamtFanout { get; init; }

    /// <summary><c>links-bytes</c> or <c>block-bytes</c>.</summary>
    public required string HamtEstimation { get; init; }

    public required bool PreserveMode { get; init; }

    public required bool PreserveMtime { get; init; }

    /// <summary>Whether hidden files were taken.</summary>
    public required bool Hidden { get; init; }

    /// <summary>Whether empty directories were taken.</summary>
    public required bool EmptyDirs { get; init; }

    /// <summary>Whether symlinks were taken.</summary>
    public required bool Symlinks { get; init; }

    /// <summary>Whether a single file was put in a directory.</summary>
    public required bool Wrap { get; init; }

    /// <summary>What was selected of the sources; null where all was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SelectionRecord? Selection { get; init; }

    /// <summary>The parameters of the DAG; null where they are none: of a name that is unknown. Whether they make sense is not checked.</summary>
    internal UnixFsProfile? DagProfile() => UnixFsProfile.ByName(Profile) is not { } profile || HamtEstimation is not ("block-bytes" or "links-bytes") ? null : profile with
    {
        ChunkSize = (int)Math.Clamp(ChunkSize, 0, int.MaxValue),
        MaxLinks = MaxLinks,
        CidVersion = CidVersion,
        RawLeaves = RawLeaves,
        HamtThreshold = HamtThreshold,
        HamtFanout = HamtFanout,
        HamtEstimation = HamtEstimation == "block-bytes" ? Unixfs.HamtEstimation.BlockBytes : Unixfs.HamtEstimation.LinksBytes,
        PreserveMode = PreserveMode,
        PreserveMtime = PreserveMtime,
    };
}

/// <summary>A line of <c>pieces.jsonl</c>.</summary>
public sealed record PieceRecord
{
    /// <summary>Piece CID v1.</summary>
    public required string PieceCid { get; init; }

    /// <summary>Piece CID v2 (FRC-0069), of the bytes of the CAR file.</summary>
    public required string PieceCidV2 { get; init; }

    /// <summary>Padded size: a power of two.</summary>
    public required long PieceSize { get; init; }

    public required string RootCid { get; init; }

    /// <summary>Bytes of the CAR file, zero-fill included.</summary>
    public required long CarSize { get; init; }

    /// <summary>Name of the CAR file beside this list; of an inline piece the name that it will have.</summary>
    public required string CarFile { get; init; }

    /// <summary>Whether no CAR was stored, but what it can be made from, together with the sources.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Inline { get; init; }

    /// <summary><c>data</c> or <c>dag</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Number of files of which at least a part is in the piece.</summary>
    public required long Files { get; init; }

    /// <summary>Bytes of the CAR without zero-fill.</summary>
    public required long PayloadSize { get; init; }

    /// <summary>SHA-256 of the CAR file in hex, where that was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Sha256 { get; init; }

    /// <summary>The commitment that the fields speak of.</summary>
    /// <exception cref="MalformedDataException">They are none, or contradict each other.</exception>
    internal PieceCommitment Commitment()
    {
        if (!Cid.TryParse(PieceCid, out var v1) || !Cid.TryParse(PieceCidV2, out var v2))
            throw new MalformedDataException($"'{PieceCid}' or '{PieceCidV2}' is no CID");
        PieceCidInfo one = Piece.PieceCid.Decode(v1), two = Piece.PieceCid.Decode(v2);
        if (one.Version != 1 || two.Version != 2 || !one.Root.SequenceEqual(two.Root) || two.PayloadSize != CarSize || two.PieceSize != PieceSize)
            throw new MalformedDataException($"pieceCid {PieceCid}, pieceCidV2 {PieceCidV2}, pieceSize {PieceSize} and carSize {CarSize} are not of one piece");
        return new PieceCommitment(one.Root, CarSize, PieceSize);
    }

    /// <param name="commitment">To the whole file, zero-fill included.</param>
    internal static PieceRecord Of(Cid root, PieceCommitment commitment, long payloadSize, string kind, long files)
    {
        string cid = commitment.CidV1.ToString();
        return new PieceRecord
        {
            PieceCid = cid,
            PieceCidV2 = commitment.CidV2.ToString(),
            PieceSize = commitment.PieceSize,
            RootCid = root.ToString(),
            CarSize = commitment.PayloadSize,
            CarFile = cid + ".car",
            Kind = kind,
            Files = files,
            PayloadSize = payloadSize,
        };
    }
}

/// <summary>Where a part of a file's content lies.</summary>
/// <param name="PieceCid">Piece CID v1.</param>
/// <param name="FileOffset">Offset of the part in the file.</param>
/// <param name="Length">Content bytes.</param>
/// <param name="CarOffset">Offset of the part's first section in the CAR.</param>
public sealed record FilePart(string PieceCid, long FileOffset, long Length, long CarOffset);

/// <summary>A line of <c>files.jsonl</c>: one entry of the dataset below its root.</summary>
public sealed record FileRecord
{
    /// <summary>Relative path, parts joined by '/'; bytes that are not UTF-8 stand as U+FFFD.</summary>
    public required string Path { get; init; }

    /// <summary>The path's bytes in hex, where they are not UTF-8.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PathHex { get; init; }

    /// <summary><c>file</c>, <c>dir</c> or <c>symlink</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Content bytes; of a symlink the length of its target.</summary>
    public required long Size { get; init; }

    /// <summary>Permission, set-id and sticky bits.</summary>
    public required uint Mode { get; init; }

    /// <summary>Time of last modification: RFC 3339, UTC, nanoseconds; null where the calendar has no such time.</summary>
    public required string? Mtime { get; init; }

    public required string Cid { get; init; }

    /// <summary>Parts in the order of their offsets; empty for what has no leaves.</summary>
    public required IReadOnlyList<FilePart> Parts { get; init; }
}

/// <summary>A line of <c>skipped.jsonl</c>.</summary>
public sealed record SkippedRecord
{
    public required string Path { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PathHex { get; init; }

    /// <summary>A code: <c>unreadable</c>, <c>vanished</c>, <c>changed</c>, <c>replaced</c>, <c>socket</c>, <c>fifo</c>, <c>device</c>.</summary>
    public required string Reason { get; init; }

    /// <summary>A sentence for people.</summary>
    public required string Detail { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(DatasetRecord))]
[JsonSerializable(typeof(PieceRecord))]
[JsonSerializable(typeof(FileRecord))]
[JsonSerializable(typeof(SkippedRecord))]
internal sealed partial class RecordJson : JsonSerializerContext;

/// <summary>
/// The same records for writing alone: without what describes each property to a reader, whose making takes longer than
/// writing the records of a small dataset.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(DatasetRecord))]
[JsonSerializable(typeof(PieceRecord))]
[JsonSerializable(typeof(FileRecord))]
[JsonSerializable(typeof(SkippedRecord))]
internal sealed partial class RecordWriting : JsonSerializerContext;
