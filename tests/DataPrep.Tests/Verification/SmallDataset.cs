using DataPrep.Car;
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

    /// <param name="capacity">Most bytes of a CAR; null for one piece.</param>
    public SmallDataset(long? capacity = null)
    {
        _ = scratch.Noise("src/long", 150);
        _ = scratch.File("src/sub/short", "short");
        _ = scratch.File("src/empty", "");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub/short");
        var profile = UnixFsProfile.V1Of2025 with { ChunkSize = 64, MaxLinks = 2 };
        if (capacity is not null)
        {
            _ = scratch.Noise("src/sub/cut", 1000, 2);
            _ = scratch.Folder("src/sub/void");
            for (int i = 0; i < 8; i++)
                _ = scratch.File($"src/wide/{i}", $"{i}");
            profile = profile with { HamtThreshold = 200, HamtFanout = 8 };
        }

        Out = scratch.At("out");
        var options = new PackOptions { Sources = [scratch.At("src")], Output = Out, Profile = profile, LargestCarSize = capacity, Threads = 2 };
        Pieces = new DatasetPacker(options, new PackCounters(), default).Run().Pieces;
        Assert.Empty(Verify());
    }

    /// <summary>Of many data pieces and more than one dag piece, with two files that are cut and a sharded folder.</summary>
    public static SmallDataset OfSeveralPieces()
    {
        var dataset = new SmallDataset(900);
        Assert.InRange(dataset.Pieces.Count(piece => piece.Kind == "data"), 4, 12);
        Assert.InRange(dataset.Pieces.Count(piece => piece.Kind == "dag"), 2, 6);
        return dataset;
    }

    public string Source => scratch.At("src");

    public string Out { get; }

    public string Car => CarOf(Piece);

    public PieceRecord Piece => Assert.Single(Pieces);

    public IReadOnlyList<PieceRecord> Pieces { get; }

    public string CarOf(PieceRecord piece) => FileOf(piece.CarFile);

    public string FileOf(string name) => Path.Join(Out, name);

    public List<Finding> Verify(int threads = 1) => Verify(Out, threads);

    public static List<Finding> Verify(string folder, int threads = 1)
    {
        var findings = new List<Finding>();
        _ = new DatasetVerifier(folder, [], new FindingLog(findings.Add), threads, new PackCounters(), default).Verify();
        return findings;
    }

    public static (List<Finding> Findings, PieceCommitment Commitment) VerifyCar(string path, bool allowPadding = false)
    {
        var findings = new List<Finding>();
        var log = new FindingLog(findings.Add);
        using var files = new FileHandles(1);
        var car = new CarVerifier(log, 1, new PackCounters(), files, default).Verify(path, _ => allowPadding);
        car.Dag.CheckComplete(log, _ => false);
        return (findings, car.Tree.Commitment);
    }

    public static List<Finding> VerifyCars(params string[] paths)
    {
        var findings = new List<Finding>();
        new CarSetVerifier(new FindingLog(findings.Add), 2, new PackCounters(), default).Verify(paths, _ => { });
        return findings;
    }

    /// <summary>Calls for every copy of a file that differs in one bit, and puts the file back.</summary>
    /// <param name="step">Of so many bits one is flipped.</param>
    public static void FlipEachBit(string path, Action<int> flipped, int step = 1)
    {
        byte[] bytes = File.ReadAllBytes(path);
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            for (int bit = 0; bit < bytes.Length * 8; bit += step)
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
