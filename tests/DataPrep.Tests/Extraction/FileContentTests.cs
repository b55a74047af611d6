using System.Text.Json;
using DataPrep.Car;
using DataPrep.Extraction;
using DataPrep.Ipld;
using DataPrep.Tests.Packing;
using DataPrep.Tests.Piece;
using DataPrep.Unixfs;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Extraction;

/// <summary>Ranges of files, of balanced and trickle layout, against slices of their bytes.</summary>
public sealed class FileContentTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void AnyRangeOfABalancedFileIsTheSliceOfItsBytes()
    {
        var ranges = from profile in SampleGen.Profile
                     from size in Gen.Choose(0, 3000)
                     from a in Gen.Choose(0, 3000)
                     from b in Gen.Choose(0, 3000)
                     select (profile, size, Math.Min(a, b), Math.Max(a, b));
        Prop.ForAll(ranges.ToArbitrary(), given =>
        {
            var (profile, size, from, to) = given;
            byte[] bytes = Sample.Bytes(size, size);
            var built = Sample.File(bytes).Build(profile);
            string path = scratch.File("car", Reference.RefCar.Write(built.Cid, built.PostOrder()));
            Check(path, Cid.Parse(built.Cid.Text), bytes, Math.Min(from, size), Math.Min(to, size));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void AnyRangeOfATrickleFileIsTheSliceOfItsBytes()
    {
        var random = new Random(7);
        for (int i = 0; i < 60; i++)
        {
            int size = random.Next(4000), from = random.Next(size + 1), to = random.Next(from, size + 1);
            var dag = new HandMade();
            byte[] bytes = Sample.Bytes(i, size);
            var root = Trickle(dag, bytes, random.Next(1, 100), random.Next(1, 5), rawLeaves: i % 2 == 0);
            Check(dag.Write(scratch.At("car"), root), root, bytes, from, to);
            Check(scratch.At("car"), root, bytes, 0, size);
        }
    }

    /// <summary>The layout of this test is that of other implementations.</summary>
    [Fact]
    public void TrickleFilesAreThoseOfOtherImplementations()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllText(SharedVectors.Require("vectors", "public", "derived", "unixfs-trickle.json")));
        int checkedOnes = 0;
        foreach (var vector in vectors.RootElement.GetProperty("vectors").EnumerateArray())
        {
            if (!vector.GetProperty("rawLeaves").GetBoolean() || vector.GetProperty("cidVersion").GetInt32() != 1)
                continue;
            var dag = new HandMade();
            byte[] bytes = PublishedPayloads.Lcg(vector.GetProperty("payloadLcg").GetInt32());
            var root = Trickle(dag, bytes, vector.GetProperty("chunk").GetInt32(), vector.GetProperty("width").GetInt32(), rawLeaves: true);
            Check(dag.Write(scratch.At("car"), root), root, bytes, 0, bytes.Length);
            checkedOnes++;
        }

        Assert.True(checkedOnes > 3);
    }

    [Fact]
    public void SparseWritingLeavesTheSameBytes()
    {
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = new byte[random.Next(1, 60_000)];
            for (int run = random.Next(6); run > 0; run--)
            {
                int at = random.Next(bytes.Length);
                random.NextBytes(bytes.AsSpan(at, random.Next(Math.Min(9000, bytes.Length - at) + 1)));
            }

            string path = scratch.File("sparse", "");
            using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
            {
                RandomAccess.SetLength(file, bytes.Length);
                for (int at = 0; at < bytes.Length;)
                {
                    int part = random.Next(1, bytes.Length - at + 1);
                    Assert.Equal(0, RestoredFile.WriteSparse(file, at, bytes.AsSpan(at, part)));
                    at += part;
                }
            }

            Assert.Equal(bytes, File.ReadAllBytes(path));
        }
    }

    private static void Check(string path, Cid file, byte[] bytes, int from, int to)
    {
        using var set = new PieceSet();
        set.Add(new CarBlocks(path));
        var blocks = new SharedBlocks(set);
        Assert.Equal(bytes.Length, Assert.Single(new DagReader(blocks).Walk(file)).Size);
        using var content = new MemoryStream();
        var reader = new FileContent(blocks);
        reader.Read(file, bytes.Length, from, to, (offset, part) =>
        {
            Assert.Equal(from + content.Length, offset);
            content.Write(part);
        });
        Assert.Equal(bytes[from..to], content.ToArray());
        Assert.Equal(to, reader.Position);
    }

    /// <summary>Each node takes so many leaves, then four trees of each depth below its own; the root goes on as long as there is content.</summary>
    private static Cid Trickle(HandMade dag, byte[] bytes, int chunk, int width, bool rawLeaves)
    {
        var chunks = new Queue<byte[]>(bytes.Chunk(chunk));
        return Node(int.MaxValue).Cid;

        (Cid Cid, ulong Size) Node(int depth)
        {
            var children = new List<(Cid Cid, ulong Size)>();
            while (children.Count < width && chunks.TryDequeue(out byte[]? leaf))
                children.Add((rawLeaves ? dag.Raw(leaf) : dag.Node([0x08, 0x00, .. Reference.RefBytes.BytesField(2, leaf), .. Reference.RefBytes.VarintField(3, (ulong)leaf.Length)]), (ulong)leaf.Length));
            for (int below = 1; below < depth && chunks.Count > 0; below++)
            {
                for (int i = 0; i < 4 && chunks.Count > 0; i++)
                    children.Add(Node(below));
            }

            ulong size = children.Aggregate(0UL, (sum, child) => sum + child.Size);
            return (dag.FileWithTsizes(size, children), size);
        }
    }
}
