using System.Globalization;
using System.Text.Json;
using DataPrep.Ipld;
using DataPrep.Piece;
using Xunit;

namespace DataPrep.Tests.Piece;

/// <summary>Test data that other projects publish, read in place.</summary>
public sealed class PublishedCommPTests
{
    private const long MaxPayload = 64 << 20;

    [Theory]
    [InlineData("zero.txt", 0x00)]
    [InlineData("0xCC.txt", 0xcc)]
    public void Payloads_of_one_value(string file, byte value)
    {
        int rows = 0;
        foreach ((long payload, long size, string v1) in Rows(file).Where(row => row.Payload <= MaxPayload))
        {
            byte[] content = new byte[payload];
            content.AsSpan().Fill(value);
            Check(content, size, v1);
            rows++;
        }

        Assert.True(rows > 10, $"{rows} rows");
    }

    [Fact]
    public void Payloads_of_a_seeded_generator()
    {
        byte[] stream = File.ReadAllBytes(SharedVectors.Require("vectors", "public", "commp", "go-random-seed1337-first131072.bin"));
        (long Payload, long Size, string V1)[] rows = [.. Rows("random.txt").Where(row => row.Payload <= stream.Length)];
        Assert.Equal(53, rows.Length);
        foreach ((long payload, long size, string v1) in rows)
            Check(stream.AsSpan(0, (int)payload), size, v1);
    }

    [Fact]
    public void Payloads_of_a_linear_congruential_generator()
    {
        using JsonDocument table = JsonDocument.Parse(File.ReadAllBytes(SharedVectors.Require("vectors", "public", "derived", "commp-lcg.json")));
        JsonElement vectors = table.RootElement.GetProperty("vectors");
        Assert.Equal(32, vectors.GetArrayLength());
        foreach (JsonElement row in vectors.EnumerateArray())
        {
            PieceCommitment commitment = CommPHasher.HashData(PublishedPayloads.Lcg(row.GetProperty("payload").GetInt32()));
            Assert.Equal(row.GetProperty("commp").GetString(), Convert.ToHexStringLower(commitment.Root));
            Assert.Equal(row.GetProperty("paddedPieceSize").GetInt64(), commitment.PieceSize);
            Assert.Equal(row.GetProperty("height").GetInt32(), commitment.Height);
            Assert.Equal(row.GetProperty("pieceCidV1").GetString(), commitment.CidV1.ToString());
            Assert.Equal(row.GetProperty("pieceCidV2").GetString(), commitment.CidV2.ToString());
            Assert.Equal(row.GetProperty("dataPadding").GetInt64(), PieceCid.Decode(commitment.CidV2).Padding);
        }
    }

    [Fact]
    public void Test_cases_of_frc_0069()
    {
        using JsonDocument table = JsonDocument.Parse(File.ReadAllBytes(SharedVectors.Require("vectors", "public", "commp", "frc-0069-vectors.json")));
        foreach (JsonElement row in table.RootElement.GetProperty("vectors").EnumerateArray())
        {
            PieceCidInfo info = PieceCid.Decode(Cid.Parse(row.GetProperty("v2").GetString()!));
            Assert.Equal(row.GetProperty("padding").GetInt64(), info.Padding);
            Assert.Equal(row.GetProperty("height").GetInt32(), info.Height);
            if (row.TryGetProperty("v1", out JsonElement v1) && v1.ValueKind == JsonValueKind.String)
                Assert.Equal(v1.GetString(), PieceCid.ToV1(Cid.Parse(row.GetProperty("v2").GetString()!)).ToString());
        }
    }

    private static void Check(ReadOnlySpan<byte> payload, long size, string v1)
    {
        PieceCommitment commitment = CommPHasher.HashData(payload);
        Assert.Equal(v1, commitment.CidV1.ToString());
        Assert.Equal(size, commitment.PieceSize);
    }

    private static IEnumerable<(long Payload, long Size, string V1)> Rows(string file) =>
        File.ReadLines(SharedVectors.Require("vectors", "public", "commp", file))
            .Where(line => line.Length > 0)
            .Select(line => line.Split(','))
            .Select(row => (long.Parse(row[0], CultureInfo.InvariantCulture), long.Parse(row[1], CultureInfo.InvariantCulture), row[2]));
}
