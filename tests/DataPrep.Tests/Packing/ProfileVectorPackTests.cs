using System.Security.Cryptography;
using System.Text;
using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Tests.Reference;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>The published CIDs of the two profiles (IPIP-499), through the layout and the engine.</summary>
public sealed class ProfileVectorPackTests
{
    /// <summary>Digests of the whole leaves of the one seed of which two files of 1 GiB are made.</summary>
    private static readonly Dictionary<long, byte[]> FullLeaves = [];

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz01234567890-_";

    [Theory]
    [InlineData(0, "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD")]
    [InlineData(1, "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e")]
    public void Small(int profile, string cid)
    {
        byte[] car = MemoryRun.Car(Sample.File("hello world"), Profile(profile), null, out var piece);
        using (piece)
            Assert.Equal(cid, piece.Root.ToString());
        Assert.Equal(cid, CarContents.Read(car).Root.ToString());
    }

    [Theory]
    [InlineData(0, "chunk-v0-seed", 262144, "QmWmRj3dFDZdb6ABvbmKhEL6TmPbAfBZ1t5BxsEyJrcZhE", 262158)]
    [InlineData(0, "chunk-v0-seed", 262145, "QmYyLxtzZyW22zpoVAtKANLRHpDjZtNeDjQdJrcQNWoRkJ", 262267)]
    [InlineData(0, "v0-seed", 45613056, "QmUbBALi174SnogsUzLpYbD4xPiBSFANF4iztWCsHbMKh2", 45623854)]
    [InlineData(0, "v0-seed", 45613057, "QmV81WL765sC8DXsRhE5fJv2rwhS4icHRaf3J9Zk5FdRnW", 45624016)]
    [InlineData(1, "chunk-v1-seed", 1048576, "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta", 1048576)]
    [InlineData(1, "chunk-v1-seed", 1048577, "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64", 1048681)]
    [InlineData(1, "v1-2025-seed", 1073741824, "bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm", 1073793035)]
    [InlineData(1, "v1-2025-seed", 1073741825, "bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe", 1073793198)]
    public void File(int profile, string seed, long size, string cid, long tsize)
    {
        var tree = new SourceTree();
        tree.Add(EntryKind.File, "file"u8, [], new FileStamp { Mode = Posix.S_IFREG, Size = size }, -1, "/nowhere"u8.ToArray());
        var layout = PieceLayout.Create(tree, Profile(profile));
        Assert.Equal(tsize, layout.DagSize(0));

        // The engine hashes everything five times; of the largest inputs the layout gets leaves hashed once
        if (size > 64 << 20)
        {
            Assert.Equal(cid, RootOf(layout, seed, size).ToString());
            return;
        }

        byte[] content = ChaCha20.Bytes(seed, (int)size);
        var reader = new MadeReader(new Dictionary<int, byte[]> { [0] = content });
        using var piece = MemoryRun.Run(new PieceJob(layout, SlabPlan.Choose(layout, 2, null, null), reader, new NoSink(), new PackCounters()));
        Assert.Equal(cid, piece.Root.ToString());
    }

    [Theory]
    [InlineData(0, "hamt-unixfs-v0-2015", 4096, 30, 30, 262144, "QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN")]
    [InlineData(0, "hamt-unixfs-v0-2015", 4033, 31, 31, 262145, "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP")]
    [InlineData(1, "hamt-unixfs-v1-2025", 4766, 11, 21, 262144, "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4")]
    [InlineData(1, "hamt-unixfs-v1-2025", 4766, 11, 22, 262145, "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu")]
    public void DirectoryAtTheThreshold(int profile, string seed, int files, int nameLength, int lastNameLength, int estimate, string cid)
    {
        byte[] pool = ChaCha20.Bytes(seed, (files * nameLength) + lastNameLength);
        var entries = new List<(byte[], Sample)>();
        for (int i = 0; i < files; i++)
        {
            var name = pool.AsSpan(i * nameLength, i == files - 1 ? lastNameLength : nameLength).ToArray().Select(b => Alphabet[b % Alphabet.Length]);
            entries.Add((Encoding.ASCII.GetBytes(string.Concat(name)), Sample.File("x")));
        }

        var root = new SampleFolder(entries, 0x1ed, Sample.SomeTime);
        byte[] car = MemoryRun.Car(root, Profile(profile), null, out var piece);
        using (piece)
        {
            Assert.Equal(cid, piece.Root.ToString());
            Assert.Equal(CommPHasher.HashData(car), piece.Commitment);
        }

        // The rule is "greater than": at the estimate itself the directory stays basic, one below it shards
        _ = MemoryRun.Car(root, Profile(profile) with { HamtThreshold = estimate }, null, out var basic);
        _ = MemoryRun.Car(root, Profile(profile) with { HamtThreshold = estimate - 1 }, null, out var sharded);
        using (basic)
        using (sharded)
        {
            Assert.NotEqual(basic.Root, sharded.Root);
            Assert.Equal(cid, (estimate > 262_144 ? sharded : basic).Root.ToString());
        }
    }

    private static Cid RootOf(PieceLayout layout, string seed, long size)
    {
        using var leaves = new DigestTable(layout.LeafCount);
        using var roots = new DigestTable(1);
        int chunk = layout.Profile.ChunkSize;
        for (long leaf = 0; leaf < layout.LeafCount; leaf++)
        {
            byte[] content = new byte[(int)Math.Min(chunk, size - (leaf * chunk))];
            if (FullLeaves.TryGetValue(leaf, out byte[]? digest) && content.Length == chunk)
            {
                digest.CopyTo(leaves[leaf]);
                continue;
            }

            using var stream = new ChaCha20(seed, size) { Position = leaf * chunk };
            stream.ReadExactly(content);
            SHA256.HashData(content, leaves[leaf]);
            if (content.Length == chunk)
                FullLeaves[leaf] = leaves[leaf].ToArray();
        }

        layout.EmitTail(leaves, roots, new HashingSink());
        return layout.Profile.CidOf(layout.IsRaw(0), layout.RootDigest(0, leaves, roots));
    }

    private static UnixFsProfile Profile(int version) => version == 0 ? UnixFsProfile.V0Of2015 : UnixFsProfile.V1Of2025;

    private sealed class HashingSink : IBlockSink
    {
        public void Append(ReadOnlySpan<byte> block, Span<byte> digest) => SHA256.HashData(block, digest);
    }
}
