using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Unixfs;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>A packed dataset of a few kilobytes that has one of everything, to be damaged.</summary>
internal sealed class SmallDataset : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public SmallDataset()
    {
        _ = scratch.Noise("src/long", 150);
        _ = scratch.File("src/sub/short", "short");
        _ = scratch.File("src/empty", "");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub/short");
        Out = scratch.At("out");
        var options = new PackOptions
        {
            Sources = [scratch.At("src")],
            Output = Out,
            Profile = UnixFsProfile.V1Of2025 with { ChunkSize = 64, MaxLinks = 2 },
        };
        Piece = Assert.Single(new Packer(options, new PackProgress(), default).Run().Pieces);
        Car = Path.Join(Out, Piece.CarFile);
        Assert.Empty(Verify());
    }

    public string Out { get; }

    public string Car { get; }

    public PieceRecord Piece { get; }

    public string FileOf(string name) => Path.Join(Out, name);

    public List<Finding> Verify()
    {
        var findings = new List<Finding>();
        _ = new DatasetVerifier(Out, new FindingLog(findings.Add), 1, new PackProgress(), default).Verify();
        return findings;
    }

    public static (List<Finding> Findings, PieceCommitment Commitment) VerifyCar(string path, bool allowPadding = false)
    {
        var findings = new List<Finding>();
        var car = new CarVerifier(new FindingLog(findings.Add), 1, new PackProgress(), default).Verify(path, allowPadding);
        return (findings, car.Tree.Commitment);
    }

    /// <summary>Calls for every copy of a file that differs in one bit, and puts the file back.</summary>
    public static void FlipEachBit(string path, Action<int> flipped)
    {
        byte[] bytes = File.ReadAllBytes(path);
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            for (int bit = 0; bit < bytes.Length * 8; bit++)
            {
                RandomAccess.Write(handle, [(byte)(bytes[bit / 8] ^ (1 << (bit % 8)))], bit / 8);
                flipped(bit);
                RandomAccess.Write(handle, [bytes[bit / 8]], bit / 8);
            }
        }

        Assert.Equal(bytes, File.ReadAllBytes(path));
    }

    /// <summary>Calls for every shorter copy of a file, and puts the file back.</summary>
    public static void CutAtEachByte(string path, Action<int> cut)
    {
        byte[] bytes = File.ReadAllBytes(path);
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            for (int length = bytes.Length - 1; length >= 0; length--)
            {
                RandomAccess.SetLength(handle, length);
                cut(length);
            }
        }

        File.WriteAllBytes(path, bytes);
    }

    /// <summary>Verifies with a file of other content in place, and puts the file back.</summary>
    public List<Finding> VerifyWith(string name, byte[] content)
    {
        byte[] bytes = File.ReadAllBytes(FileOf(name));
        Assert.False(bytes.AsSpan().SequenceEqual(content), "nothing was changed");
        File.WriteAllBytes(FileOf(name), content);
        try
        {
            return Verify();
        }
        finally
        {
            File.WriteAllBytes(FileOf(name), bytes);
        }
    }

    public void Dispose() => scratch.Dispose();
}
