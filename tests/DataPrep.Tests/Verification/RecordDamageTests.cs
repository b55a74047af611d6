using System.Text;
using System.Text.Json.Nodes;
using DataPrep.Records;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>The records of a small dataset, damaged byte by byte and field by field.</summary>
public sealed class RecordDamageTests : IDisposable
{
    /// <summary>Fields that the pieces cannot contradict: they describe the source or the run.</summary>
    private static readonly string[] Unknowable =
    [
        "dataset.json name", "dataset.json tool", "dataset.json previous", "dataset.json hamtThreshold",
        "dataset.json hidden", "dataset.json emptyDirs", "dataset.json symlinks", "dataset.json wrap", "dataset.json maxCarSize",
        "files.jsonl mode", "files.jsonl mtime",
    ];

    /// <summary>Fields that are only there where they are more than the default.</summary>
    private static readonly string[] Optional = ["previous", "maxCarSize"];

    private SmallDataset dataset = new();

    public void Dispose() => dataset.Dispose();

    private void UseSeveralPieces()
    {
        dataset.Dispose();
        dataset = SmallDataset.OfSeveralPieces();
    }

    [Theory]
    [InlineData(RecordFile.Dataset)]
    [InlineData(RecordFile.Pieces)]
    [InlineData(RecordFile.Files)]
    public void NoFlippedBitEndsTheVerification(string name)
    {
        int unnoticed = 0, bits = 0;
        SmallDataset.FlipEachBit(dataset.FileOf(name), bit =>
        {
            bits++;
            unnoticed += dataset.Verify().Any(f => f.IsError) ? 0 : 1;
        });

        if (name == RecordFile.Pieces)
            Assert.Equal(0, unnoticed);
        Assert.True(unnoticed < bits);
    }

    [Theory]
    [InlineData(RecordFile.Dataset)]
    [InlineData(RecordFile.Pieces)]
    [InlineData(RecordFile.Files)]
    public void EveryTruncationIsFound(string name)
    {
        int closingNewline = name == RecordFile.Dataset ? 1 : 0;
        int whole = File.ReadAllBytes(dataset.FileOf(name)).Length;
        SmallDataset.CutAtEachByte(dataset.FileOf(name), length =>
        {
            if (length < whole - closingNewline)
                Assert.True(dataset.Verify().Any(f => f.IsError), $"length {length}");
        });
    }

    /// <summary>Some of the bits, since each takes as many pieces.</summary>
    [Theory]
    [InlineData(RecordFile.Dataset, 11)]
    [InlineData(RecordFile.Pieces, 37)]
    [InlineData(RecordFile.Files, 59)]
    public void NoFlippedBitEndsTheVerificationOfSeveralPieces(string name, int step)
    {
        UseSeveralPieces();
        int unnoticed = 0;
        SmallDataset.FlipEachBit(dataset.FileOf(name), bit => unnoticed += dataset.Verify().Any(f => f.IsError) ? 0 : 1, step);
        if (name == RecordFile.Pieces)
            Assert.Equal(0, unnoticed);
    }

