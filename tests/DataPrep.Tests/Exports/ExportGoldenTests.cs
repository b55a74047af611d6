using System.Text;
using System.Text.Json;
using DataPrep.Distribution.Exports;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Exports;

/// <summary>Every format against a file of Vectors/exports, byte for byte, and what it says against the records.</summary>
public sealed class ExportGoldenTests
{
    public static TheoryData<string> Formats => [.. ExportFormats.All.Select(format => format.Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public void AFormatIsAsItsGoldenFile(string name)
    {
        using var sample = new ExportSample();
        string golden = Path.Join(AppContext.BaseDirectory, "Vectors", "exports", name), actual = sample.Export(name);
        Assert.Equal(File.ReadAllText(golden), actual);
        // Again, and from another packing of the same files.
        using var other = new ExportSample();
        Assert.Equal(actual, other.Export(name));
    }

    [Theory]
    [InlineData("generate-car")]
    [InlineData("slingshot")]
    [InlineData("graphsplit")]
    public void InlinePiecesAreAsStoredOnesEvenWithoutTheirSources(string name)
    {
        using var stored = new ExportSample();
        using var inline = new ExportSample(isInline: true);
        Directory.Move(inline.At("climate"), inline.At("away"));
        Assert.Equal(stored.Export(name), inline.Export(name));
    }

    [Fact]
    public void SlingshotNamesEveryEntryOfTheDatasetWithItsParts()
    {
        using var sample = new ExportSample();
        var manifests = sample.Export("slingshot").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var pieces = sample.Dataset.Pieces().Select(piece => piece.Record).ToList();
        Assert.Equal(pieces.Select(piece => piece.PieceCid), manifests.Select(manifest => manifest.GetProperty("piece_cid").GetString()));
        Assert.Equal(pieces.Select(piece => piece.CarSize), manifests.Select(manifest => manifest.GetProperty("raw_car_file_size").GetInt64()));
        int cut = 0;
        foreach (var (file, _) in RecordFile.ReadLines(Path.Join(sample.Out, RecordFile.Files), RecordJson.Default.FileRecord))
        {
            string path = JsonText.PathText(RecordFile.PathBytes(file.Path, file.PathHex));
            if (file.Type == "dir")
                Assert.Contains(manifests, manifest => manifest.GetProperty("groupings").TryGetProperty(path, out var cid) && cid.GetString() == file.Cid);
            foreach (var part in file.Parts)
            {
                var entry = manifests[pieces.FindIndex(piece => piece.PieceCid == part.PieceCid)].GetProperty("contents").GetProperty(path);
                Assert.Equal(file.Size, entry.GetProperty("filesize").GetInt64());
                bool isCut = file.Parts.Count > 1;
                Assert.Equal(isCut, entry.TryGetProperty("chunkoffset", out var offset));
                if (isCut)
                    Assert.Equal((part.FileOffset, part.Length), (offset.GetInt64(), entry.GetProperty("chunklength").GetInt64()));
                else
                    Assert.Equal(file.Cid, entry.GetProperty("CID").GetString());
                cut += isCut ? 1 : 0;
            }
        }

        Assert.True(cut > 1);
        Assert.Equal(1, manifests[^1].GetProperty("groupings").EnumerateObject().Count(property => property.Name == "parts"));
    }

    [Fact]
    public void TheTreeOfGenerateCarHasTheEntriesOfItsMapAndIsThatOfGraphsplit()
    {
        using var sample = new ExportSample();
        string[] lines = sample.Export("generate-car").Split('\n', StringSplitOptions.RemoveEmptyEntries), rows = sample.Export("graphsplit").Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < lines.Length; i++)
        {
            var document = JsonDocument.Parse(lines[i]).RootElement;
            var tree = document.GetProperty("Ipld");
            Assert.Equal(document.GetProperty("DataCid").GetString(), tree.GetProperty("Hash").GetString());
            var names = new Dictionary<string, string>();
            Collect(tree, "", names);
            var map = document.GetProperty("CidMap").EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetProperty("Cid").GetString()!);
            if (i < lines.Length - 1)
                Assert.Equal(map, names);
            else
                Assert.All(map, entry => Assert.Equal(entry.Value, names[entry.Key]));
            // The last field of the row is the tree, in quotes.
            string detail = rows[i + 1][(rows[i + 1].IndexOf('"', StringComparison.Ordinal) + 1)..^1].Replace("\"\"", "\"", StringComparison.Ordinal);
            Assert.Equal(tree.GetRawText(), detail);
        }
    }

    [Fact]
    public void SingleFilesHaveTheirNames()
    {
        using var scratch = new ScratchFolder();
        foreach (var (length, most) in ((int, long?)[])[(5, null), (5000, null), (5000, 3000)])
        {
            string source = scratch.Noise($"{length}-{most}.bin", length), output = source + "-out";
            var options = new PackOptions { Sources = [source], Output = output, Profile = UnixFsProfile.V1Of2025 with { ChunkSize = 1024 }, LargestCarSize = most, Threads = 1 };
            _ = new DatasetPacker(options, new PackCounters(), default).Run();
            var dataset = new ExportDataset(output);
            using var stream = new MemoryStream();
            ExportFormats.Find("slingshot").Write(new ExportInput(dataset, [.. dataset.Pieces()], new ExportOptions(), _ => { }), stream);
            var first = JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray()).Split('\n')[0]).RootElement.GetProperty("contents").EnumerateObject().Single();
            Assert.Equal(Path.GetFileName(source), first.Name);
            Assert.Equal(length, first.Value.GetProperty("filesize").GetInt64());
        }
    }

    private static void Collect(JsonElement node, string path, Dictionary<string, string> names)
    {
        names.Add(path, node.GetProperty("Hash").GetString()!);
        if (node.GetProperty("Link").ValueKind == JsonValueKind.Null)
            return;
        foreach (var child in node.GetProperty("Link").EnumerateArray())
            Collect(child, path.Length == 0 ? child.GetProperty("Name").GetString()! : $"{path}/{child.GetProperty("Name").GetString()}", names);
    }
}
