using System.Security.Cryptography;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Tests.Verification;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Sums of CARs that are recorded with <c>--sha256</c>.</summary>
public sealed class PieceSumTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public PieceSumTests()
    {
        for (int i = 0; i < 5; i++)
            _ = scratch.Noise($"src/{i}", 900_000, i);
    }

    public void Dispose() => scratch.Dispose();

    private PackOptions Options => new()
    {
        Sources = [scratch.At("src")],
        Output = scratch.At("out"),
        Profile = UnixFsProfile.V1Of2025 with { ChunkSize = 1 << 16 },
        LargestCarSize = 1_500_000,
        Threads = 2,
        Sha256 = true,
    };

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 2 << 20)]
    public void EachPieceHasTheSumOfItsFile(bool isDirect, long leastPiece)
    {
        var io = isDirect ? OutputIo.Direct : OutputIo.Cached;
        var pieces = Pack(Options with { OutputIo = io, LeastPieceSize = leastPiece, PieceSize = 2 << 20 });
        Check(pieces);
        Assert.Contains(pieces, piece => piece.Kind == "dag");
        // Nothing stays behind, and the finished dataset is recognised.
        Assert.Empty(Directory.GetFiles(Path.Join(scratch.At("out"), OutputFolder.WorkFolder), "*.sha256"));
        Check(Pack(Options with { OutputIo = io, LeastPieceSize = leastPiece, PieceSize = 2 << 20 }));
        _ = Assert.Throws<IOException>(() => Pack(Options with { OutputIo = io, LeastPieceSize = leastPiece, PieceSize = 2 << 20, Sha256 = false }));
    }

    [Fact]
    public void WithoutItNothingElseIsAnother()
    {
        var with = Pack(Options);
        var without = Pack(Options with { Sha256 = false, Output = scratch.At("plain") });
        Assert.Equal(without, with.Select(piece => piece with { Sha256 = null }));
        Assert.Equal(File.ReadAllBytes(scratch.At("out/files.jsonl")), File.ReadAllBytes(scratch.At("plain/files.jsonl")));
        Assert.DoesNotContain("sha256", File.ReadAllText(scratch.At("plain/pieces.jsonl")) + File.ReadAllText(scratch.At("plain/dataset.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PiecesOfARunThatWasBrokenOffKeepTheirSums(bool isLost)
    {
        // Ends the run as soon as the first sum is noted. Where all was done by then, there is nothing to go on with, and that holds too.
        var options = Options with { OnChange = OnChange.Fail, Checkpoint = TimeSpan.Zero };
        using var stop = new CancellationTokenSource();
        string work = Path.Join(scratch.At("out"), OutputFolder.WorkFolder);
        using (var watch = new Timer(_ => { if (Directory.Exists(work) && Directory.EnumerateFiles(work, "*.sha256").Any()) stop.Cancel(); }, null, 0, 1))
        {
            try
            {
                _ = new DatasetPacker(options with { Threads = 1 }, new PackCounters(), stop.Token).Run();
            }
            catch (OperationCanceledException)
            {
                if (isLost)
                {
                    foreach (string note in Directory.GetFiles(work, "*.sha256"))
                        File.Delete(note);
                }
            }
        }

        Check(Pack(options));
    }

    [Fact]
    public void VerifyHoldsTheSumsAgainstTheFiles()
    {
        string sum = Pack(Options)[1].Sha256!, list = scratch.At("out/pieces.jsonl");
        Assert.Empty(SmallDataset.Verify(scratch.At("out")));
        File.WriteAllText(list, File.ReadAllText(list).Replace(sum, new string('0', 64), StringComparison.Ordinal));
        Assert.Equal("sha256", Assert.Single(SmallDataset.Verify(scratch.At("out"))).Code);
    }

    [Fact]
    public void AStreamHasSumsToo()
    {
        byte[] bytes = ScratchFolder.Bytes(3_000_000, 7);
        DataPrepProcess.RunWithInput(bytes, "pack", "-", "-o", scratch.At("out"), "--sha256", "--max-car-size", "1200000", "--chunk-size", "64KiB", "-q").Expect(0);
        Check(RecordFile.ReadPieces(scratch.At("out")));
        var input = DataPrepProcess.Run("export", scratch.At("out"), "--format", "aria2", "--url", "http://localhost/{carFile}").Expect(0);
        Assert.Empty(input.Error);
        Assert.All(RecordFile.ReadPieces(scratch.At("out")), piece => Assert.Contains($"\n  checksum=sha-256={piece.Sha256}\n  out={piece.CarFile}\n", input.Output, StringComparison.Ordinal));
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("inline"), "--sha256", "--inline").Expect(2, "--sha256", "--inline");
    }

    private IReadOnlyList<PieceRecord> Pack(PackOptions options) => new DatasetPacker(options, new PackCounters(), TestContext.Current.CancellationToken).Run().Pieces;

    private void Check(IReadOnlyList<PieceRecord> pieces)
    {
        Assert.True(pieces.Count > 1);
        Assert.Equal(pieces, RecordFile.ReadPieces(scratch.At("out")));
        Assert.All(pieces, piece => Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Join(scratch.At("out"), piece.CarFile)))), piece.Sha256));
    }
}
