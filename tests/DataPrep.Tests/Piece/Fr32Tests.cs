using System.Text.Json;
using DataPrep.Piece;
using DataPrep.Tests.Reference;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Piece;

public sealed class Fr32Tests
{
    [Fact]
    public void Pads_as_the_definition_says()
    {
        for (int groups = 0; groups < 20; groups++)
        {
            byte[] raw = new byte[127 * groups];
            new Random(groups).NextBytes(raw);
            byte[] padded = new byte[128 * groups];
            Fr32.Pad(raw, padded);
            Assert.Equal(raw.Chunk(127).SelectMany(group => ReferenceCommP.Fr32(group)), padded);

            byte[] back = new byte[raw.Length];
            Fr32.Unpad(padded, back);
            Assert.Equal(raw, back);
        }
    }

    [Fact]
    public void Byte_by_byte_and_in_vectors_is_the_same()
    {
        byte[] raw = new byte[127 * 64], padded = new byte[128 * 64], slow = new byte[128 * 64];
        new Random(1).NextBytes(raw);
        Fr32.Pad(raw, padded);
        for (int group = 0; group < 64; group++)
            Fr32.PadGroup(raw.AsSpan(127 * group, 127), slow.AsSpan(128 * group, 128));
        Assert.Equal(slow, padded);
    }

    [Fact]
    public void Each_bit_goes_where_it_belongs()
    {
        for (int bit = 0; bit < 1016; bit++)
        {
            byte[] raw = new byte[254], padded = new byte[256];
            raw[bit / 8] = (byte)(1 << (bit % 8));
            Fr32.Pad(raw, padded);
            int at = ((bit / 254) * 256) + (bit % 254);
            byte[] expected = new byte[256];
            expected[at / 8] = (byte)(1 << (at % 8));
            Assert.Equal(expected, padded);
        }
    }

    [Fact]
    public void A_short_tail_is_extended_with_zeros() =>
        Prop.ForAll(Arb.From(Gen.Choose(0, 600)), Arb.From(Gen.Choose(0, 3)), Arb.From(Gen.Choose(0, int.MaxValue)), (length, spare, seed) =>
        {
            byte[] raw = new byte[length];
            new Random(seed).NextBytes(raw);
            byte[] padded = new byte[128 * (((length + 126) / 127) + spare)];
            padded.AsSpan().Fill(0xee);
            Fr32.PadTail(raw, padded);
            byte[] whole = new byte[padded.Length / 128 * 127], expected = new byte[padded.Length];
            raw.CopyTo(whole, 0);
            Fr32.Pad(whole, expected);
            return expected.AsSpan().SequenceEqual(padded);
        }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Writes_nothing_past_its_groups()
    {
        byte[] padded = new byte[300];
        padded.AsSpan().Fill(0x77);
        Fr32.Pad(new byte[254], padded);
        Assert.Equal(-1, padded.AsSpan(256).IndexOfAnyExcept((byte)0x77));
    }

    [Fact]
    public void Refuses_other_lengths()
    {
        Assert.Throws<ArgumentException>(() => Fr32.Pad(new byte[126], new byte[128]));
        Assert.Throws<ArgumentException>(() => Fr32.Pad(new byte[254], new byte[255]));
        Assert.Throws<ArgumentException>(() => Fr32.PadTail(new byte[128], new byte[128]));
        Assert.Throws<ArgumentException>(() => Fr32.PadTail(new byte[1], new byte[100]));
        Assert.Throws<ArgumentException>(() => Fr32.Unpad(new byte[127], new byte[127]));
        Assert.Throws<ArgumentException>(() => Fr32.Unpad(new byte[256], new byte[253]));
    }

    [Fact]
    public void Unpad_ignores_the_bits_between_elements()
    {
        byte[] padded = new byte[128], raw = new byte[127];
        for (int last = 31; last < 128; last += 32)
            padded[last] = 0xc0;
        Fr32.Unpad(padded, raw);
        Assert.Equal(new byte[127], raw);
    }

    [Fact]
    public void Agrees_with_published_groups()
    {
        using JsonDocument quads = JsonDocument.Parse(
            File.ReadAllBytes(SharedVectors.Require("vectors", "public", "derived", "fr32-quads.json")));
        Assert.True(quads.RootElement.GetArrayLength() > 0);
        foreach (JsonElement quad in quads.RootElement.EnumerateArray())
        {
            byte[] padded = new byte[128];
            Fr32.Pad(Convert.FromHexString(quad.GetProperty("unpadded").GetString()!), padded);
            Assert.Equal(quad.GetProperty("padded").GetString(), Convert.ToHexStringLower(padded));
        }
    }
}
