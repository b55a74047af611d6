using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Ipld;

public sealed class CidTests
{
    private const string HelloHex = "01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    private const string HelloText = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
    private const string V0Hex = "1220f852c7fa62f971817f54d8a80dcd63fcf7098b3cbde9ae8ec1ee449013ec5db0";
    private const string V0Text = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD";

    [Theory]
    [InlineData(HelloHex, HelloText)]
    [InlineData(V0Hex, V0Text)]
    [InlineData("0170" + V0Hex, "bafybeihykld7uyxzogax6vgyvag42y7464eywpf55gxi5qpoisibh3c5wa")]
    [InlineData("0155000568656c6c6f", "bafkqablimvwgy3y")]
    [InlineData("01550000", "bafkqaaa")]
    [InlineData("017000040a020801", "bafyaabakaieac")]
    [InlineData("0181e2039220203731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333",
        "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy")]
    [InlineData("01559120220002" + "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333",
        "bafkzcibcaabdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy")]
    [InlineData(HelloHex, "k2cwued9o1pvrt3q271rrqbo49x30tbxwpoeaq75z14e5ui2rzygpbe1")]
    [InlineData(HelloHex, "zb2rhj7crUKTQYRGCRATFaQ6YFLTde2YzdqbbhAASkL9uRDXn")]
    [InlineData(HelloHex, "f" + HelloHex)]
    [InlineData("01550000", "uAVUAAA")]
    public void KnownTexts(string hex, string text)
    {
        Cid cid = Cid.Parse(text);
        Assert.Equal(hex, Convert.ToHexStringLower(cid.ToByteArray()));
        Assert.Equal(cid, Cid.Read(Convert.FromHexString(hex + "00"), out int length));
        Assert.Equal(hex.Length / 2, length);
        Assert.Equal(length, cid.ByteLength);
        Assert.Equal(text, text[0] == 'Q' ? cid.ToString() : cid.ToString((Multibase)text[0]));
        Assert.Equal(cid, Cid.Parse(cid.ToString()));
    }

