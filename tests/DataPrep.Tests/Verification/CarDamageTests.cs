using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Every bit and every length of a small CAR and its sidecar.</summary>
public sealed class CarDamageTests : IDisposable
{
    private readonly SmallDataset dataset = new();
    private readonly ScratchFolder scratch = new();

    public void Dispose()
    {
        dataset.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void EveryFlippedBitOfACarIsFound()
    {
        Assert.InRange(new FileInfo(dataset.Car).Length, 500, 5000);
        SmallDataset.FlipEachBit(dataset.Car, bit =>
        {
            var findings = dataset.Verify();
            Assert.True(findings.Any(f => f.IsError && f.Code == "piece-cid"), $"bit {bit}: piece CID");
            Assert.True(findings.Any(f => f.IsError && f.Code is not ("piece-cid" or "piece-cid-v2" or "sidecar")), $"bit {bit}: what is wrong inside");
        });
    }

    /// <summary>A CAR without records: there too no bit goes unnoticed, since every block is linked to by one CID only.</summary>
    [Fact]
    public void EveryFlippedBitOfALoneCarIsFound()
    {
        var whole = SmallDataset.VerifyCar(dataset.Car);
        Assert.Empty(whole.Findings);
        long header;
        using (var reader = CarReader.Open(dataset.Car))
            header = reader.FirstSectionOffset;
        SmallDataset.FlipEachBit(dataset.Car, bit =>
        {
            var (findings, commitment) = SmallDataset.VerifyCar(dataset.Car);
            Assert.NotEqual(whole.Commitment.CidV1, commitment.CidV1);
            Assert.True(findings.Any(f => f.IsError), $"bit {bit}");
            if (bit / 8 < header)
                Assert.True(findings.Any(f => f.Code is "missing-root" or "framing"), $"bit {bit} of the header");
            Assert.All(findings, f => Assert.Equal(dataset.Car, f.Path));
        });
    }

    [Fact]
    public void EveryTruncationIsFound()
    {
        SmallDataset.CutAtEachByte(dataset.Car, length =>
        {
            var findings = dataset.Verify();
            Assert.True(findings.Any(f => f.Code == "car-size" && f.IsError), $"length {length}: size");
            Assert.True(SmallDataset.VerifyCar(dataset.Car).Findings.Any(f => f.IsError && f.Code is "framing" or "missing-root"), $"length {length}");
        });
        Assert.Empty(dataset.Verify());
    }

    [Fact]
    public void EveryFlippedBitAndTruncationOfTheSidecarIsFound()
    {
        string tree = dataset.FileOf(dataset.Piece.PieceCid + ".tree");
        SmallDataset.FlipEachBit(tree, bit => Assert.True(dataset.Verify().Any(f => f.IsError), $"bit {bit}"));
        SmallDataset.CutAtEachByte(tree, length => Assert.True(dataset.Verify().Any(f => f.IsError), $"length {length}"));
        File.AppendAllText(tree, "x");
        Assert.Contains(dataset.Verify(), f => f.IsError);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(4096)]
    public void ZerosAfterTheEndAreFound(int count)
    {
        byte[] car = [.. File.ReadAllBytes(dataset.Car), .. new byte[count]];
        Assert.Contains(dataset.VerifyWith(dataset.Piece.CarFile, car), f => f.IsError && f.Code == "car-size");
        string padded = scratch.File("padded.car", car);
        Assert.Contains(SmallDataset.VerifyCar(padded).Findings, f => f.IsError && f.Code == "framing");
        Assert.Empty(SmallDataset.VerifyCar(padded, allowPadding: true).Findings);
        car[^1] = 1;
        Assert.Contains(SmallDataset.VerifyCar(scratch.File("padded.car", car), allowPadding: true).Findings, f => f.IsError && f.Code == "framing");
    }

    /// <summary>What a lone CAR cannot tell: a block that is there twice may lose one of its copies.</summary>
    [Fact]
    public void OneOfTwoCopiesMayChangeItsCodec()
    {
        byte[] car = [.. CarSamplesOf("one", "one")];
        string path = scratch.File("twice.car", car);
        var whole = SmallDataset.VerifyCar(path);
        Assert.Empty(whole.Findings);
        int codec = car.AsSpan().LastIndexOf((byte[])[1, 0x55, 0x12, 0x20]) + 1;
        car[codec] = 0x54;
        var (findings, commitment) = SmallDataset.VerifyCar(scratch.File("twice.car", car));
        Assert.Empty(findings);
        Assert.NotEqual(whole.Commitment.CidV1, commitment.CidV1);
    }

    [Fact]
    public void PublishedCarsGiveWhatTheyShould()
    {
        var missing = SmallDataset.VerifyCar(SharedVectors.Require("vectors", "public", "car", "simple-unixfs-missing-blocks.car")).Findings;
        Assert.NotEmpty(missing);
        Assert.All(missing, f => Assert.Equal("missing-block", f.Code));
        foreach (string name in (string[])["simple-unixfs.car", "sample-unixfs-v2.car", "sample-wrapped-v2.car", "sample-rw-bs-v2.car", "carv1-basic.car", "carv2-basic.car"])
        {
            var findings = SmallDataset.VerifyCar(SharedVectors.Require("vectors", "public", "car", name)).Findings;
            Assert.DoesNotContain(findings, f => f.Code is "block-hash" or "framing" or "malformed-node");
        }

        foreach (string folder in (string[])["car", "unixfs", "datasegment"])
        {
            foreach (string path in Directory.GetFiles(SharedVectors.Require("vectors", "public", folder), "*.car"))
                Assert.All(SmallDataset.VerifyCar(path).Findings.Where(f => f.Code == "unverifiable-hash"), f => Assert.False(f.IsError));
        }
    }

    /// <summary>The hash of the block is right: whoever made it lies.</summary>
    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(7UL)]
    public void AFileSizeThatCannotBeIsAFinding(ulong size)
    {
        byte[] data = [8, 2, 0x18, .. VarintOf(size)];
        byte[] node = [0x0A, (byte)data.Length, .. data];
        using var stream = new MemoryStream();
        var cid = Cid.Sha256(1, Multicodec.DagPb, System.Security.Cryptography.SHA256.HashData(node));
        using (var writer = new CarWriter(stream, [cid]))
            _ = writer.Write(cid, node);
        string path = scratch.File("liar.car", stream.ToArray());
        Assert.Contains(SmallDataset.VerifyCar(path).Findings, f => f.IsError && f.Code == "malformed-node");
        using var blocks = new CarBlocks(path);
        if (size > long.MaxValue)
            _ = Assert.Throws<MalformedDataException>(() => new DagReader(blocks).Walk(cid).ToList());
    }

    private static byte[] VarintOf(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static byte[] CarSamplesOf(params string[] blocks)
    {
        using var stream = new MemoryStream();
        using (var writer = new CarWriter(stream, [Tests.Car.CarSamples.RawCid(Encoding.UTF8.GetBytes(blocks[0]))]))
        {
            foreach (byte[] block in blocks.Select(Encoding.UTF8.GetBytes))
                _ = writer.Write(Tests.Car.CarSamples.RawCid(block), block);
        }

        return stream.ToArray();
    }
}
