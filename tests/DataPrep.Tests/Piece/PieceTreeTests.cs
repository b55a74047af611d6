using System.Text.Json;
using DataPrep.Piece;
using DataPrep.Tests.Hashing;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Piece;

public sealed class PieceTreeTests
{
    [Theory]
    [InlineData(0, "0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(1, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb0b")]
    [InlineData(2, "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333")]
    [InlineData(3, "642a607ef886b004bf2c1978463ae1d4693ac0f410eb2d1b7a47fe205e5e750f")]
    [InlineData(10, "2c1a964bb90b59ebfe0f6da29ad65ae3e417724a8f7c11745a40cac1e5e74011")]
    [InlineData(15, "d99887b973573a96e11393645236c17b1f4c7034d723c7a99f709bb4da61162b")]
    [InlineData(16, "d0b530dbb0b4f25c5d2f2a28dfee808b53412a02931f18c499f5a254086b1326")]
    [InlineData(25, "ccc3c012f5b05e811a2bbfdd0f6833b84275b47bf229c0052a82484f3c1a5b3d")]
    [InlineData(30, "077e5fde35c50a9303a55009e3498a4ebedff39c42b710b730d8ec7ac7afa63e")]
    [InlineData(31, "e64005a6bfe3777953b8ad6ef93f0fca1049b2041654f2a411f7702799cece02")]
    public void Known_roots_of_zeros(int height, string root) => Assert.Equal(root, Convert.ToHexStringLower(ZeroCommitment.At(height)));

    [Fact]
    public void All_roots_of_zeros_agree_with_the_published_table()
    {
        byte[] table = File.ReadAllBytes(SharedVectors.Require("vectors", "public", "commp", "zerocomm.bin"));
        Assert.Equal(64 * 32, table.Length);
        for (int height = 0; height < 64; height++)
            Assert.Equal(table.AsSpan(32 * height, 32), ZeroCommitment.At(height));
        Assert.Throws<ArgumentOutOfRangeException>(() => ZeroCommitment.At(64).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => ZeroCommitment.At(-1).Length);
    }

    [Fact]
    public void Every_number_of_nodes_folds_as_if_zeros_followed()
    {
        const int NodeHeight = 3;
        for (int count = 0; count <= 33; count++)
        {
            byte[] nodes = KernelData.Random(count, 32 * count), kept = [.. nodes];
            int least = NodeHeight + (int)Math.Ceiling(Math.Log2(Math.Max(1, count)));
            for (int height = least; height < least + 3; height++)
            {
                List<byte[]> level = [.. nodes.Chunk(32)];
                while (level.Count < 1 << (height - NodeHeight))
                    level.Add(ZeroCommitment.At(NodeHeight).ToArray());
                byte[] root = new byte[32];
                PieceTree.Fold(nodes, NodeHeight, height, root);
                Assert.Equal(ReferenceCommP.Root(level), root);
            }

            Assert.Equal(kept, nodes);
        }
    }

    [Fact]
    public void Padding_up_is_a_fold_of_one_node_and_may_be_in_place()
    {
        byte[] root = KernelData.Random(9, 32), folded = new byte[32];
        PieceTree.Fold(root, 4, 30, folded);
        PieceTree.PadUp(root, 4, 30, root);
        Assert.Equal(folded, root);
        PieceTree.PadUp(root, 30, 30, root);
        Assert.Equal(folded, root);
    }

    [Fact]
    public void Refuses_trees_that_are_none()
    {
        byte[] root = new byte[32];
        Assert.Throws<ArgumentException>(() => PieceTree.Fold(new byte[33], 0, 5, root));
        Assert.Throws<ArgumentException>(() => PieceTree.Fold(new byte[96], 4, 5, root));
        Assert.Throws<ArgumentOutOfRangeException>(() => PieceTree.Fold(root, 5, 4, root));
        Assert.Throws<ArgumentOutOfRangeException>(() => PieceTree.Fold(root, 5, 64, root));
        Assert.Throws<ArgumentOutOfRangeException>(() => PieceTree.PadUp(root, 5, 4, root));
    }

    [Fact]
    public void Growing_a_piece_agrees_with_published_cases()
    {
        using JsonDocument cases = JsonDocument.Parse(
            File.ReadAllBytes(SharedVectors.Require("vectors", "public", "derived", "padcommp.json")));
        Assert.Equal(5, cases.RootElement.GetArrayLength());
        foreach (JsonElement row in cases.RootElement.EnumerateArray())
        {
            PieceCommitment natural = CommPHasher.HashData(PublishedPayloads.Lcg(row.GetProperty("payloadLcg").GetInt32()));
            Assert.Equal(row.GetProperty("natural").GetString(), natural.CidV1.ToString());
            Assert.Equal(row.GetProperty("naturalPadded").GetInt64(), natural.PieceSize);
            Assert.Equal(row.GetProperty("padded").GetString(), natural.PadTo(row.GetProperty("target").GetInt64()).CidV1.ToString());
        }
    }
}
