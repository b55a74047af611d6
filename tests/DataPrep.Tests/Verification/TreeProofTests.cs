using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Proofs and verification by what is public alone.</summary>
public sealed class TreeProofTests : IDisposable
{
    private readonly ScratchFolder scratch = new();
    private readonly string car;
    private readonly string tree;
    private readonly Cid v1;
    private readonly Cid v2;

    public TreeProofTests()
    {
        scratch.Noise("data", 5_300_000);
        var result = new Packer(new PackOptions { Sources = [scratch.At("data")], Output = scratch.At("out"), PieceSize = 8 << 20 }).Pack(cancellationToken: Cancel);
        var piece = result.Pieces[0];
        (v1, v2) = (Cid.Parse(piece.PieceCid), Cid.Parse(piece.PieceCidV2));
        car = scratch.At($"out/{piece.CarFile}");
        tree = Path.ChangeExtension(car, ".tree");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void RandomRangesAreProvedWithThePieceAndWithTheSidecarAlone()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        byte[] bytes = File.ReadAllBytes(car);
        for (int i = 0; i < 60; i++)
        {
            // Zeros behind the payload are in the piece too.
            long offset = random.NextInt64(8_323_072), length = random.NextInt64(1, Math.Min(8_323_072 - offset, 1L << random.Next(1, 23)) + 1);
            using var piece = File.OpenRead(car);
            using var sidecar = File.OpenRead(tree);
            var proof = i % 2 == 0 ? TreeProof.Create(piece, sidecar, offset, length) : TreeProof.Create(sidecar, offset, length);
            proof = TreeProof.Parse(proof.ToString());
            Assert.Equal((offset, length), (proof.Offset, proof.Length));
            Assert.True(proof.DataOffset <= offset && v1 == proof.PieceCid);
            byte[] data = bytes.AsSpan((int)Math.Min(bytes.Length, proof.DataOffset)).ToArray()[..(int)proof.DataLength];
            Assert.True(proof.Verify(data, v2));
            Assert.True(proof.Verify(new MemoryStream(data), v1, 8 << 20));
            Assert.False(proof.Verify(data, v1, 16 << 20));
            Assert.False(proof.Verify([.. data, 0], v2));
            if (data.Length == 0)
                continue;
            Assert.False(proof.Verify(data.AsSpan()[..^1], v2));
            data[random.Next(data.Length)] ^= (byte)(1 << random.Next(8));
            Assert.False(proof.Verify(data, v2));
        }
    }

    [Fact]
    public void ProofOfAnotherPieceIsNone()
    {
        using var sidecar = File.OpenRead(tree);
        var proof = TreeProof.Create(sidecar, 0, 10);
        using var piece = File.OpenRead(car);
        byte[] data = new byte[proof.DataLength];
        piece.ReadExactly(data);
        var other = DataPrep.Piece.CommPHasher.HashData(data);
        Assert.False(proof.Verify(data, other.CidV2));
        Assert.Throws<ArgumentException>(() => proof.Verify(data, v1));
        Assert.Throws<ArgumentException>(() => proof.Verify(data, v2, 1 << 20));
        Assert.Throws<MalformedDataException>(() => proof.Verify(data, Cid.V0(new byte[32])));
        Assert.Throws<MalformedDataException>(() => TreeProof.Parse("{}"));
        Assert.Throws<MalformedDataException>(() => TreeProof.Parse("null"));
        Assert.Throws<MalformedDataException>(() => TreeProof.Parse(proof.ToString().Replace("\"level\":15", "\"level\":14", StringComparison.Ordinal)));
        sidecar.Position = 0;
        Assert.Throws<ArgumentOutOfRangeException>(() => TreeProof.Create(sidecar, 8_323_072, 1));
    }

    [Fact]
    public void CarIsVerifiedAgainstItsPieceCid()
    {
        var verifier = new PieceVerifier { Threads = 2 };
        Assert.True(verifier.VerifyCar(car, v1, Cancel).IsSound);
        var found = verifier.VerifyCar(car, v2, Cancel);
        Assert.Equal(v2, found.Commitment!.CidV2);
        string other = scratch.At("other.car");
        byte[] bytes = File.ReadAllBytes(car);
        bytes[3_000_000] ^= 1;
        File.WriteAllBytes(other, bytes);
        var damaged = verifier.VerifyCar(other, v1, Cancel);
        Assert.False(damaged.IsSound);
        Assert.Contains(damaged.Findings, finding => finding.Code == "piece-cid");
        Assert.Contains(damaged.Findings, finding => finding.Offset > 0);
        Assert.False(verifier.VerifyCar(scratch.File("text", "no CAR"), cancellationToken: Cancel).IsSound);
        Assert.ThrowsAny<IOException>(() => verifier.VerifyCar(scratch.At("nothing"), cancellationToken: Cancel));
        Assert.Throws<DirectoryNotFoundException>(() => verifier.VerifyDataset(scratch.At("nothing"), cancellationToken: Cancel));
    }
}
