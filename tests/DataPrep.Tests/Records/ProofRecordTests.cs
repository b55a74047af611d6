using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Tests.Piece;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Records;

public sealed class ProofRecordTests : IDisposable
{
    private readonly ScratchFolder scratch = new();
    private readonly ProofSample sample = new(300_000);

    public void Dispose() => scratch.Dispose();

    private ProofRecord Record => ProofRecord.Of(sample.Tree.Commitment, sample.Prove(1000, 300), 1000, 300);

    [Fact]
    public void Comes_back_as_it_was_and_matches_its_schema()
    {
        string file = Write(Record);
        var read = ProofRecord.Read(file);
        Assert.Equal(File.ReadAllText(file), File.ReadAllText(Write(read)));
        var (proof, piece) = read.Decode();
        Assert.Equal(2, piece.Version);
        Assert.True(proof.FoldsTo(piece.Root));

        using var schema = JsonDocument.Parse(File.ReadAllBytes(Path.Join(Checkout.Root, "docs", "schema", "proof.schema.json")));
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        var properties = schema.RootElement.GetProperty("properties");
        Assert.Equal(properties.EnumerateObject().Select(p => p.Name), json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(properties.EnumerateObject().Select(p => p.Name).Except(["pieceCidV2"]), schema.RootElement.GetProperty("required").EnumerateArray().Select(name => name.GetString()!));
        foreach (var property in json.RootElement.EnumerateObject())
        {
            string type = property.Value.ValueKind switch { JsonValueKind.Number => "integer", JsonValueKind.Array => "array", _ => "string" };
            Assert.Equal(type, properties.GetProperty(property.Name).GetProperty("type").GetString());
        }
    }

    [Fact]
    public void Holds_by_the_version_1_cid_alone()
    {
        string data = scratch.File("data", sample.Data(Record.DataOffset, Record.DataLength).ToArray());
        Assert.Empty(Verify(Write(Record with { PieceCidV2 = null }), data));
        string other = CommPHasher.HashData("other"u8).CidV1.ToString();
        Assert.Equal("proof", Assert.Single(Verify(Write(Record with { PieceCidV2 = null, PieceCid = other }))).Code);
    }

    [Fact]
    public void Zeros_behind_the_payload_need_no_data()
    {
        var record = ProofRecord.Of(sample.Tree.Commitment, sample.Prove(400_000, 300), 400_000, 300);
        Assert.Equal(0, record.DataLength);
        string file = Write(record), piece = scratch.File("piece", sample.Payload);
        Assert.Empty(Verify(file, scratch.File("none", "")));
        Assert.Empty(Verify(file, scratch.File("zeros", new byte[300])));
        Assert.Empty(Verify(file, piece));
        Assert.Equal("proof-data", Assert.Single(Verify(file, scratch.File("other", "x"))).Code);
    }

    [Fact]
    public void The_range_and_the_piece_both_serve_and_any_other_length_is_refused()
    {
        string file = Write(Record);
        byte[] data = sample.Data(Record.DataOffset, Record.DataLength).ToArray();
        Assert.Empty(Verify(file, scratch.File("data", data)));
        Assert.Empty(Verify(file, scratch.File("piece", sample.Payload)));
        Assert.Empty(Verify(file, scratch.File("piece", [.. sample.Payload, .. new byte[sample.Capacity - sample.Payload.Length]])));
        Assert.Empty(Verify(file, scratch.File("piece", sample.Payload[..(int)(Record.DataOffset + Record.DataLength)])));
        Assert.Equal("proof-data", Assert.Single(Verify(file, scratch.File("data", data[1..]))).Code);
        Assert.Equal("proof-data", Assert.Single(Verify(file, scratch.File("data", sample.Payload[1..]))).Code);
        data[17] ^= 1;
        Assert.Equal("proof-data", Assert.Single(Verify(file, scratch.File("data", data))).Code);
    }

    [Fact]
    public void Every_flipped_bit_of_a_proof_file_is_refused_but_for_what_it_does_not_prove()
    {
        // Without the range that was asked for, nothing in the file is free but the case of hex digits and padding in the v2 CID,
        // of which this piece's last byte decides the data's length.
        string data = scratch.File("data", sample.Data(Record.DataOffset, Record.DataLength).ToArray());
        byte[] right = File.ReadAllBytes(Write(Record));
        string text = Encoding.UTF8.GetString(right);
        string same = JsonText(Record);
        for (int bit = 0; bit < 8 * right.Length; bit++)
        {
            byte[] bytes = [.. right];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            var findings = Verify(scratch.File("flipped", bytes), data);
            if (findings.Count > 0)
                continue;
            var read = ProofRecord.Read(scratch.At("flipped"));
            Assert.True(JsonText(read with { Offset = Record.Offset, Length = Record.Length, PieceCidV2 = Record.PieceCidV2 }).Equals(same, StringComparison.OrdinalIgnoreCase), $"bit {bit}: {text[Math.Max(0, (bit / 8) - 20)..(bit / 8)]}");
            var v2 = PieceCid.Decode(Cid.Parse(read.PieceCidV2!));
            Assert.Equal(sample.Tree.Commitment.Root, v2.Root);
            Assert.Equal(sample.Tree.Commitment.PieceSize, v2.PieceSize);
        }
    }

    [Fact]
    public void Fields_that_do_not_go_together_are_refused()
    {
        var right = Record;
        string node = right.Nodes[0];
        ProofRecord[] wrong =
        [
            right with { Type = "prof" },
            right with { Version = 2 },
            right with { PieceCid = right.PieceCidV2! },
            right with { PieceCid = "" },
            right with { PieceCidV2 = right.PieceCid },
            right with { PieceCidV2 = CommPHasher.HashData("other"u8).CidV2.ToString() },
            right with { PieceSize = 0 },
            right with { PieceSize = -128 },
            right with { PieceSize = 129 },
            right with { PieceSize = right.PieceSize * 2 },
            right with { PieceSize = 1L << 62 },
            right with { PieceSize = long.MinValue },
            right with { Offset = -1 },
            right with { Offset = right.DataOffset - 1 },
            right with { Offset = long.MaxValue },
            right with { Length = 0 },
            right with { Length = -1 },
            right with { Length = long.MaxValue },
            right with { Length = long.MinValue },
            right with { DataOffset = right.DataOffset + 1 },
            right with { DataLength = right.DataLength - 1 },
            right with { DataLength = -1 },
            right with { DataLength = long.MaxValue },
            right with { Level = -1 },
            right with { Level = right.Level + 1 },
            right with { Level = int.MaxValue },
            right with { Index = -1 },
            right with { Index = right.Index + 1 },
            right with { Index = long.MaxValue },
            right with { Nodes = [] },
            right with { Nodes = [node, node, node] },
            right with { Nodes = [node[1..]] },
            right with { Nodes = [null!] },
            right with { Nodes = [node[..^1] + "g"] },
            right with { Path = [] },
            right with { Path = [.. right.Path, node] },
            right with { Path = [.. right.Path.Skip(1)] },
            right with { Path = [.. Enumerable.Repeat(node, 1000)] },
            right with { Path = [.. right.Path.Select(_ => (string)null!)] },
        ];
        for (int i = 0; i < wrong.Length; i++)
        {
            Assert.Throws<MalformedDataException>(() => wrong[i].Decode());
            Assert.Contains(Verify(Write(wrong[i])), finding => finding.Code == "malformed-proof");
        }
    }

    [Fact]
    public void Hostile_files_are_refused()
    {
        string right = JsonText(Record);
        string[] texts =
        [
            "", "{", "null", "[]", "1", "{}", right[..^2], right + "{}",
            new string('[', 5000),
            right.Replace("\"path\":", "\"path\": " + new string('[', 60_000) + ", \"more\":", StringComparison.Ordinal),
            right.Replace("\"level\":", "\"level\": 1e400, \"more\":", StringComparison.Ordinal),
            right.Replace("\"type\":", "\"index\": 5, \"type\":", StringComparison.Ordinal),
            right.Replace("\"type\":", "\"extra\": 5, \"type\":", StringComparison.Ordinal),
            right.Replace("\"version\": 1", "\"version\": \"1\"", StringComparison.Ordinal),
            right.Replace("\"version\": 1", "\"version\": 1.5", StringComparison.Ordinal),
            JsonText(Record with { Path = [.. Enumerable.Repeat(Record.Nodes[0], 100_000)] }),
        ];
        for (int i = 0; i < texts.Length; i++)
        {
            Assert.NotEqual(right, texts[i]);
            Assert.Equal("malformed-proof", Assert.Single(Verify(scratch.File("hostile", texts[i]))).Code);
        }

        foreach (string field in JsonNode.Parse(right)!.AsObject().Select(field => field.Key).Where(field => field != "pieceCidV2"))
        {
            var json = JsonNode.Parse(right)!.AsObject();
            json[field] = null;
            Assert.Equal("malformed-proof", Assert.Single(Verify(scratch.File("hostile", json.ToJsonString()))).Code);
            json.Remove(field);
            Assert.Equal("malformed-proof", Assert.Single(Verify(scratch.File("hostile", json.ToJsonString()))).Code);
        }
    }

    private static string JsonText(ProofRecord record)
    {
        using var stream = new MemoryStream();
        RecordFile.Write(stream, record, ProofJson.Default.ProofRecord);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private string Write(ProofRecord record) => scratch.File("proof", JsonText(record));

    private static List<Finding> Verify(string file, string? data = null)
    {
        var findings = new List<Finding>();
        _ = new ProofVerifier(new FindingLog(findings.Add)).Verify(file, data);
        return findings;
    }
}
