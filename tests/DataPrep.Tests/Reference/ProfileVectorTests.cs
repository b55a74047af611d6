using System.Text;
using Xunit;

namespace DataPrep.Tests.Reference;

/// <summary>
/// The published CIDs of the two profiles (IPIP-499), with the inputs that kubo's tests give for them: ChaCha20 streams, and
/// directories whose size stands exactly at the sharding threshold and one byte past it.
/// </summary>
public sealed class ProfileVectorTests
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz01234567890-_";
    private const int NamePool = 1 << 20;

    [Fact]
    public void ChaChaIsTheOneOfRfc8439()
    {
        // kubo's published CID of this stream is the check of the key and counter set-up; see the file cases below
        Assert.Equal(70, ChaCha20.Bytes("chunk-v0-seed", 70).Length);
        Assert.Equal(ChaCha20.Bytes("seed", 200)[..70], ChaCha20.Bytes("seed", 70));
    }

    [Theory]
    [InlineData(0, "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD")]
    [InlineData(1, "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e")]
    public void Small(int profile, string cid) =>
        Assert.Equal(cid, RefUnixfs.Build(new RefFile("hello world"u8.ToArray()), Profile(profile)).Cid.Text);

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
        RefDag dag = RefUnixfs.Build(new RefFile(() => new ChaCha20(seed, size)), Profile(profile));
        Assert.Equal(cid, dag.Cid.Text);
        Assert.Equal(tsize, dag.Tsize);
    }

    [Theory]
    [InlineData(0, "hamt-unixfs-v0-2015", 4096, 30, 30, 262144, false, "QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN")]
    [InlineData(0, "hamt-unixfs-v0-2015", 4033, 31, 31, 262145, true, "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP")]
    [InlineData(1, "hamt-unixfs-v1-2025", 4766, 11, 21, 262144, false, "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4")]
    [InlineData(1, "hamt-unixfs-v1-2025", 4766, 11, 22, 262145, true, "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu")]
    public void DirectoryAtTheThreshold(
        int profile, string seed, int files, int nameLength, int lastNameLength, long estimate, bool sharded, string cid)
    {
        byte[] pool = ChaCha20.Bytes(seed, NamePool);
        var entries = new List<(byte[], RefNode)>();
        for (int i = 0; i < files; i++)
        {
            int length = i == files - 1 ? lastNameLength : nameLength;
            string name = string.Concat(pool.Skip(i * nameLength).Take(length).Select(b => Alphabet[b % Alphabet.Length]));
            entries.Add((Encoding.ASCII.GetBytes(name), new RefFile("x"u8.ToArray())));
        }

        var directory = new RefDirectory(entries);
        RefOptions options = Profile(profile);
        Assert.Equal(cid, RefUnixfs.Build(directory, options).Cid.Text);

        // The rule is "greater than": at the estimate itself the directory stays basic, one below it shards
        string basic = RefUnixfs.Build(directory, options with { HamtThreshold = estimate }).Cid.Text;
        string hamt = RefUnixfs.Build(directory, options with { HamtThreshold = estimate - 1 }).Cid.Text;
        Assert.Equal(sharded ? hamt : basic, cid);
        Assert.NotEqual(basic, hamt);
    }

    private static RefOptions Profile(int version) => version == 0 ? RefOptions.V0_2015 : RefOptions.V1_2025;
}
