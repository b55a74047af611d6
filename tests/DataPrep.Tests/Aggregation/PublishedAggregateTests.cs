using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataPrep.Aggregation;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using Xunit;

namespace DataPrep.Tests.Aggregation;

/// <summary>The sample aggregate and the golden proof that the data segment library of the Filecoin project publishes.</summary>
public sealed class PublishedAggregateTests
{
    private static string Sample(string name) => SharedVectors.Require("vectors", "public", "datasegment", name);

    [Fact]
    public void TheSampleIsMadeByteForByte()
    {
        string[] cars = [Sample("cat.png.car"), Sample("Verifiable_Data_Aggregation.png.car")];
        var aggregate = new Aggregate(new AggregateInputs(2, new PackCounters(), default).Read(cars));
        Assert.Equal(1 << 20, aggregate.DealSize);
        Assert.Equal("baga6ea4seaqnqkeoqevjjjfe46wo2lpfclcbmkyms4wkz5srou3vzmr3w3c72bq", aggregate.Commitment.CidV1.ToString());
        Assert.Equal("bafkzcibcaah5qkeoqevjjjfe46wo2lpfclcbmkyms4wkz5srou3vzmr3w3c72bq", aggregate.Commitment.CidV2.ToString());
        Assert.Equal("f09f73f5f2710ab83fd968425c73b91e", Convert.ToHexStringLower(aggregate.Entry(0).ToArray()[48..]));
        byte[] index = File.ReadAllBytes(Sample("index.data"));
        Assert.Equal(index.AsSpan(0, 127), aggregate.Index);
        Assert.Equal(index.Length, (aggregate.DealSize - aggregate.IndexStart) / 128 * 127);
        using (var published = JsonDocument.Parse(File.ReadAllBytes(Sample("index.json"))))
        {
            foreach (var (entry, i) in published.RootElement.EnumerateArray().Select((entry, i) => (entry, i)))
            {
                byte[] ours = aggregate.Entry(i).ToArray();
                Assert.Equal(Bytes(entry, "CommDs"), ours[..32]);
                Assert.Equal(entry.GetProperty("Offset").GetInt64(), aggregate.OffsetOf(i));
                Assert.Equal(Bytes(entry, "Checksum"), ours[48..]);
            }
        }

        using var folder = new TempFolder();
        var output = new OutputFolder(folder.Path);
        using var payload = new AggregatePayload(aggregate, null);
        using (output.Hold())
            _ = new Materializer(output, 2, new PackCounters(), default).Make("deal.data", payload.Length, payload.Read, payload.Check, reserve: false);
        Assert.Equal("94b9c4a340d990591035a6fe893f06b3b4011df6b57b4a3ace1e5b2735773b96", Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.Of("deal.data")))));
    }

    [Fact]
    public void TheGoldenProofHoldsAndNoOtherBitOfItDoes()
    {
        byte[] golden = File.ReadAllBytes(Sample("inclusion_golden1.json"));
        var record = RecordFile.Parse(golden, 0, "golden", InclusionJson.Default.InclusionRecord);
        var proof = record.Decode();
        Assert.Null(proof.Problem());
        Assert.Equal((5, 0x1ffc0003), (proof.Subtree.Index, proof.Index.Index));

        // Ours, without what says where it is from.
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(InclusionRecord.Of(proof), InclusionJson.Default.InclusionRecord);
        Assert.True(Holds(text));
        SchemaCheck.Follows(JsonDocument.Parse(text).RootElement, "inclusion");
        EachFlippedBitIsRefused(text);
    }

    [Fact]
    public void EachFlippedBitOfAProofIsRefused()
    {
        using var sample = new AggregateSample(5_000, 300);
        var aggregate = new Aggregate(sample.Pieces());
        EachFlippedBitIsRefused(JsonSerializer.SerializeToUtf8Bytes(InclusionRecord.Of(aggregate.Inclusion(1)), InclusionJson.Default.InclusionRecord));

        // And of what is under the text.
        var proof = aggregate.Inclusion(0);
        foreach (var of in (Func<byte[], SegmentInclusion>[])
        [
            bytes => proof with { PieceRoot = bytes },
            bytes => proof with { DealRoot = bytes },
            bytes => proof with { Subtree = proof.Subtree with { Siblings = bytes } },
            bytes => proof with { Index = proof.Index with { Siblings = bytes } },
            bytes => proof with { PieceSize = BitConverter.ToInt64(bytes) },
            bytes => proof with { DealSize = BitConverter.ToInt64(bytes) },
            bytes => proof with { Subtree = proof.Subtree with { Index = BitConverter.ToInt64(bytes) } },
            bytes => proof with { Index = proof.Index with { Index = BitConverter.ToInt64(bytes) } },
        ])
        {
            byte[] good = new[]
            {
                proof.PieceRoot.ToArray(), proof.DealRoot.ToArray(), proof.Subtree.Siblings.ToArray(), proof.Index.Siblings.ToArray(),
                BitConverter.GetBytes(proof.PieceSize), BitConverter.GetBytes(proof.DealSize), BitConverter.GetBytes(proof.Subtree.Index), BitConverter.GetBytes(proof.Index.Index),
            }.First(candidate => candidate.Length >= 8 && IsSame(of, candidate, proof));
            for (int bit = 0; bit < 8 * good.Length; bit++)
            {
                byte[] bad = [.. good];
                bad[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.NotNull(of(bad).Problem());
            }
        }
    }

    [Fact]
    public void ProofsOfPlacesThatNoPieceCanHaveAreRefused()
    {
        using var sample = new AggregateSample(127 * 4, 127 * 4);
        var aggregate = new Aggregate(sample.Pieces());
        var proof = aggregate.Inclusion(0);

        // The whole deal as a piece of itself, whose path is empty and right; and an entry outside of the index.
        Assert.NotNull((proof with { PieceRoot = proof.DealRoot, PieceSize = proof.DealSize, Subtree = new MerklePath(0, default) }).Problem());
        Assert.NotNull((proof with { Index = proof.Subtree }).Problem());
        Assert.NotNull((proof with { Subtree = new MerklePath(0, new byte[32 * 70]) }).Problem());
        Assert.NotNull((proof with { PieceSize = 0 }).Problem());
        Assert.NotNull((proof with { DealSize = long.MinValue }).Problem());
    }

    private static bool IsSame(Func<byte[], SegmentInclusion> of, byte[] candidate, SegmentInclusion proof)
    {
        var other = of(candidate);
        return other.Problem() is null && JsonSerializer.Serialize(InclusionRecord.Of(other), InclusionJson.Default.InclusionRecord) == JsonSerializer.Serialize(InclusionRecord.Of(proof), InclusionJson.Default.InclusionRecord);
    }

    private static void EachFlippedBitIsRefused(byte[] text)
    {
        Assert.True(Holds(text));
        for (int bit = 0; bit < 8 * text.Length; bit++)
        {
            text[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Holds(text), $"bit {bit}: {Encoding.UTF8.GetString(text)}");
            text[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    private static bool Holds(byte[] text)
    {
        try
        {
            return RecordFile.Parse(text, 0, "proof", InclusionJson.Default.InclusionRecord).Decode().Problem() is null;
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }

    private static byte[] Bytes(JsonElement entry, string name) => [.. entry.GetProperty(name).EnumerateArray().Select(number => number.GetByte())];
}
