using DataPrep.Aggregation;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Aggregation;

/// <summary>Aggregates against the slow twin: root, proofs, payload, and what a reader finds in the payload.</summary>
public sealed class AggregateTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void RandomAggregatesAreThoseOfTheSlowTwin(int seed)
    {
        var random = new Random(seed);
        // At most four pieces, so that also the smallest deals have room in their indexes; of 127 bytes to 32 KiB.
        int[] lengths = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(1, 127 << random.Next(0, 9)))];
        using var sample = new AggregateSample(lengths);
        var pieces = sample.Pieces();
        var given = new Aggregate(pieces);
        var sorted = new Aggregate([.. pieces.OrderByDescending(piece => piece.Commitment.PieceSize)]);
        Assert.True(sorted.DealSize <= given.DealSize);
        Check(sample, given);
        Check(sample, new Aggregate(pieces, given.DealSize * 2));
    }

    [Fact]
    public void AnAggregateOfSeveralMebibytesIsThatOfTheSlowTwin()
    {
        // Pieces below, at and above a segment of 1 MiB, and an odd number of them.
        using var sample = new AggregateSample(127 * 16384, 100, 1_040_384, 5_000, 127 * 8192);
        var aggregate = new Aggregate(sample.Pieces());
        Assert.Equal(8 << 20, aggregate.DealSize);
        Check(sample, aggregate);
    }

    [Fact]
    public void ChangedPiecesAreNamedAndNothingIsLeft()
    {
        using var sample = new AggregateSample(127 * 16384, 100, 5_000);
        var aggregate = new Aggregate(sample.Pieces());
        foreach (string path in sample.Paths)
        {
            byte[] content = File.ReadAllBytes(path);
            foreach (byte[] other in (byte[][])[[.. content[..^1], (byte)(content[^1] ^ 1)], content[..^1]])
            {
                File.WriteAllBytes(path, other);
                Assert.Contains(path, Assert.ThrowsAny<IOException>(() => sample.Write(aggregate)).Message, StringComparison.Ordinal);
                Assert.DoesNotContain(Directory.EnumerateFiles(sample.Out, "*", SearchOption.AllDirectories), file => Path.GetFileName(file).Contains(".data", StringComparison.Ordinal));
            }

            File.WriteAllBytes(path, content);
        }

        _ = sample.Write(aggregate);
    }

    [Fact]
    public void PlacementIsAtMultiplesOfSizesAndSaysWhatIsLacking()
    {
        Assert.Equal([0, 512, 1024, 1152, 1536, 2048], Place(128, 512, 128, 128, 512));
        Assert.Equal([0, 128, 256, 512], Place(128, 128, 256));
        Assert.Null(DealPlacement.SmallestFor(1, PieceSize.Max));
        Assert.Equal(128 << 10, DealPlacement.SmallestFor(5, 1024) / 8);
        Assert.Equal(512, DealPlacement.SmallestFor(1, 256));
        Assert.Equal(1024, DealPlacement.SmallestFor(1, 512));
        foreach (var (deal, entries) in (ReadOnlySpan<(long, long)>)[(512, 4), (512 << 10, 4), (1 << 20, 8), (1 << 30, 8192), (32L << 30, 262_144), (64L << 30, 524_288)])
        {
            Assert.Equal(entries, DealPlacement.EntryCount(deal));
            Assert.Equal(deal - (64 * entries), DealPlacement.IndexStart(deal));
        }

        Assert.Equal(34_342_961_152, DealPlacement.IndexStart(32L << 30));
        Assert.Contains("256 beyond", DealPlacement.Lack(1, 512, 512), StringComparison.Ordinal);
        Assert.Contains("1 fewer", DealPlacement.Lack(5, 128, 512), StringComparison.Ordinal);
        Assert.Null(DealPlacement.Lack(4, 256, 512));
        Assert.Throws<UsageException>(() => Place(PieceSize.Max, 128));
        using var sample = new AggregateSample(127 * 4, 127 * 4);
        Assert.Contains("256 beyond", Assert.Throws<UsageException>(() => new Aggregate(sample.Pieces(), 1024)).Message, StringComparison.Ordinal);

        static long[] Place(params long[] sizes) => DealPlacement.Place(sizes) is var (offsets, end) ? [.. offsets, end] : [];
    }

    [Fact]
    public void AHundredThousandPiecesTakeNoDataAndLittleTime()
    {
        var one = new AggregatePiece("x", CommPHasher.HashData(new byte[127]));
        var aggregate = new Aggregate([.. Enumerable.Repeat(one, 100_000)]);
        Assert.Equal(16L << 30, aggregate.DealSize);
        foreach (int piece in (int[])[0, 1, 65_535, 99_999])
            Assert.Null(aggregate.Inclusion(piece).Problem());
    }

    [Fact]
    public void SparseTreesRefuseOverlaps()
    {
        byte[] node = new byte[32];
        Assert.Throws<ArgumentException>(() => new SparseTree(4, [new(1, 0, node), new(0, 1, node)]));
        Assert.Throws<ArgumentException>(() => new SparseTree(4, [new(2, 1, node), new(2, 1, node)]));
        Assert.Throws<ArgumentException>(() => new SparseTree(4, [new(2, 4, node)]));
        Assert.Equal(ZeroCommitment.At(4), new SparseTree(4, []).Root);
    }

    private static void Check(AggregateSample sample, Aggregate aggregate)
    {
        var leaves = sample.SlowLeaves(aggregate);
        byte[] root = ReferenceCommP.Root(leaves);
        Assert.Equal(root, aggregate.Commitment.Root);
        for (int i = 0; i < aggregate.Pieces.Count; i++)
        {
            var proof = aggregate.Inclusion(i);
            Assert.Null(proof.Problem());
            Assert.Equal(SlowPath(leaves, PieceSize.Height(proof.PieceSize), proof.Subtree.Index), proof.Subtree.Siblings.ToArray());
            Assert.Equal(SlowPath(leaves, 1, proof.Index.Index), proof.Index.Siblings.ToArray());
        }

        byte[] payload = sample.Write(aggregate);
        Directory.Delete(sample.Out, recursive: true);
        Assert.Equal(PieceSize.Unpadded(aggregate.DealSize), payload.Length);
        Assert.True(ReferenceCommP.Leaves(payload, aggregate.DealSize).Zip(leaves).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)));

        var found = SegmentIndex.Read((offset, bytes) => Copy(payload, offset, bytes), payload.Length);
        Assert.Equal((aggregate.DealSize, 0), (found.DealSize, found.Invalid));
        Assert.Equal(aggregate.Pieces.Count, found.Entries.Count);
        for (int i = 0; i < aggregate.Pieces.Count; i++)
        {
            var (number, entry) = found.Entries[i];
            Assert.Equal((i, aggregate.OffsetOf(i), aggregate.Pieces[i].Commitment.PieceSize), (number, entry.Offset, entry.Size));
            Assert.Equal(aggregate.Pieces[i].Commitment.Root, entry.Root.Span);
            int start = (int)(entry.Offset / 128 * 127), length = (int)(entry.Size / 128 * 127);
            Assert.Equal(entry.Root.Span, ReferenceCommP.Root(payload.AsSpan(start, length), entry.Size));
        }
    }

    public static int Copy(byte[] from, long offset, Span<byte> to)
    {
        int length = Math.Min(to.Length, from.Length - (int)offset);
        from.AsSpan((int)offset, length).CopyTo(to);
        return length;
    }

    private static byte[] SlowPath(List<byte[]> leaves, int level, long index)
    {
        var nodes = leaves;
        for (int at = 0; at < level; at++)
            nodes = Up(nodes);
        var path = new List<byte>();
        for (; nodes.Count > 1; nodes = Up(nodes), index /= 2)
            path.AddRange(nodes[(int)(index ^ 1)]);
        return [.. path];

        static List<byte[]> Up(List<byte[]> nodes) => [.. nodes.Chunk(2).Select(pair => ReferenceCommP.Node(pair[0], pair[1]))];
    }
}
