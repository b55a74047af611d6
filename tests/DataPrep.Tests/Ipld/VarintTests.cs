using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Ipld;

public sealed class VarintTests
{
    [Theory]
    [InlineData(0ul, "00")]
    [InlineData(1ul, "01")]
    [InlineData(127ul, "7f")]
    [InlineData(1ul << 31, "8080808008")]
    [InlineData(128ul, "8001")]
    [InlineData(255ul, "ff01")]
    [InlineData(300ul, "ac02")]
    [InlineData(0xb220ul, "a0e402")]
    [InlineData(16384ul, "808001")]
    [InlineData(0x1011ul, "9120")]
    [InlineData(0x1012ul, "9220")]
    [InlineData(0xf101ul, "81e203")]
    [InlineData(0x7ffffffffffffffful, "ffffffffffffffff7f")]
    public void KnownValues(ulong value, string hex)
    {
        byte[] buffer = new byte[Varint.MaxLength];
        int written = Varint.Write(buffer, value);
        Assert.Equal(hex, Convert.ToHexStringLower(buffer.AsSpan(0, written)));
        Assert.Equal(written, Varint.Length(value));
        Assert.Equal(VarintStatus.Ok, Varint.TryRead(Convert.FromHexString(hex + "ff"), out ulong read, out int length));
        Assert.Equal((value, written), (read, length));
    }

    [Theory]
    [InlineData("", VarintStatus.Incomplete)]
    [InlineData("80", VarintStatus.Incomplete)]
    [InlineData("ffffffffffffffff", VarintStatus.Incomplete)]
    [InlineData("8000", VarintStatus.NotMinimal)]
    [InlineData("8100", VarintStatus.NotMinimal)]
    [InlineData("ffffffffffffffff00", VarintStatus.NotMinimal)]
    [InlineData("ffffffffffffffffff", VarintStatus.Overflow)]
    [InlineData("ffffffffffffffffff01", VarintStatus.Overflow)]
    [InlineData("80808080808080808001", VarintStatus.Overflow)]
    public void Refused(string hex, object status)
    {
        Assert.Equal((VarintStatus)status, Varint.TryRead(Convert.FromHexString(hex), out ulong value, out int length));
        Assert.Equal((0ul, 0), (value, length));
    }

    [Fact]
    public void WritingRefusesWhatCannotBeRead()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Varint.Length(1ul << 63));
        Assert.Throws<ArgumentOutOfRangeException>(() => Varint.Write(new byte[10], ulong.MaxValue));
        Assert.Throws<ArgumentException>(() => Varint.Write(new byte[1], 128));
    }

    [Fact]
    public void RoundTrip() => IpldGen.Check(IpldGen.Code, value =>
    {
        byte[] buffer = new byte[Varint.MaxLength];
        int written = Varint.Write(buffer, value);
        return written == Varint.Length(value)
            && Varint.TryRead(buffer, out ulong read, out int length) == VarintStatus.Ok && read == value && length == written
            && Varint.TryRead(buffer.AsSpan(0, written - 1), out _, out _) == VarintStatus.Incomplete;
    });

    [Theory]
    [InlineData("00", 0ul, 1)]
    [InlineData("8000", 0ul, 2)]
    [InlineData("81808000", 1ul, 4)]
    [InlineData("ffffffffffffffffff01", ulong.MaxValue, 10)]
    [InlineData("80808080808080808000", 0ul, 10)]
    public void ProtobufTakesLongForms(string hex, ulong value, int length)
    {
        Assert.Equal(VarintStatus.Ok, ProtobufVarint.TryRead(Convert.FromHexString(hex), out ulong read, out int readLength));
        Assert.Equal((value, length), (read, readLength));
    }

    [Theory]
    [InlineData("ffffffffffffffffff02", VarintStatus.Overflow)]
    [InlineData("8080808080808080808000", VarintStatus.Overflow)]
    [InlineData("ffffffffffffffffff", VarintStatus.Incomplete)]
    [InlineData("", VarintStatus.Incomplete)]
    public void ProtobufRefused(string hex, object status) =>
        Assert.Equal((VarintStatus)status, ProtobufVarint.TryRead(Convert.FromHexString(hex), out _, out _));

    [Fact]
    public void ProtobufRoundTrip() => IpldGen.Check(IpldGen.UInt64, value =>
    {
        byte[] buffer = new byte[ProtobufVarint.MaxLength];
        int written = ProtobufVarint.Write(buffer, value);
        return written == ProtobufVarint.Length(value)
            && ProtobufVarint.TryRead(buffer.AsSpan(0, written), out ulong read, out int length) == VarintStatus.Ok
            && read == value && length == written;
    });
}
