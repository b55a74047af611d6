using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using DataPrep.Ipld;
using DataPrep.Piece;
using Xunit;

namespace DataPrep.Tests.Piece;

/// <summary>Commitments that other implementations computed; each value names the tools that agree on it.</summary>
public sealed class GoldenCommPTests
{
    private static readonly JsonElement s_golden = JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", "golden-commp.json"))).RootElement;

    public static TheoryData<string> Cases { get; } = new(s_golden.GetProperty("commp").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));

    [Fact]
    public void There_are_ninety_cases() => Assert.Equal(90, Cases.Count);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Case(string id)
    {
        JsonElement golden = s_golden.GetProperty("commp").EnumerateArray().Single(item => item.GetProperty("id").GetString() == id);
        byte[] input = GoldenInput.FromJson(golden.GetProperty("input"));
        Assert.Equal(golden.GetProperty("input_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(input)));
        using Stream stream = GoldenInput.Open(golden.GetProperty("input"));
        PieceCommitment commitment = CommPHasher.HashData(stream);

        Assert.Equal(CommPHasher.HashData(input), commitment);
        Assert.Equal(golden.GetProperty("payload_size").GetInt64(), commitment.PayloadSize);
        Assert.Equal(golden.GetProperty("v1").GetString(), commitment.CidV1.ToString());
        Assert.Equal(golden.GetProperty("v2").GetString(), commitment.CidV2.ToString());
        Assert.Equal(golden.GetProperty("padded_piece_size").GetInt64(), commitment.PieceSize);
        Assert.Equal(golden.GetProperty("height").GetInt32(), commitment.Height);
        PieceCidInfo info = PieceCid.Decode(Cid.Parse(golden.GetProperty("v2").GetString()!));
        Assert.Equal(golden.GetProperty("padding").GetInt64(), info.Padding);
        Assert.Equal(commitment.PayloadSize, info.PayloadSize);
        Assert.Equal(commitment.CidV2, PieceCid.ToV2(commitment.CidV1, commitment.PayloadSize));

        if (golden.TryGetProperty("padded_to", out JsonElement targets))
        {
            foreach (JsonProperty target in targets.EnumerateObject())
                CheckPadded(commitment, target);
        }
    }

    private static void CheckPadded(PieceCommitment natural, JsonProperty target)
    {
        long size = long.Parse(target.Name, CultureInfo.InvariantCulture);
        PieceCommitment padded = natural.PadTo(size);
        Assert.Equal(size, padded.PieceSize);
        Assert.Equal(natural.PayloadSize, padded.PayloadSize);
        Assert.Equal(target.Value.GetProperty("height").GetInt32(), padded.Height);
        Assert.Equal(target.Value.GetProperty("v1").GetString(), padded.CidV1.ToString());
        Assert.Equal(target.Value.GetProperty("v2_padding0").GetString(), padded.CidV2WholePiece.ToString());
        Assert.Equal(target.Value.GetProperty("padding").GetInt64(), PieceSize.Unpadded(size) - padded.PayloadSize);
        if (!padded.IsPaddedUp)
            return;

        // The form that states the true padding is refused by FRC-0069; ours is the one that is not.
        Assert.Equal(padded.CidV2WholePiece, padded.CidV2);
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(Cid.Parse(target.Value.GetProperty("v2_payload_padding").GetString()!)));
    }
}
