using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Ipld;

public sealed class CarHeaderTests
{
    private const string Root = "d82a450001550000";
    private const string Tail = "6776657273696f6e01";

    [Theory]
    [InlineData("a265726f6f747380" + Tail, 1, 0)]
    [InlineData("a265726f6f747381" + Root + Tail, 1, 1)]
    [InlineData("a265726f6f747382" + Root + Root + Tail, 1, 2)]
    [InlineData("a16776657273696f6e02", 2, 0)]
    public void CanonicalFormsSurvive(string hex, int version, int roots)
    {
        CarHeader header = CarHeader.Decode(Convert.FromHexString(hex));
        Assert.Equal((version, roots), (header.Version, header.Roots.Count));
        Assert.Equal(hex, Convert.ToHexStringLower(header.Encode()));
    }

    [Fact]
    public void ManyRoots()
    {
        Cid[] roots = [.. Enumerable.Range(0, 300).Select(i => Cid.V1(Multicodec.Raw, Multicodec.Identity, new byte[i % 100]))];
        Assert.Equal(roots, CarHeader.Decode(new CarHeader(1, roots).Encode()).Roots);
    }

    [Fact]
    public void LengthsWithOneRoot()
    {
        byte[] digest = new byte[32];
        Assert.Equal(CarHeader.LengthWithOneCidV1Root, 1 + new CarHeader(1, [Cid.Sha256(1, Multicodec.Raw, digest)]).Encode().Length);
        Assert.Equal(CarHeader.LengthWithOneCidV0Root, 1 + new CarHeader(1, [Cid.V0(digest)]).Encode().Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a0")]
    [InlineData("a16776657273696f6e01")] // version 1 without roots
    [InlineData("a16776657273696f6e182a")] // version 42
    [InlineData("a265726f6f7473806776657273696f6e02")] // version 2 with roots
    [InlineData("a2" + Tail + "65726f6f747380")] // order of keys
    [InlineData("a265726f6f747380" + Tail + "00")] // trailing byte
    [InlineData("a265726f6f7473806776657273696f6e1801")] // long number
    [InlineData("b80265726f6f747380" + Tail)] // long map head
    [InlineData("bf65726f6f747380" + Tail + "ff")] // indefinite map
    [InlineData("a265726f6f74739f" + Root + "ff" + Tail)] // indefinite array
    [InlineData("a265726f6f74739800" + Tail)] // long array head
    [InlineData("a265726f6f7473826" + "7" + "76657273696f6e01")] // roots missing
    [InlineData("a265726f6f74739b7fffffffffffffff" + Root + Tail)] // roots beyond count
    [InlineData("a265726f6f747381" + "d82b450001550000" + Tail)] // tag 43
    [InlineData("a265726f6f747381" + "d9002a450001550000" + Tail)] // long tag
    [InlineData("a265726f6f747381" + "d82a440155000" + "0" + Tail)] // no zero byte
    [InlineData("a265726f6f747381" + "d82a46000155000000" + Tail)] // byte after the CID
    [InlineData("a265726f6f747381" + "d82a40" + Tail)] // empty string
    [InlineData("a265726f6f747381" + "d82a58050001550000" + Tail)] // long string head
    [InlineData("a265726f6f747381" + "d82a5bffffffffffffffff00" + Tail)] // string beyond the end
    [InlineData("a265726f6f747381" + "450001550000" + Tail)] // no tag
    [InlineData("a365726f6f747380" + Tail + "617800")] // extra key
    [InlineData("82")]
    public void Refused(string hex) =>
        Assert.Throws<MalformedDataException>(() => CarHeader.Decode(Convert.FromHexString(hex)));

    [Fact]
    public void EncodeRefusesUnknownVersions()
    {
        Assert.Throws<InvalidOperationException>(() => new CarHeader(3, []).Encode());
        Assert.Throws<InvalidOperationException>(() => new CarHeader(2, [Cid.V0(new byte[32])]).Encode());
    }

    [Fact]
    public void FaultsNameTheirPlace()
    {
        MalformedDataException fault = new("Something is wrong", 3);
        Assert.Equal("Something is wrong at offset 3", fault.Message);
        MalformedDataException inFile = fault.WithContext("foo.car", 120);
        Assert.Equal("Something is wrong at offset 123 of foo.car", inFile.Message);
        Assert.Equal((123, "foo.car"), (inFile.Offset, inFile.Path));
    }
}
