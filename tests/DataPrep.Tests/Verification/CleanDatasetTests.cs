using System.Diagnostics;
using DataPrep.Packing;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Datasets of several pieces, as packed, in which nothing may be found.</summary>
public sealed class CleanDatasetTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private static readonly Dictionary<string, UnixFsProfile> Profiles = new()
    {
        ["2025"] = UnixFsProfile.V1Of2025,
        ["2015"] = UnixFsProfile.V0Of2015,
        ["2025, mode and mtime"] = UnixFsProfile.V1Of2025 with { PreserveMode = true, PreserveMtime = true },
        ["2015, mode"] = UnixFsProfile.V0Of2015 with { PreserveMode = true },
        ["2025, leaves with envelope"] = UnixFsProfile.V1Of2025 with { RawLeaves = false },
        ["2015, raw leaves"] = UnixFsProfile.V0Of2015 with { RawLeaves = true },
        ["2025, mtime, leaves with envelope"] = UnixFsProfile.V1Of2025 with { RawLeaves = false, PreserveMtime = true },
    };

    public static TheoryData<string, bool, bool> Cases()
    {
        var cases = new TheoryData<string, bool, bool>();
        foreach (string profile in Profiles.Keys)
            cases.Add(profile, false, false);
        foreach (string profile in (string[])["2025", "2015, mode"])
        {
            cases.Add(profile, true, false);
            cases.Add(profile, false, true);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OneOfEverything(string profile, bool balance, bool wholeFiles)
    {
        _ = scratch.Noise("src/a/cut", 5000, 1);
        _ = scratch.File("src/a/zeros", new byte[3000]);
        _ = scratch.Noise("src/b/whole", 500, 2);
        _ = scratch.Noise("src/b/exact", 256, 3);
        _ = scratch.File("src/b/empty", "");
        _ = scratch.Folder("src/b/void/deep");
        _ = scratch.Folder("src/z-void");
        _ = scratch.File("src/.hidden", "x");
        _ = File.CreateSymbolicLink(scratch.At("src/a/link"), "../b/whole");
        _ = File.CreateSymbolicLink(scratch.At("src/nowhere"), new string('n', 200));
        for (int i = 0; i < 60; i++)
            _ = scratch.Noise($"src/wide/entry {i}", i * 7, i);
        Process.Start("/bin/bash", ["-c", $"printf x > '{scratch.At("src")}/'$'a\\xff'"]).WaitForExit();
        var options = Options(profile, 2000) with { Balance = balance, KeepFilesWhole = wholeFiles };
        var result = Pack(options);
        Assert.InRange(result.Pieces.Count(piece => piece.Kind == "data"), 6, 200);
        Assert.NotEmpty(result.Dataset.DagPieces);
        Assert.Empty(SmallDataset.VerifyCars([.. result.Pieces.Select(piece => Path.Join(options.Output, piece.CarFile))]));
    }

    [Theory]
    [InlineData("2025")]
    [InlineData("2015, mode")]
    public void OneFileThatIsCut(string profile)
    {
        string file = scratch.Noise("file", 20_000);
        var result = Pack(Options(profile, 3000) with { Sources = [file] });
        Assert.True(result.Pieces.Count > 5);
        Assert.Equal((1, 0), (result.Dataset.Files, result.Dataset.Directories));
        Assert.True(Pack(Options(profile, 3000) with { Sources = [file], Scan = new(Wrap: true), Output = scratch.At("wrapped") }).Pieces.Count > 5);
    }

    [Fact]
    public void FoldersAndSymlinksAlone()
    {
        for (int i = 0; i < 50; i++)
        {
            _ = scratch.Folder($"src/{i % 7}/empty {i}");
            _ = File.CreateSymbolicLink(scratch.At($"src/{i % 5}/link {i}"), new string('x', i + 1));
        }

        var result = Pack(Options("2025", 1500));
        Assert.True(result.Pieces.Count > 3);
        Assert.Equal((0, 50), (result.Dataset.Files, result.Dataset.Links));
    }

    [Fact]
    public void ZerosBehindTheCar()
    {
        _ = scratch.Noise("src/a", 3000);
        _ = scratch.Noise("src/b", 3000, 2);
        var options = Options("2025", 2500) with { LeastPieceSize = 1 << 20 };
        var result = Pack(options);
        Assert.All(result.Pieces, piece => Assert.Equal(1 << 20, piece.PieceSize));
        string car = Path.Join(options.Output, result.Pieces[0].CarFile), record = Path.Join(options.Output, "pieces.jsonl");
        Assert.Empty(SmallDataset.VerifyCars(car));
        File.Copy(car, scratch.At("other.car"));
        Assert.Equal("framing", Assert.Single(SmallDataset.VerifyCars(scratch.At("other.car"))).Code);

        // Zeros that the record does not tell of.
        string text = File.ReadAllText(record);
        File.WriteAllText(record, text.Replace($"\"payloadSize\":{result.Pieces[0].PayloadSize}", $"\"payloadSize\":{result.Pieces[0].CarSize}", StringComparison.Ordinal));
        Assert.Contains(SmallDataset.Verify(options.Output), f => f.IsError && f.Code == "framing" && f.Path == car && f.Offset == result.Pieces[0].PayloadSize);
        File.WriteAllText(record, text);
        using (var file = File.OpenHandle(car, FileMode.Open, FileAccess.Write))
            RandomAccess.Write(file, [1], result.Pieces[0].CarSize - 1);
        Assert.Contains(SmallDataset.Verify(options.Output), f => f.IsError && f.Code == "framing" && f.Path == car);
    }

    [Fact]
    public void PiecesInSeveralFolders()
    {
        _ = scratch.Noise("src/a", 9000);
        var result = Pack(Options("2025", 1500) with { MoreOutputs = [scratch.At("more"), scratch.At("and more")] });
        Assert.True(Directory.GetFiles(scratch.At("more"), "*.car").Length > 1);
        Assert.Empty(SmallDataset.VerifyCars([.. result.Pieces.Select(piece => Path.Join(scratch.At("out"), piece.CarFile))]));
    }

    private PackOptions Options(string profile, long capacity) => new()
    {
        Sources = [scratch.At("src")],
        Output = scratch.At("out"),
        Profile = Profiles[profile] with { ChunkSize = 256, MaxLinks = 3, HamtThreshold = 500, HamtFanout = 8 },
        LargestCarSize = capacity,
        Threads = 2,
    };

    private static PackResult Pack(PackOptions options)
    {
        var result = new DatasetPacker(options, new PackCounters(), default).Run();
        foreach (int threads in (int[])[1, 2, 5])
            Assert.Empty(SmallDataset.Verify(options.Output, threads));
        return result;
    }
}
