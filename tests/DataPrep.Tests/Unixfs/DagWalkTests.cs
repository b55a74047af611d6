using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Tests.Extraction;
using DataPrep.Tests.Reference;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Unixfs;

public sealed class DagWalkTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void AnyPartOfAnyTreeIsThatOfTheSlowTwin(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 12; i++)
        {
            var options = new RefOptions(random.Next(1, 40), random.Next(2, 5), random.Next(2), random.Next(2) == 0, random.Next(3) == 0 ? 0 : random.Next(1, 400), 8 << random.Next(3)) { KeepLeafBytes = true };
            var dag = RefUnixfs.Build(Tree(random, 3, []), options);
            var (blocks, twin) = (new MemoryBlocks(), new RefWalk());
            blocks.Add(dag.Root);
            twin.Add(dag.Root);
            var paths = twin.Paths(dag.Cid.Text).ToList();
            for (int j = 0; j < 30; j++)
            {
                List<byte[]> path = [.. paths[random.Next(paths.Count)]];
                if (random.Next(15) == 0)
                    path.Add("not there"u8.ToArray());
                var scope = (DagScope)random.Next(3);
                EntityBytes? range = scope == DagScope.Entity && random.Next(4) > 0 ? new EntityBytes(Number(), random.Next(3) == 0 ? null : Number()) : null;
                var expected = twin.Blocks(dag.Cid.Text, path, scope.ToString().ToLowerInvariant(), range is { } bytes ? (bytes.From, bytes.To) : null);
                Assert.Equal(expected, Walk(blocks, dag, path, new DagRequest(scope, range, HasDuplicates: true), twin));
                Assert.Equal(expected?.Distinct(), Walk(blocks, dag, path, new DagRequest(scope, range), twin));
            }
        }

        long Number() => random.Next(12) switch { 0 => long.MinValue, 1 => long.MaxValue, 2 => 0, 3 => -1, _ => random.Next(-300, 300) };
    }

    /// <summary>Content in inner nodes, empty parts, and parts that their CIDs hold.</summary>
    [Fact]
    public void FilesOfOddLayoutsAreThoseOfTheSlowTwinToo()
    {
        var (blocks, twin) = (new MemoryBlocks(), new RefWalk());
        var empty = Raw("");
        var inner = File([.. "inner"u8], (Raw("a"), 1), (empty, 0), (Raw("bc"), 2));
        var root = File([.. "root"u8], (Raw("a"), 1), (inner, 8), (empty, 0), (inner, 8), (Raw("bc"), 2));
        for (long from = -26; from < 26; from++)
        {
            for (long to = -26; to < 26; to++)
            {
                var expected = twin.Blocks(root.ToString(), [], "entity", (from, to));
                Assert.Equal(expected, Cids(new DagWalk(blocks, new DagPath([], [root]), new DagRequest(DagScope.Entity, new EntityBytes(from, to), true))));
                Assert.Equal(expected!.Distinct(), Cids(new DagWalk(blocks, new DagPath([], [root]), new DagRequest(DagScope.Entity, new EntityBytes(from, to)))));
            }
        }

        Cid Raw(string content) => Add(Multicodec.Raw, Encoding.UTF8.GetBytes(content));

        Cid File(byte[] inline, params (Cid Cid, int Length)[] parts) => Add(Multicodec.DagPb, HandMade.Block(
            HandMade.FileData((ulong)(inline.Length + parts.Sum(part => part.Length)), [.. parts.Select(part => (ulong)part.Length)], Encoding.UTF8.GetString(inline)),
            [.. parts.Select(part => (Array.Empty<byte>(), part.Cid))]));

        Cid Add(ulong codec, byte[] block)
        {
            var cid = blocks.Add(codec, block);
            twin.Add(cid.ToString(), block);
            return cid;
        }
    }

    [Fact]
    public void BlocksThatTheirCidsHoldAreEnteredAndDoNotCome()
    {
        var blocks = new MemoryBlocks();
        var far = blocks.Add(Multicodec.Raw, "far"u8.ToArray());
        var file = HandMade.Identity(Multicodec.DagPb, HandMade.Block(HandMade.FileData(6, [3, 3]), ([], HandMade.Identity(Multicodec.Raw, "abc"u8.ToArray())), ([], far)));
        var folder = blocks.Add(Multicodec.DagPb, HandMade.Block(RefBytes.VarintField(1, 1), ("f"u8.ToArray(), file)));
        foreach (var request in (DagRequest[])[new(DagScope.All), new(DagScope.Entity), new(DagScope.Entity, new EntityBytes(3, 3)), new(DagScope.All, HasDuplicates: true)])
            Assert.Equal([folder.ToString(), far.ToString()], Cids(new DagWalk(blocks, Resolve(blocks, folder, ["f"u8.ToArray()])!, request)));
        Assert.Equal([folder.ToString()], Cids(new DagWalk(blocks, Resolve(blocks, folder, ["f"u8.ToArray()])!, new DagRequest(DagScope.Entity, new EntityBytes(0, 2)))));
    }

    /// <summary>Sixty levels of nodes that link twice to the one below.</summary>
    [Fact]
    public void WhatRepeatsItselfEndsAtOnceWithoutDuplicates()
    {
        var blocks = new MemoryBlocks();
        var at = blocks.Add(Multicodec.Raw, [1]);
        for (int i = 0; i < 60; i++)
            at = blocks.Add(Multicodec.DagPb, HandMade.Block(HandMade.FileData(2UL << i, [1UL << i, 1UL << i]), ([], at), ([], at)));
        foreach (var request in (DagRequest[])[new(DagScope.All), new(DagScope.Entity), new(DagScope.Entity, new EntityBytes(5, (1L << 60) - 9)), new(DagScope.Entity, new EntityBytes(0, null))])
            Assert.Equal(61, Cids(new DagWalk(blocks, new DagPath([], [at]), request)).Count);
        Assert.InRange(blocks.Reads, 4 * 61, 2000);

        using var stopped = new CancellationTokenSource();
        using var walk = new DagWalk(blocks, new DagPath([], [at]), new DagRequest(DagScope.All, HasDuplicates: true), stopped.Token);
        for (int i = 0; i < 10_000; i++)
            Assert.True(walk.MoveNext());
        stopped.Cancel();
        _ = Assert.Throws<OperationCanceledException>(() => walk.MoveNext());
    }

    [Fact]
    public void WhatCannotBeSentIsRefused()
    {
        var blocks = new MemoryBlocks();
        var large = blocks.Add(Multicodec.Raw, new byte[DagWalk.LongestBlock + 1]);
        var wide = blocks.Add(Multicodec.DagPb, RefBytes.Concat(Enumerable.Repeat(RefBytes.BytesField(2, RefBytes.BytesField(1, HandMade.Identity(Multicodec.Raw, []).ToByteArray())), 300_000)));
        var cbor = blocks.Add(Multicodec.DagCbor, [0xa0]);
        var noShard = blocks.Add(Multicodec.DagPb, HandMade.Block(RefBytes.VarintField(1, 1)));
        var shard = blocks.Add(Multicodec.DagPb, HandMade.Block([.. RefBytes.VarintField(1, 5), .. RefBytes.VarintField(5, 0x22), .. RefBytes.VarintField(6, 8)], ("0"u8.ToArray(), noShard)));
        var file = blocks.Add(Multicodec.DagPb, HandMade.Block(HandMade.FileData(9, [4, 4]), ([], HandMade.Missing()), ([], HandMade.Missing())));
        foreach (var (root, scope) in ((Cid, DagScope)[])[(large, DagScope.Block), (wide, DagScope.All), (cbor, DagScope.All), (shard, DagScope.Entity)])
            _ = Assert.Throws<MalformedDataException>(() => Cids(new DagWalk(blocks, new DagPath([], [root]), new DagRequest(scope))));
        _ = Assert.Throws<MalformedDataException>(() => Cids(new DagWalk(blocks, new DagPath([], [file]), new DagRequest(DagScope.Entity, new EntityBytes(1, 2)))));
        _ = Assert.Throws<MissingBlockException>(() => Cids(new DagWalk(blocks, new DagPath([], [file]), new DagRequest(DagScope.All))));
        foreach (var scope in (DagScope[])[DagScope.Block, DagScope.Entity])
            Assert.Equal([cbor.ToString()], Cids(new DagWalk(blocks, new DagPath([], [cbor]), new DagRequest(scope))));
        Assert.Equal([noShard.ToString()], Cids(new DagWalk(blocks, new DagPath([], [noShard]), new DagRequest(DagScope.Entity, new EntityBytes(1, 2)))));
        Assert.Null(Resolve(blocks, cbor, [[1]]));
        Assert.Null(Resolve(blocks, large, [[1]]));
        Assert.Null(Resolve(blocks, noShard, [[1]]));
        _ = Assert.Throws<MissingBlockException>(() => Resolve(blocks, Cid.V1(Multicodec.DagPb, Multicodec.Sha256, new byte[32]), [[1]]));
        _ = Assert.Throws<MalformedDataException>(() => Resolve(blocks, wide, [[1]]));
    }

    [Theory]
    [InlineData("0:*", 10, 0, 10)]
    [InlineData("2:5", 10, 2, 6)]
    [InlineData("2:2", 10, 2, 3)]
    [InlineData("-3:*", 10, 7, 10)]
    [InlineData("-30:*", 10, 0, 10)]
    [InlineData("2:-2", 10, 2, 9)]
    [InlineData("-5:-2", 10, 5, 9)]
    [InlineData("5:999999999999", 10, 5, 10)]
    [InlineData("-9223372036854775808:9223372036854775807", 10, 0, 10)]
    [InlineData("8:-8", 10, 0, 0)]
    [InlineData("10:*", 10, 0, 0)]
    [InlineData("0:*", 0, 0, 0)]
    [InlineData("0:-30", 10, 0, 0)]
    public void ARangeIsCutToTheFile(string text, long size, long from, long to)
    {
        Assert.True(EntityBytes.TryParse(text, out var bytes));
        Assert.Equal((from, to), bytes.Of(size));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData(":")]
    [InlineData("0:")]
    [InlineData(":5")]
    [InlineData("*:5")]
    [InlineData("0:1:2")]
    [InlineData("a:b")]
    [InlineData("+1:2")]
    [InlineData("1.0:2")]
    [InlineData(" 1:2")]
    [InlineData("5:2")]
    [InlineData("-2:-5")]
    [InlineData("0:9223372036854775808")]
    public void WhatIsNoRangeIsRefused(string text) => Assert.False(EntityBytes.TryParse(text, out _));

    private static DagPath? Resolve(IBlockSource blocks, Cid root, IReadOnlyList<byte[]> names) => DagPath.Resolve(blocks, root, names, TestContext.Current.CancellationToken);

    private static List<string>? Walk(IBlockSource blocks, RefDag dag, IReadOnlyList<byte[]> names, DagRequest request, RefWalk twin)
    {
        var path = Resolve(blocks, Cid.Parse(dag.Cid.Text), names);
        return path is null ? null : Cids(new DagWalk(blocks, path, request), twin);
    }

    private static List<string> Cids(DagWalk walk, RefWalk? twin = null)
    {
        var cids = new List<string>();
        using (walk)
        {
            while (walk.MoveNext())
            {
                cids.Add(walk.Cid.ToString());
                Assert.Equal(BlockCheck.Match, BlockHash.Verify(walk.Cid, walk.Block.Span));
                Assert.True(twin is null || twin.Block(cids[^1]).AsSpan().SequenceEqual(walk.Block.Span));
            }
        }

        return cids;
    }

    /// <summary>A folder of files, links and folders, of which some come more than once.</summary>
    private static RefDirectory Tree(Random random, int depth, List<RefNode> made)
    {
        var entries = new List<(byte[], RefNode)>();
        int count = random.Next(depth == 3 ? 2 : 0, random.Next(4) == 0 ? 30 : 8);
        for (int i = 0; i < count; i++)
        {
            RefNode node = random.Next(10) switch
            {
                0 when made.Count > 0 => made[random.Next(made.Count)],
                1 => new RefFile([]),
                2 => new RefSymlink(Encoding.UTF8.GetBytes("to" + i)),
                3 or 4 when depth > 0 => Tree(random, depth - 1, made),
                // Of few values, so that chunks repeat.
                _ => new RefFile([.. Enumerable.Range(0, random.Next(300)).Select(_ => (byte)random.Next(2))]),
            };
            made.Add(node);
            entries.Add(([.. Encoding.UTF8.GetBytes("n" + i), (byte)random.Next(0x80, 0x100)], node));
        }

        return new RefDirectory(entries);
    }
}
