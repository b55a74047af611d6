using System.Text.Json;
using DataPrep.Car;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Car;

public sealed class PublishedCarTests
{
    private static readonly string[] Malformed =
    [
        "badheaderlength.car",
        "badsectionlength.car",
        "sample-corrupt-pragma.car",
        "sample-rootless-v42.car",
        "sample-v1-with-zero-len-section2.car",
    ];

    [Theory]
    [InlineData("car", 12)]
    [InlineData("unixfs", 14)]
    [InlineData("datasegment", 2)]
    [InlineData("derived", 1)]
    public void EveryBlockMatchesItsCid(string folder, int files)
    {
        string[] paths = Directory.GetFiles(SharedVectors.Require("vectors", "public", folder), "*.car");
        Assert.Equal(files, paths.Length);
        foreach (string path in paths.Where(path => !Malformed.Contains(Path.GetFileName(path))))
        {
            using CarReader reader = CarReader.Open(path);
            using CarReader listing = CarReader.Open(path, new CarReadOptions { SkipData = true });
            while (reader.TryReadSection(out CarSection section))
            {
                BlockCheck expected = section.Cid.MultihashCode == Multicodec.Blake2b256 ? BlockCheck.Unverifiable : BlockCheck.Match;
                Assert.Equal(expected, BlockHash.Verify(section.Cid, section.Data.Span));
                Assert.True(listing.TryReadSection(out CarSection listed));
                Assert.Equal(section with { Data = default }, listed);
                CheckNode(section);
            }

            Assert.False(listing.TryReadSection(out _));
        }
    }

    [Fact]
    public void MalformedFilesAreRefusedWithTheirPlace()
    {
        foreach (string name in Malformed)
        {
            string path = SharedVectors.Require("vectors", "public", "car", name);
            MalformedDataException fault = Assert.Throws<MalformedDataException>(() =>
            {
                using CarReader reader = CarReader.Open(path);
                CarSamples.ReadAll(reader);
            });
            Assert.Equal(path, fault.Path);
            Assert.Contains(path, fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ZeroTailIsPaddingWhereAllowed()
    {
        string path = SharedVectors.Require("vectors", "public", "car", "sample-v1-with-zero-len-section2.car");
        using CarReader strict = CarReader.Open(path);
        Assert.Equal(20819, Assert.Throws<MalformedDataException>(() => CarSamples.ReadAll(strict)).Offset);
        using CarReader reader = CarReader.Open(path, new CarReadOptions { AllowZeroPadding = true });
        Assert.Equal(1 + 20, CarSamples.ReadAll(reader).Count);
    }

    [Theory]
    [InlineData("carv1-basic", 1, 8)]
    [InlineData("carv2-basic", 2, 5)]
    public void PublishedBlockLists(string name, int version, int blocks)
    {
        string path = SharedVectors.Require("vectors", "public", "car", name + ".car");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(path, ".json")));
        using CarReader reader = CarReader.Open(path);
        JsonElement header = json.RootElement.GetProperty("header");
        Assert.Equal(version, reader.Version);
        Assert.Equal(header.GetProperty("roots").EnumerateArray().Select(CidText), reader.Roots.Select(root => root.ToString()));
        if (version == 2)
        {
            Assert.Equal(header.GetProperty("dataOffset").GetInt64(), reader.DataOffset);
            Assert.Equal(header.GetProperty("dataSize").GetInt64(), reader.DataSize);
            Assert.Equal(header.GetProperty("indexOffset").GetInt64(), reader.IndexOffset);
        }

        int count = 0;
        foreach (JsonElement block in json.RootElement.GetProperty("blocks").EnumerateArray())
        {
            Assert.True(reader.TryReadSection(out CarSection section));
            Assert.Equal(CidText(block.GetProperty("cid")), section.Cid.ToString());
            Assert.Equal(block.GetProperty("offset").GetInt64(), section.Offset);
            Assert.Equal(block.GetProperty("blockOffset").GetInt64(), section.DataOffset);
            Assert.Equal(block.GetProperty("blockLength").GetInt32(), section.DataLength);
            Assert.Equal(block.GetProperty("length").GetInt64(), section.DataOffset + section.DataLength - section.Offset);
            count++;
        }

        Assert.Equal(blocks, count);
        Assert.False(reader.TryReadSection(out _));
    }

    [Fact]
    public void PublishedVersion1FileIsWrittenAgain()
    {
        byte[] car = File.ReadAllBytes(SharedVectors.Require("vectors", "public", "car", "carv1-basic.car"));
        using CarReader reader = CarSamples.Open(car);
        using MemoryStream stream = new();
        using CarWriter writer = new(stream, reader.Roots);
        while (reader.TryReadSection(out CarSection section))
        {
            Assert.Equal(section.Offset, writer.Write(section.Cid, section.Data.Span).Offset);
        }

        Assert.Equal(car, stream.ToArray());
    }

    private static string? CidText(JsonElement element) => element.GetProperty("/").GetString();

    /// <summary>Every dag-pb block of these files is canonical, and so is the UnixFS message in it.</summary>
    private static void CheckNode(in CarSection section)
    {
        if (section.Cid.Codec != Multicodec.DagPb)
        {
            return;
        }

        DagPbNode node = DagPbNode.Decode(section.Data);
        Assert.Equal(section.Data.ToArray(), node.Encode());
        if (node.HasData)
        {
            Assert.Equal(node.Data.ToArray(), UnixFsData.Decode(node.Data).Encode());
        }
    }
}
