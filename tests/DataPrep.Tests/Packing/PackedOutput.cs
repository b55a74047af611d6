using System.Text.Json.Serialization.Metadata;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Unixfs;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>A folder that a dataset was packed into.</summary>
internal sealed record PackedOutput(string Folder, PackResult Result)
{
    public PieceRecord Piece => Assert.Single(Result.Pieces);

    public string CarPath => Path.Combine(Folder, Piece.CarFile);

    public List<FileRecord> Files => Lines(RecordFile.Files, RecordJson.Default.FileRecord);

    public static PackedOutput Pack(PackOptions options) => new(options.Output, new DatasetPacker(options, new PackCounters(), TestContext.Current.CancellationToken).Run());

    public static PackedOutput Pack(string source, string output, UnixFsProfile profile) =>
        Pack(new PackOptions { Sources = [source], Output = output, Profile = profile, Threads = 2 });

    public List<T> Lines<T>(string name, JsonTypeInfo<T> type)
        where T : class => [.. RecordFile.ReadLines(Path.Combine(Folder, name), type).Select(line => line.Record)];

    /// <summary>The commitment that the tree sidecar holds, which the records have to agree with.</summary>
    public PieceCommitment Sidecar()
    {
        Assert.Equal(Piece, Assert.Single(Lines(RecordFile.Pieces, RecordJson.Default.PieceRecord)));
        return CheckSidecar(Piece);
    }

    /// <summary>The commitment in a piece's tree sidecar, which its record has to agree with.</summary>
    public PieceCommitment CheckSidecar(PieceRecord record)
    {
        using var stream = File.OpenRead(Path.Combine(Folder, record.PieceCid + ".tree"));
        var commitment = TreeSidecar.Read(stream).Commitment;
        Assert.Equal(commitment.CidV1.ToString(), record.PieceCid);
        Assert.Equal(commitment.CidV2.ToString(), record.PieceCidV2);
        Assert.Equal(commitment.PieceSize, record.PieceSize);
        Assert.Equal(record.CarSize, commitment.PayloadSize);
        using var car = File.OpenRead(Path.Combine(Folder, record.CarFile));
        Assert.Equal(car.Length, record.CarSize);
        return commitment;
    }

    public void VerifyFindsNothing()
    {
        var findings = new List<Finding>();
        int pieces = new DatasetVerifier(Folder, [], new FindingLog(findings.Add), 2, new PackCounters(), TestContext.Current.CancellationToken).Verify();
        Assert.Empty(findings);
        Assert.Equal(Result.Pieces.Count, pieces);
    }

    /// <summary>Name and content of everything outside the work folder.</summary>
    public static SortedDictionary<string, byte[]> Everything(string folder) =>
        new(Directory.EnumerateFiles(folder).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes), StringComparer.Ordinal);
}