    [Fact]
    public void PublishedCids()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(SharedVectors.Require("vectors", "public", "cid", "cids.json")));
        foreach (JsonElement row in json.RootElement.EnumerateArray())
        {
            Cid cid = Cid.Parse(row.GetProperty("cid").GetString()!);
            Assert.Equal(row.GetProperty("bytes").GetString(), Convert.ToHexStringLower(cid.ToByteArray()));
            if (row.TryGetProperty("base36", out JsonElement base36))
            {
                Assert.Equal(base36.GetString(), cid.ToString(Multibase.Base36));
                Assert.Equal(row.GetProperty("base58btc").GetString(), cid.ToString(Multibase.Base58Btc));
                Assert.Equal(Cid.Sha256(1, Multicodec.Raw, SHA256.HashData(Encoding.UTF8.GetBytes(row.GetProperty("content").GetString()!))), cid);
            }

            if (row.TryGetProperty("v1", out JsonElement v1))
            {
                Cid other = Cid.Sha256(1, cid.Codec, cid.Digest);
                Assert.Equal(v1.GetString(), other.ToString());
                Assert.Equal(row.GetProperty("base36v1").GetString(), other.ToString(Multibase.Base36));
                Assert.NotEqual(cid, other);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("b")]
    [InlineData("Q")]
    [InlineData("x0155")]
    [InlineData("B" + "AFKQAAA")]
    [InlineData("bAFKQAAA")]
    [InlineData("bafkqaaa=")]
    [InlineData("bafkqaaab")] // trailing bits
    [InlineData("bafkqaaaa")] // whole unused digit
    [InlineData("bafkqaaaaa")] // trailing byte
    [InlineData("f0155000g")]
    [InlineData("f015500")]
    [InlineData("f01550000ff")]
    [InlineData("f0155000")]
    [InlineData("F01550000")]
    [InlineData("uAVUAAB")]
    [InlineData("uAVUAAA==")]
    [InlineData("uAVU/AA")]
    [InlineData("kK2cw")]
    [InlineData("K2cwued9o1pvrt3q271rrqbo49x30tbxwpoeaq75z14e5ui2rzygpbe1")]
    [InlineData("z" + V0Text)]
    [InlineData("f" + V0Hex)]
    [InlineData(V0Text + "1")]
    [InlineData("Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyf0")]
    [InlineData("Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyf")]
    [InlineData(" " + HelloText)]
    [InlineData(HelloText + "\n")]
    [InlineData("/ipfs/" + HelloText)]
    [InlineData("bafkqaa\u0130")]
    public void RefusedTexts(string text)
    {
        Assert.False(Cid.TryParse(text, out Cid cid));
        Assert.False(cid.IsDefined);
        Assert.ThrowsAny<FormatException>(() => Cid.Parse(text));
    }

    [Fact]
    public void OverlongTextIsRefusedBeforeDecoding()
    {
        Assert.False(Cid.TryParse(null, out _));
        Assert.False(Cid.TryParse("z" + new string('1', 1 << 20), out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("1220")]
    [InlineData("1220f852")]
    [InlineData("1221f852")]
    [InlineData("00")]
    [InlineData("02550000")]
    [InlineData("03550000")]
    [InlineData("04550000")]
    [InlineData("81005500")]
    [InlineData("0155")]
    [InlineData("015500")]
    [InlineData("0155800000")]
    [InlineData("01d5000000")]
    [InlineData("0155008000")]
    [InlineData("0155000568656c6c")]
    [InlineData("01550081" + "01")]
    [InlineData("0155ffffffffffffffffff0100")]
    [InlineData("015500ffffffffffffffff7f")]
    public void RefusedBytes(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.False(Cid.TryRead(bytes, out Cid cid, out int length));
        Assert.Equal((false, 0), (cid.IsDefined, length));
        Assert.Throws<MalformedDataException>(() => Cid.Read(bytes, out _));
    }

    [Fact]
    public void DigestLengthLimits()
    {
        byte[] digest = new byte[129];
        Cid longest = Cid.V1(Multicodec.Raw, Multicodec.Identity, digest.AsSpan(0, 128));
        Assert.Equal(longest, Cid.Read(longest.ToByteArray(), out _));
        Assert.Throws<ArgumentException>(() => Cid.V1(Multicodec.Raw, Multicodec.Identity, digest));
        Assert.False(Cid.TryRead([1, 0x55, 0, 0x81, 1, .. digest], out _, out _));
        Assert.Equal(Cid.MaxByteLength, Cid.V1(Varint.MaxValue, Varint.MaxValue, digest.AsSpan(0, 128)).ByteLength);
    }

    [Fact]
    public void PartsAreChecked()
    {
        byte[] digest = new byte[32];
        Assert.Equal(Cid.V0(digest), Cid.Sha256(0, Multicodec.DagPb, digest));
        Assert.Throws<ArgumentException>(() => Cid.Sha256(0, Multicodec.Raw, digest));
        Assert.Throws<ArgumentException>(() => Cid.Sha256(2, Multicodec.DagPb, digest));
        Assert.Throws<ArgumentException>(() => Cid.Sha256(1, Multicodec.Raw, new byte[31]));
        Assert.Throws<ArgumentException>(() => Cid.V0(new byte[33]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Cid.V1(1ul << 63, 0, digest));
        Assert.Throws<ArgumentException>(() => Cid.V0(digest).WriteTo(new byte[33]));
        Assert.Throws<InvalidOperationException>(() => Cid.V0(digest).ToString(Multibase.Base32));
    }

    [Fact]
    public void DefaultIsNoCid()
    {
        Cid none = default;
        Assert.False(none.IsDefined);
        Assert.False(none.IsAcceptedByIpfs);
        Assert.Equal("", none.ToString());
        Assert.Equal(0, none.ByteLength);
        Assert.NotEqual(none, Cid.V1(0, 0, []));
        Assert.Throws<InvalidOperationException>(() => none.ToByteArray());
    }

    [Theory]
    [InlineData(Multicodec.Identity, 0, true)]
    [InlineData(Multicodec.Sha256, 19, false)]
    [InlineData(Multicodec.Sha256, 20, true)]
    public void AcceptanceByIpfs(ulong hash, int length, bool accepted) =>
        Assert.Equal(accepted, Cid.V1(Multicodec.Raw, hash, new byte[length]).IsAcceptedByIpfs);

    [Fact]
    public void RoundTrip() => IpldGen.Check(IpldGen.Cid, cid =>
    {
        byte[] bytes = cid.ToByteArray();
        Cid read = Cid.Read(bytes, out int length);
        bool texts = cid.Version == 0 || new[] { Multibase.Base16, Multibase.Base32, Multibase.Base36, Multibase.Base58Btc, Multibase.Base64Url }
            .All(encoding => Cid.Parse(cid.ToString(encoding)) == cid);
        return texts && read == cid && read.GetHashCode() == cid.GetHashCode() && length == bytes.Length
            && Cid.Parse(cid.ToString()) == cid && bytes.AsSpan().SequenceEqual(read.ToByteArray())
            && Enumerable.Range(0, length).All(cut => !Cid.TryRead(bytes.AsSpan(0, cut), out _, out _));
    });

    [Fact]
    public void ShortDigestsAllocateNothing()
    {
        byte[] bytes = Convert.FromHexString(HelloHex);
        byte[] output = new byte[36];
        Allocation.AssertNone(() =>
        {
            Cid cid = Cid.Read(bytes, out _);
            cid.WriteTo(output);
        });
    }
}
