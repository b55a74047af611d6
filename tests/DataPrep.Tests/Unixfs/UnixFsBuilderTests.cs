using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Tests.Reference;
using DataPrep.Unixfs;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Unixfs;

/// <summary>The public builder against the reference, over profiles, sizes around chunk ends, and splits of the stream.</summary>
public sealed class UnixFsBuilderTests
{
    private static readonly UnixFsProfile[] Profiles =
    [
        UnixFsProfile.V1Of2025 with { ChunkSize = 100, MaxLinks = 3 },
        UnixFsProfile.V0Of2015 with { ChunkSize = 100, MaxLinks = 4 },
        UnixFsProfile.V1Of2025 with { ChunkSize = 77, MaxLinks = 2, RawLeaves = false, HamtThreshold = 200, HamtFanout = 8 },
    ];

    [Fact]
    public async Task RandomTreesAreThoseOfTheReference()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int i = 0; i < 60; i++)
        {
            var profile = Profiles[i % Profiles.Length];
            var options = new RefOptions(profile.ChunkSize, profile.MaxLinks, profile.CidVersion, profile.RawLeaves, profile.HamtThreshold, profile.HamtFanout, profile.HamtEstimation == HamtEstimation.BlockBytes);
            var blocks = new List<(Cid Cid, byte[] Block)>();
            var builder = new UnixFsBuilder(profile, (cid, block) => blocks.Add((cid, block.ToArray())));
            var (node, reference) = await Tree(builder, random, profile, depth: 2);
            var dag = RefUnixfs.Build(reference, options);
            Assert.Equal(dag.Cid.Text, node.Cid.ToString());
            Assert.Equal(dag.Tsize, node.DagSize);
            Assert.Equal(node.Cid, blocks[^1].Cid);
            Assert.All(blocks, block => Assert.Equal(block.Cid.CopiedDigest(), System.Security.Cryptography.SHA256.HashData(block.Block)));
        }
    }

    [Theory]
    [InlineData("chunk-v1-seed", 1048577, "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64")]
    [InlineData("chunk-v1-seed", 1048576, "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta")]
    public void PublishedVectorsOfTheProfile(string seed, long size, string cid) =>
        Assert.Equal(cid, new UnixFsBuilder().AddFile(new ChaCha20(seed, size)).Cid.ToString());

    [Fact]
    public void BlocksMakeACarThatVerifies()
    {
        using var scratch = new ScratchFolder();
        string path = scratch.At("made.car");
        var placeholder = Cid.Sha256(1, Multicodec.DagPb, new byte[32]);
        using (var car = new CarWriter(File.Create(path), [placeholder]))
        {
            var builder = new UnixFsBuilder(onBlock: (cid, block) => car.Write(cid, block));
            var file = builder.AddFile(new MemoryStream(ScratchFolder.Bytes((3 << 20) + 5, 1)));
            var root = builder.AddDirectory([new("b", file), new("a", builder.AddSymlink("b")), new("empty", builder.AddFile(Stream.Null))]);
            car.SetRoot(root.Cid);
        }

        var result = new PieceVerifier().VerifyCar(path, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(result.Findings);
        using var reader = CarReader.Open(path);
        Assert.NotEqual(placeholder, Assert.Single(reader.Roots));
    }

    [Fact]
    public void RootsOfAnotherLengthAreRefused()
    {
        using var car = new CarWriter(new MemoryStream(), [Cid.Sha256(1, Multicodec.DagPb, new byte[32])]);
        Assert.Throws<ArgumentException>(() => car.SetRoot(Cid.V0(new byte[32])));
        Assert.Throws<ArgumentException>(() => car.SetRoot(default));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    public void NamesThatNoFolderCanHoldAreRefused(string name)
    {
        var builder = new UnixFsBuilder();
        var file = builder.AddFile(Stream.Null);
        Assert.Throws<ArgumentException>(() => builder.AddDirectory([new(name, file)]));
        Assert.Throws<ArgumentException>(() => builder.AddDirectory([new("x", file), new("x", file)]));
        Assert.Throws<ArgumentException>(() => builder.AddDirectory([new("x", default)]));
    }

    private static async Task<(UnixFsNode Node, RefNode Reference)> Tree(UnixFsBuilder builder, Random random, UnixFsProfile profile, int depth)
    {
        int kind = depth == 0 ? random.Next(2) : random.Next(4);
        if (kind == 0)
            return (builder.AddSymlink("tö/x"), new RefSymlink("tö/x"u8.ToArray()));
        if (kind == 1)
        {
            int chunks = random.Next(14);
            byte[] content = new byte[Math.Max(0, (chunks * profile.ChunkSize) + random.Next(-1, 2))];
            random.NextBytes(content);
            var node = random.Next(2) == 0 ? builder.AddFile(new Trickle(content, random)) : await builder.AddFileAsync(new Trickle(content, random));
            return (node, new RefFile(content));
        }

        var entries = new Dictionary<string, UnixFsNode>();
        var references = new List<(byte[], RefNode)>();
        for (int i = random.Next(9); i > 0; i--)
        {
            string name = $"{(char)random.Next('A', 'z')}é{i}".Replace('\\', '-').Replace('/', '-');
            var (node, reference) = await Tree(builder, random, profile, depth - 1);
            entries[name] = node;
            references.Add((System.Text.Encoding.UTF8.GetBytes(name), reference));
        }

        return (builder.AddDirectory(entries), new RefDirectory(references));
    }

    /// <summary>Gives as much as it likes.</summary>
    private sealed class Trickle(byte[] content, Random random) : MemoryStream(content)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, random.Next(1, 60))]);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}

file static class CidDigest
{
    public static byte[] CopiedDigest(this Cid cid) => cid.Digest.ToArray();
}
