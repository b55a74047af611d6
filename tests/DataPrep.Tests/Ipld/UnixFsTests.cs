using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Ipld;

public sealed class UnixFsTests
{
    [Theory]
    [InlineData("0a020801", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")]
    [InlineData("0a0408021800", "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")]
    [InlineData("0a0708041203666f6f", "QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5")]
    [InlineData("0a13080412076e6f7468696e67420608e2f9fffc05", "QmbJwotgtr84JxcnjpwJ86uZiyMoxbZuNH4YrdJMypkYaB")]
    [InlineData("0a070802180038a003", "QmQLgxypSNGNFTuUPGCecq6dDEjb6hNB5xSyVmP3cEuNtq")]
    [InlineData("0a1108021800420b0888a6d0fc051531d40000", "QmaKH8H5rXBUBCX4vdxi7ktGQEL7wejV7L9rX2qpZjwncz")]
    [InlineData("0a05080138ed03", "QmRviohgafvCsbkiTgfQFipbuXJ6k1YtoiaQW4quttJPKu")]
    public void KnownBlocks(string hex, string cid)
    {
        byte[] block = Convert.FromHexString(hex);
        DagPbNode node = DagPbNode.Decode(block);
        Assert.Equal(cid, Cid.V0(SHA256.HashData(block)).ToString());
        byte[] message = UnixFsData.Decode(node.Data).Encode();
        Assert.Equal(node.Data.ToArray(), message);
        Assert.Equal(block, new DagPbNode([], message, true).Encode());
    }

    [Fact]
    public void FieldsOfATimedFile()
    {
        UnixFsData data = UnixFsData.Decode(Convert.FromHexString("0802180038f403420b0888a6d0fc051531d40000"));
        Assert.Equal(UnixFsType.File, data.Type);
        Assert.Equal(0ul, data.FileSize);
        Assert.Equal(0x1f4u, data.Mode); // octal 764
        Assert.Equal(new UnixTime(1603539720, 54321), data.Mtime);
        Assert.Empty(data.BlockSizes);
        Assert.False(data.HasData);
    }

    [Fact]
    public void PublishedMessages()
    {
        string folder = SharedVectors.Require("vectors", "public", "unixfs");
        Assert.Equal(UnixFsType.Directory, Load("directory.unixfs").Type);
        UnixFsData file = Load("file.txt.unixfs");
        Assert.Equal(UnixFsType.File, file.Type);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "file.txt")), file.Data.ToArray());
        Assert.Equal((ulong)file.Data.Length, file.FileSize);
        Assert.Equal(UnixFsType.File, Load("raw.unixfs").Type);
        UnixFsData symlink = Load("symlink.txt.unixfs");
        Assert.Equal((UnixFsType.Symlink, "file.txt"), (symlink.Type, Encoding.UTF8.GetString(symlink.Data.Span)));

