using System.Security.Cryptography;
using System.Text;
using DataPrep.Ipld;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Ipld;

public sealed class DagPbTests
{
    private const string Link = "120b0a09015500050001020304";

    [Theory]
    [InlineData("", 0, false)]
    [InlineData("0a00", 0, true)]
    [InlineData(Link, 1, false)]
    [InlineData(Link + "0a03010203", 1, true)]
    [InlineData(Link + Link, 2, false)]
    [InlineData("120d0a090155000500010203041200", 1, false)]
    public void CanonicalFormsSurvive(string hex, int links, bool hasData)
    {
        byte[] block = Convert.FromHexString(hex);
        DagPbNode node = DagPbNode.Decode(block);
        Assert.Equal(links, node.Links.Count);
        Assert.Equal(hasData, node.HasData);
        Assert.Equal(block, node.Encode());
    }

    [Theory]
    [InlineData("0a03010203" + Link, Link + "0a03010203")]
    [InlineData("120e0a09015500050001020304" + "188000", "120d0a090155000500010203041800")]
    public void AcceptedButNotCanonical(string hex, string canonical) =>
        Assert.Equal(canonical, Convert.ToHexStringLower(DagPbNode.Decode(Convert.FromHexString(hex)).Encode()));

    [Fact]
    public void UnsortedLinksAreReadInOrderAndNotWritten()
    {
        const string B = "120e0a09015500050001020304120162";
        const string A = "120e0a09015500050001020304120161";
        DagPbNode node = DagPbNode.Decode(Convert.FromHexString(B + A));
        Assert.Equal(["b", "a"], node.Links.Select(link => Encoding.UTF8.GetString(link.Name.Span)));
        Assert.Throws<InvalidOperationException>(node.Encode);
        Assert.Equal(A + B, Convert.ToHexStringLower(DagPbNode.Decode(Convert.FromHexString(A + B)).Encode()));
    }

    [Theory]
    [InlineData("0a01010a0102", 3)] // two data fields
    [InlineData(Link + "0a0101" + Link, 16)] // links on both sides of the data
    [InlineData("120e1201610a09015500050001020304", 5)] // name before hash
    [InlineData("12021200", 2)] // no hash
    [InlineData("1200", 2)] // no hash either
    [InlineData("1a0101", 0)] // unknown field of a node
    [InlineData("120d0a09015500050001020304" + "2001", 13)] // unknown field of a link
    [InlineData("0801", 0)] // data as varint
    [InlineData("1001", 0)] // link as varint
    [InlineData("12020801", 2)] // hash as varint
    [InlineData("120d0a09015500050001020304" + "1001", 13)] // name as varint
    [InlineData("120d0a09015500050001020304" + "1a00", 13)] // Tsize as bytes
    [InlineData("12160a090155000500010203040a09015500050001020304", 13)] // two hashes
    [InlineData("120f0a09015500050001020304" + "12001200", 15)] // two names
    [InlineData("120f0a09015500050001020304" + "18001800", 15)] // two sizes
    [InlineData("120f0a09015500050001020304" + "18001200", 15)] // name after size
    [InlineData("12020a00", 2)] // empty hash
    [InlineData("120c0a0a01550005000102030400", 2)] // hash with a byte too many
    [InlineData("0a05", 0)]
    [InlineData("0affffffffffffffffff01", 0)]
    [InlineData("0a", 0)]
    [InlineData("8a", 0)]
    [InlineData("00", 0)]
    public void Refused(string hex, long offset)
    {
        byte[] block = Convert.FromHexString(hex);
        MalformedDataException fault = Assert.Throws<MalformedDataException>(() => DagPbNode.Decode(block));
        Assert.Equal(offset, fault.Offset);
    }

    [Fact]
    public void EmptyNodeHasItsPublishedCid() =>
        Assert.Equal("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", Cid.V0(SHA256.HashData([])).ToString());

    [Fact]
    public void PublishedFixtures()
    {
        string[] files = Directory.GetFiles(SharedVectors.Require("vectors", "public", "dagpb"), "*.dag-pb");
        Assert.Equal(17, files.Length);
        foreach (string file in files)
        {
            byte[] block = File.ReadAllBytes(file);
            string name = Path.GetFileNameWithoutExtension(file);
            Assert.Equal(name[(name.LastIndexOf('_') + 1)..], Cid.Sha256(1, Multicodec.DagPb, SHA256.HashData(block)).ToString());
            Assert.Equal(block, DagPbNode.Decode(block).Encode());
        }
    }

    [Fact]
    public void RoundTrip() => IpldGen.Check(
        from links in Gen.ArrayOf(IpldGen.Link)
        from data in IpldGen.Bytes(300)
        from hasData in Gen.Elements(true, false)
        select (links: links.OrderBy(link => Convert.ToHexString(link.Name.Span), StringComparer.Ordinal).ToArray(), data, hasData),
        input =>
        {
            DagPbNode node = new(input.links, input.hasData ? input.data : default, input.hasData);
            byte[] block = node.Encode();
            DagPbNode read = DagPbNode.Decode(block);
            return read.HasData == node.HasData && read.Data.Span.SequenceEqual(node.Data.Span)
                && read.Links.Select(Shape).SequenceEqual(node.Links.Select(Shape)) && read.Encode().AsSpan().SequenceEqual(block);
        });

    [Fact]
    public void HandWritingEqualsTheEncoder() => IpldGen.Check(
        from link in IpldGen.Link
        from data in IpldGen.Bytes(300)
        select (link, data),
        input =>
        {
            DagPbLink full = input.link with { HasName = true, HasTsize = true };
            byte[] cid = full.Hash.ToByteArray();
            int linkLength = DagPb.LinkLength(cid.Length, full.Name.Length, full.Tsize);
            byte[] block = new byte[linkLength + DagPb.DataFieldLength(input.data.Length)];
            int position = DagPb.WriteLink(block, cid, full.Name.Span, full.Tsize);
            bool lengthHolds = position == linkLength;
            position += DagPb.WriteDataHeader(block.AsSpan(position), input.data.Length);
            input.data.CopyTo(block, position);
            return lengthHolds && position + input.data.Length == block.Length
                && new DagPbNode([full], input.data, true).Encode().AsSpan().SequenceEqual(block);
        });

    [Fact]
    public void ArbitraryBytesGiveANodeOrACleanError() => IpldGen.Check(IpldGen.Bytes(60), bytes =>
    {
        try
        {
            _ = DagPbNode.Decode(bytes);
        }
        catch (MalformedDataException)
        {
            return true;
        }

        return true;
    });

    private static string Shape(DagPbLink link) =>
        $"{link.Hash} {link.HasName} {Convert.ToHexString(link.Name.Span)} {link.HasTsize} {link.Tsize}";
}
