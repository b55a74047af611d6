using DataPrep.Ipld;
using DataPrep.Piece;
using Xunit;

namespace DataPrep.Tests.Piece;

public sealed class InclusionProofTests
{
    /// <summary>Every piece size up to 8 MiB, full, one byte over the half, and padded up; every aligned node at its edges and some between.</summary>
    [Theory]
    [InlineData(128)]
    [InlineData(256)]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65_536)]
    [InlineData(524_288)]
    [InlineData(1 << 20)]
    [InlineData(2 << 20)]
    [InlineData(8 << 20)]
    public void Every_level_agrees_with_the_slow_tree(long pieceSize)
    {
        long capacity = PieceSize.Unpadded(pieceSize);
        foreach (long payload in (long[])[1, (capacity / 2) + 1, capacity - 1, capacity])
        {
            var sample = new ProofSample((int)payload, pieceSize);
            int height = sample.Tree.Commitment.Height;
            for (int level = 2; level <= height; level++)
            {
                long bytes = InclusionProof.NodeBytes(level), nodes = 1L << (height - level);
                foreach (long index in new[] { 0, 1, nodes / 3, nodes / 2, nodes - 2, nodes - 1 }.Where(index => index >= 0 && index < nodes).Distinct())
                {
                    var proof = sample.Check(index * bytes, bytes);
                    Assert.Equal((level, index, 1), (proof.Level, proof.Index, proof.Count));
                    if (index + 1 < nodes)
                        Assert.Equal(2, sample.Check((index * bytes) + 1, bytes).Count);
                }
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 126)]
    [InlineData(3, 128)]
    [InlineData(4, 5000)]
    [InlineData(5, 1_040_384)]
    [InlineData(6, 1_040_385)]
    [InlineData(7, 3_500_000)]
    [InlineData(8, 6_000_001)]
    public void Random_ranges_agree_with_the_slow_tree(int seed, int payload)
    {
        var sample = new ProofSample(payload);
        var random = new Random(seed);
        for (int i = 0; i < 60; i++)
        {
            long length = Math.Max(1, (long)Math.Pow(sample.Capacity, random.NextDouble()));
            sample.Check(random.NextInt64(sample.Capacity - length + 1), length);
        }

        sample.Check(0, sample.Capacity);
        sample.Check(sample.Capacity - 1, 1);
    }

    [Fact]
    public void Every_flipped_bit_of_a_proof_and_of_its_bytes_is_refused()
    {
        var sample = new ProofSample(2_500_000);
        byte[] root = sample.Tree.Commitment.Root.ToArray();
        foreach (var (offset, length) in ((long, long)[])[(126, 2), (1_040_300, 200), (2_499_990, 10), (0, 127), (1_040_384, 1_040_384)])
        {
            var proof = sample.Check(offset, length);
            byte[] nodes = proof.Nodes.ToArray(), path = proof.Path.ToArray(), data = sample.Data(proof.Offset, proof.Length).ToArray();
            foreach (byte[] part in (byte[][])[nodes, path, root])
            {
                for (int bit = 0; bit < 8 * part.Length; bit++)
                {
                    part[bit / 8] ^= (byte)(1 << (bit % 8));
                    Assert.False(new InclusionProof(proof.Height, proof.Level, proof.Index, nodes, path).FoldsTo(root), $"bit {bit}");
                    part[bit / 8] ^= (byte)(1 << (bit % 8));
                }
            }

            for (int bit = 0; bit < 8 * data.Length; bit += data.Length > 1000 ? 100_003 : 1)
            {
                data[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(proof.IsOf(new MemoryStream(data)), $"bit {bit} of the data");
                data[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            Assert.False(proof.IsOf(new MemoryStream(data, 0, data.Length - 1)));
        }
    }

    /// <summary>But for heights that are all moved by the same: a root says nothing of its height, so that has to come from the piece CID v2 or the deal.</summary>
    [Fact]
    public void Another_place_is_refused()
    {
        var sample = new ProofSample(5000);
        var proof = sample.Check(1000, 300);
        byte[] root = sample.Tree.Commitment.Root.ToArray(), nodes = proof.Nodes.ToArray(), path = proof.Path.ToArray();
        for (int height = -1; height < 40; height++)
        {
            for (int level = -1; level < 10; level++)
            {
                for (long index = -1; index < 64; index++)
                {
                    bool isMoved = level >= 2 && height < 36 && (height - level, index) == (proof.Height - proof.Level, proof.Index);
                    Assert.True(isMoved == Holds(height, level, index), $"{height} {level} {index}");
                }
            }
        }

        bool Holds(int height, int level, long index)
        {
            try
            {
                return new InclusionProof(height, level, index, nodes, path).FoldsTo(root);
            }
            catch (MalformedDataException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void A_damaged_piece_gives_no_proof()
    {
        var sample = new ProofSample(3_000_000);
        byte[] piece = [.. sample.Payload];
        piece[1_500_000] ^= 4;
        var prover = new InclusionProver(sample.Tree, new MemoryStream(piece), "x.car");
        foreach (var (offset, length) in ((long, long)[])[(1_040_384, 1), (1_500_000, 1), (2_080_767, 1), (2_080_767, 2), (0, 2_000_000)])
        {
            var fault = Assert.Throws<MalformedDataException>(() => prover.Prove(offset, length));
            Assert.Equal(("x.car", 1_040_384L), (fault.Path, fault.Offset));
        }

        Assert.True(prover.Prove(0, 1_040_384).FoldsTo(sample.Tree.Commitment.Root));
        Assert.True(prover.Prove(2_080_768, 4000).FoldsTo(sample.Tree.Commitment.Root));
        Assert.Throws<MalformedDataException>(() => new InclusionProver(sample.Tree, new MemoryStream(piece[..^1])).Prove(0, 1));
    }

    [Fact]
    public void Refuses_ranges_and_shapes_that_are_none()
    {
        var sample = new ProofSample(1000);
        foreach (var (offset, length) in ((long, long)[])[(-1, 1), (0, 0), (0, -5), (0, sample.Capacity + 1), (sample.Capacity, 1), (1, long.MaxValue), (long.MaxValue, 1)])
            Assert.Throws<ArgumentOutOfRangeException>(() => sample.Prove(offset, length));
        byte[] node = new byte[32];
        foreach (var (height, level, index, nodes, path) in ((int, int, long, int, int)[])[
            (2, 2, 0, 0, 0), (2, 2, 0, 2, 0), (2, 2, 0, 1, 1), (2, 2, 1, 1, 0), (3, 2, 1, 2, 0), (3, 2, 0, 3, 0), (5, 1, 0, 1, 4), (36, 2, 0, 1, 34),
            (35, 2, long.MaxValue, 1, 33), (35, 2, 1L << 33, 1, 33), (35, 2, (1L << 33) - 1, 1, 32), (int.MaxValue, 2, 0, 1, 0), (3, 4, 0, 1, 0)])
            Assert.Throws<MalformedDataException>(() => new InclusionProof(height, level, index, new byte[32 * nodes], new byte[32 * path]));
        Assert.Throws<MalformedDataException>(() => new InclusionProof(2, 2, 0, node.AsSpan(1), []));
    }
}