    [Theory]
    [InlineData(RecordFile.Dataset, false)]
    [InlineData(RecordFile.Pieces, false)]
    [InlineData(RecordFile.Files, false)]
    [InlineData(RecordFile.Dataset, true)]
    [InlineData(RecordFile.Pieces, true)]
    [InlineData(RecordFile.Files, true)]
    public void EveryOtherValueOfAFieldIsFound(string name, bool severalPieces)
    {
        if (severalPieces)
            UseSeveralPieces();
        string[] lines = name == RecordFile.Dataset ? [File.ReadAllText(dataset.FileOf(name))] : File.ReadAllLines(dataset.FileOf(name));
        for (int line = 0; line < lines.Length; line++)
        {
            foreach (string field in JsonNode.Parse(lines[line])!.AsObject().Select(p => p.Key).ToList())
            {
                bool knowable = !Unknowable.Contains($"{name} {field}");
                foreach (var other in Others(JsonNode.Parse(lines[line])![field]))
                {
                    var record = JsonNode.Parse(lines[line])!.AsObject();
                    if (JsonNode.DeepEquals(record[field], other))
                        continue;
                    record[field] = other;
                    bool found = With(name, lines, line, record.ToJsonString()).Any(f => f.IsError);
                    Assert.True(found || !knowable, $"{name} line {line}: {field} = {other?.ToJsonString() ?? "null"}");
                }

                var less = JsonNode.Parse(lines[line])!.AsObject();
                _ = less.Remove(field);
                Assert.True(With(name, lines, line, less.ToJsonString()).Any(f => f.IsError) || Optional.Contains(field), $"{name} line {line}: no {field}");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EveryFieldOfAPartIsChecked(bool severalPieces)
    {
        if (severalPieces)
            UseSeveralPieces();
        string[] lines = File.ReadAllLines(dataset.FileOf(RecordFile.Files));
        for (int line = 0; line < lines.Length; line++)
        {
            int parts = JsonNode.Parse(lines[line])!["parts"]!.AsArray().Count;
            for (int part = 0; part < parts; part++)
            {
                foreach (string field in (string[])["pieceCid", "fileOffset", "length", "carOffset"])
                {
                    foreach (var other in Others(JsonNode.Parse(lines[line])!["parts"]![part]![field]))
                    {
                        var record = JsonNode.Parse(lines[line])!;
                        record["parts"]![part]![field] = other;
                        Assert.True(With(RecordFile.Files, lines, line, record.ToJsonString()).Any(f => f.IsError), $"line {line}: {field} of part {part} = {other}");
                    }
                }
            }

            if (parts == 0)
                continue;

            var twice = JsonNode.Parse(lines[line])!;
            twice["parts"]!.AsArray().Add(twice["parts"]![0]!.DeepClone());
            if (twice["size"]!.GetValue<long>() > 0)
                Assert.Contains(With(RecordFile.Files, lines, line, twice.ToJsonString()), f => f.IsError);
            twice["parts"] = new JsonArray((JsonNode?)null);
            Assert.Contains(With(RecordFile.Files, lines, line, twice.ToJsonString()), f => f.IsError);
        }
    }

    [Fact]
    public void LinesLeftOutDoubledOrSwappedAreFound()
    {
        string[] lines = File.ReadAllLines(dataset.FileOf(RecordFile.Files));
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Contains(With([.. lines[..i], .. lines[(i + 1)..]]), f => f.IsError);
            Assert.Contains(With([.. lines[..i], lines[i], .. lines[i..]]), f => f.IsError);
            if (i > 0)
                Assert.Contains(With([.. lines[..(i - 1)], lines[i], lines[i - 1], .. lines[(i + 1)..]]), f => f.IsError);
        }

        List<Finding> With(string[] changed) => dataset.VerifyWith(RecordFile.Files, Encoding.UTF8.GetBytes(string.Concat(changed.Select(l => l + "\n"))));
    }

    [Fact]
    public void MissingAndForeignFilesAreFound()
    {
        foreach (string path in Directory.GetFiles(dataset.Out))
        {
            File.Move(path, path + ".away");
            Assert.True(dataset.Verify().Any(f => f.IsError), $"without {Path.GetFileName(path)}");
            File.Move(path + ".away", path);
        }

        File.WriteAllText(dataset.FileOf("stranger.car"), "");
        File.WriteAllText(dataset.FileOf("stranger.tree"), "");
        File.WriteAllText(dataset.FileOf("README"), "");
        Assert.Equal(["stranger", "stranger"], dataset.Verify().Select(f => f.Code));
        File.WriteAllText(dataset.FileOf(RecordFile.Skipped), """{"path":"x","reason":"changed","detail":"y"}""" + "\n");
        Assert.Contains(dataset.Verify(), f => f.IsError);
    }

    private List<Finding> With(string name, string[] lines, int line, string replacement) =>
        dataset.VerifyWith(name, Encoding.UTF8.GetBytes(string.Concat(lines.Select((text, i) => (i == line ? replacement : text.TrimEnd('\n')) + "\n"))));

    private IEnumerable<JsonNode?> Others(JsonNode? value)
    {
        if (value is JsonValue scalar && scalar.TryGetValue(out long number))
            return [number + 1, number - 1, long.MaxValue, long.MinValue, -1L];
        if (value is JsonValue text && text.TryGetValue(out string? s))
            return [s + "x", "", "\0", "../" + s, dataset.Pieces[0].RootCid, "file", "dir", "symlink", new string('a', 300)];
        if (value is JsonValue flag && flag.TryGetValue(out bool b))
            return [!b, null, 1];
        return value is JsonArray { Count: > 0 } ? [new JsonArray(), null, "x"] : ["x", null, new JsonArray("x")];
    }
}
