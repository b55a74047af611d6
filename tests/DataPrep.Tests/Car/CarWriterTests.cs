using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Car;

public sealed class CarWriterTests
{
    [Fact]
    public void HelloWorld()
    {
        byte[] data = Encoding.UTF8.GetBytes("hello world");
        Cid cid = CarSamples.RawCid(data);
        using MemoryStream stream = new();
        using CarWriter writer = new(stream, [cid], leaveOpen: true);
        Assert.Equal(59, writer.Position);
        Assert.Equal(new CarSectionPosition(59, 96, 11), writer.Write(cid, data));
        writer.Flush();
        Assert.Equal(107, writer.Position);
        Assert.Equal(CarSamples.HelloWorld, Convert.ToHexStringLower(stream.ToArray()));
    }

    [Fact]
    public void NoRoots()
    {
        using MemoryStream stream = new();
        using CarWriter writer = new(stream, []);
        Assert.Equal(CarSamples.EmptyHeader, stream.ToArray());
    }

    [Fact]
    public void RoundTrip() => Ipld.IpldGen.Check(
        from roots in Gen.ArrayOf(Ipld.IpldGen.Cid)
        from cids in Gen.ArrayOf(Ipld.IpldGen.Cid)
        from data in Ipld.IpldGen.Bytes(500)
        select (roots, cids, data),
        input =>
        {
            using MemoryStream stream = new();
            using CarWriter writer = new(stream, input.roots);
            List<CarSectionPosition> written = [.. input.cids.Select(cid => writer.Write(cid, input.data))];
            using CarReader reader = CarSamples.Open(stream.ToArray());
            bool same = reader.Roots.SequenceEqual(input.roots);
            for (int i = 0; i < written.Count; i++)
            {
                same &= reader.TryReadSection(out CarSection section) && section.Cid == input.cids[i]
                    && written[i] == new CarSectionPosition(section.Offset, section.DataOffset, section.DataLength)
                    && section.Data.Span.SequenceEqual(input.data);
            }

            return same && !reader.TryReadSection(out _);
        });

    [Fact]
    public void FailureSticks()
    {
        byte[] data = [1];
        Cid cid = CarSamples.RawCid(data);
        using CarSamples.FullDisk disk = new(59 + 37 + 1 + 37);
        using CarWriter writer = new(disk, [cid]);
        writer.Write(cid, data);
        Assert.Throws<IOException>(() => writer.Write(cid, data));
        Assert.Throws<InvalidOperationException>(() => writer.Write(cid, data));
        Assert.Throws<InvalidOperationException>(writer.Flush);
        Assert.Throws<IOException>(() => new CarWriter(new CarSamples.FullDisk(58), [cid]));
    }

    [Fact]
    public void ArgumentsAreCheckedWithoutHarm()
    {
        byte[] data = [1];
        Cid cid = CarSamples.RawCid(data);
        using MemoryStream stream = new();
        Assert.Throws<ArgumentException>(() => new CarWriter(stream, [default]));
        using CarWriter writer = new(stream, [cid]);
        Assert.Throws<ArgumentException>(() => writer.Write(default, data));
        Assert.Throws<ArgumentException>(() => writer.Write(cid, new byte[(8 << 20) - 35]));
        Assert.Equal(59, writer.Write(cid, new byte[(8 << 20) - 36]).Offset);
        writer.Write(cid, data);
        writer.Dispose();
        Assert.Throws<InvalidOperationException>(() => writer.Write(cid, data));
    }

    [Fact]
    public void BlocksAreHeldAgainstTheirCids()
    {
        byte[] data = [1, 2, 3];
        Cid cid = CarSamples.RawCid(data);
        Assert.Equal(BlockCheck.Match, BlockHash.Verify(cid, data));
        Assert.Equal(BlockCheck.Match, BlockHash.Verify(Cid.V0(cid.Digest), data));
        Assert.Equal(BlockCheck.Mismatch, BlockHash.Verify(cid, [1, 2]));
        Assert.Equal(BlockCheck.Match, BlockHash.Verify(Cid.V1(Multicodec.Raw, Multicodec.Identity, data), data));
        Assert.Equal(BlockCheck.Mismatch, BlockHash.Verify(Cid.V1(Multicodec.Raw, Multicodec.Identity, data), [1]));
        Assert.Equal(BlockCheck.Unverifiable, BlockHash.Verify(Cid.V1(Multicodec.Raw, Multicodec.Blake2b256, cid.Digest), data));
        Assert.Equal(BlockCheck.Unverifiable, BlockHash.Verify(Cid.V1(Multicodec.Raw, Multicodec.Sha256, cid.Digest[..20]), data));
        Assert.Equal(BlockCheck.Mismatch, BlockHash.Verify(Cid.V1(Multicodec.Raw, Multicodec.Sha256, [.. cid.Digest, 0]), data));
        Assert.Equal(BlockCheck.Unverifiable, BlockHash.Verify(default, data));
    }
}