        UnixFsData Load(string name)
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(folder, name));
            UnixFsData data = UnixFsData.Decode(bytes);
            Assert.Equal(bytes, data.Encode());
            return data;
        }
    }

    [Fact]
    public void PublishedModesAndTimes()
    {
        string path = SharedVectors.Require("vectors", "public", "unixfs", "kubo-mode-mtime.json");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (JsonElement row in json.RootElement.GetProperty("vectors").EnumerateArray())
        {
            byte[]? target = row.TryGetProperty("target", out JsonElement t) ? Encoding.UTF8.GetBytes(t.GetString()!) : null;
            UnixFsData data = new()
            {
                Type = row.GetProperty("type").GetString() switch
                {
                    "file" => UnixFsType.File,
                    "directory" => UnixFsType.Directory,
                    _ => UnixFsType.Symlink,
                },
                Data = target,
                FileSize = row.GetProperty("type").GetString() == "file" ? 0 : null,
                Mode = row.TryGetProperty("mode", out JsonElement mode) ? Convert.ToUInt32(mode.GetString(), 8) : null,
                Mtime = row.TryGetProperty("mtime", out JsonElement mtime)
                    ? new UnixTime(mtime.GetInt64(), row.TryGetProperty("nanos", out JsonElement nanos) ? nanos.GetInt32() : 0)
                    : null,
            };
            byte[] block = new DagPbNode([], data.Encode(), true).Encode();
            Assert.Equal(row.GetProperty("block").GetString(), Convert.ToHexStringLower(block));
            Assert.Equal(row.GetProperty("cid").GetString(), Cid.V0(SHA256.HashData(block)).ToString());
        }
    }

    [Theory]
    [InlineData("0802" + "2203" + "058001", "0802" + "2005" + "208001")] // packed block sizes
    [InlineData("0802" + "2201" + "05" + "2006", "0802" + "2005" + "2006")] // packed and unpacked
    [InlineData("1800" + "0802", "0802" + "1800")] // order
    [InlineData("0802" + "4801" + "5201ff" + "5d01020304" + "610102030405060708", "0802")] // unknown fields
    [InlineData("08021200", "0802")] // empty data
    [InlineData("088200", "0802")] // long varint
    public void TolerantReading(string hex, string canonical) =>
        Assert.Equal(canonical, Convert.ToHexStringLower(UnixFsData.Decode(Convert.FromHexString(hex)).Encode()));

    [Theory]
    [InlineData("")]
    [InlineData("1200")] // no type
    [InlineData("0806")] // unknown type
    [InlineData("0a00")] // type as bytes
    [InlineData("08021001")] // data as varint
    [InlineData("08021a00")] // size as bytes
    [InlineData("0802220180")] // packed sizes cut short
    [InlineData("0802388080808010")] // mode of 33 bits
    [InlineData("08024200")] // time without seconds
    [InlineData("08024207" + "0800" + "1500000000")] // nanoseconds 0
    [InlineData("08024207" + "0800" + "1500ca9a3b")] // nanoseconds 1e9
    [InlineData("08024204" + "0800" + "1001")] // nanoseconds as varint
    [InlineData("08024b4c")] // group
    [InlineData("080212ff")]
    [InlineData("0802" + "12ffffffffffffffffff01")]
    [InlineData("0802" + "5d0102")]
    public void Refused(string hex) =>
        Assert.Throws<MalformedDataException>(() => UnixFsData.Decode(Convert.FromHexString(hex)));

    [Fact]
    public void NegativeSecondsTakeTenBytes()
    {
        UnixFsData data = new() { Type = UnixFsType.File, Mtime = new UnixTime(-1, 0) };
        byte[] message = data.Encode();
        Assert.Equal("0802" + "420b" + "08ffffffffffffffffff01", Convert.ToHexStringLower(message));
        Assert.Equal(new UnixTime(-1, 0), UnixFsData.Decode(message).Mtime);
        Assert.Throws<InvalidOperationException>(() => new UnixFsData { Type = UnixFsType.File, Mtime = new UnixTime(0, 1_000_000_000) }.Encode());
        Assert.Throws<InvalidOperationException>(() => new UnixFsData { Type = UnixFsType.File, Mtime = new UnixTime(0, -1) }.Encode());
    }

    [Fact]
    public void RoundTrip() => IpldGen.Check(IpldGen.UnixFs, data =>
    {
        byte[] message = data.Encode();
        UnixFsData read = UnixFsData.Decode(message);
        return read.Type == data.Type && read.Data.Span.SequenceEqual(data.Data.Span) && read.HasData == data.HasData
            && read.FileSize == data.FileSize && read.BlockSizes.AsSpan().SequenceEqual(data.BlockSizes)
            && read.HashType == data.HashType && read.Fanout == data.Fanout && read.Mode == data.Mode && read.Mtime == data.Mtime
            && read.Encode().AsSpan().SequenceEqual(message);
    });
}
