using DataPrep.Ipld;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Ipld;

/// <summary>Damaged encodings either decode or fail with the one exception that says where.</summary>
public sealed class DamageTests
{
    [Fact]
    public void Nodes() => IpldGen.Check(
        from link in IpldGen.Link
        from data in IpldGen.Bytes(20)
        select new DagPbNode([link], data, true).Encode(),
        block => Survives(block, bytes => DagPbNode.Decode(bytes)));

    [Fact]
    public void UnixFsMessages() =>
        IpldGen.Check(IpldGen.UnixFs.Select(data => data.Encode()), message => Survives(message, bytes => UnixFsData.Decode(bytes)));

    [Fact]
    public void Headers() => IpldGen.Check(
        Gen.ArrayOf(IpldGen.Cid, 2).Select(roots => new CarHeader(1, roots).Encode()),
        header => Survives(header, bytes => CarHeader.Decode(bytes)));

    [Fact]
    public void Cids() => IpldGen.Check(IpldGen.Cid.Select(cid => cid.ToByteArray()), cid => Survives(cid, bytes => Cid.Read(bytes, out _)));

    /// <summary>Strict headers have one spelling: whatever decodes encodes to the same bytes again.</summary>
    [Fact]
    public void DamagedHeadersNeverGainASecondSpelling() => IpldGen.Check(
        Gen.ArrayOf(IpldGen.Cid, 2).Select(roots => new CarHeader(1, roots).Encode()),
        header => Survives(header, bytes => Assert.Equal(bytes, CarHeader.Decode(bytes).Encode())));

    private static bool Survives(byte[] encoded, Action<byte[]> decode)
    {
        for (int length = 0; length <= encoded.Length; length++)
        {
            Attempt(encoded[..length], decode);
        }

        for (int bit = 0; bit < encoded.Length * 8; bit++)
        {
            byte[] flipped = [.. encoded];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Attempt(flipped, decode);
        }

        return true;
    }

    private static void Attempt(byte[] bytes, Action<byte[]> decode)
    {
        try
        {
            decode(bytes);
        }
        catch (MalformedDataException fault)
        {
            Assert.InRange(fault.Offset, 0, bytes.Length);
        }
    }
}
