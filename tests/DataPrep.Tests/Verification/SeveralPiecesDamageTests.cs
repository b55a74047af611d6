using System.Text;
using System.Text.Json.Nodes;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>A dataset of several pieces, damaged in every way that one piece does not know.</summary>
public sealed class SeveralPiecesDamageTests : IDisposable
{
    private readonly SmallDataset dataset = SmallDataset.OfSeveralPieces();
    private readonly ScratchFolder scratch = new();

    public void Dispose()
    {
        dataset.Dispose();
        scratch.Dispose();
    }

    private IEnumerable<PieceRecord> DataPieces => dataset.Pieces.Where(piece => piece.Kind == "data");

    private IEnumerable<PieceRecord> DagPieces => dataset.Pieces.Where(piece => piece.Kind == "dag");

    private string Copy() => PieceSurgery.Copy(dataset.Out, scratch.At("copy"));

    /// <summary>Some of the bits, at different places in their bytes, since each takes all pieces.</summary>
    [Fact]
    public void EveryFlippedBitOfAPieceIsFound()
    {
        foreach (var piece in dataset.Pieces)
        {
            SmallDataset.FlipEachBit(dataset.CarOf(piece), bit =>
            {
                var findings = dataset.Verify().Where(f => f.IsError && f.Path == dataset.CarOf(piece)).ToList();
                Assert.True(findings.Exists(f => f.Code == "piece-cid"), $"bit {bit} of {piece.CarFile}: piece CID");
                // A block of a dag piece may be in a data piece too, and is not missed then.
                if (piece.Kind == "data")
                    Assert.True(findings.Exists(f => f.Code is "framing" or "block-hash" or "missing-block" or "missing-root" && f.Offset >= 0), $"bit {bit} of {piece.CarFile}: where");
            }, 19);
        }
    }

    [Fact]
    public void ATruncatedPieceIsFound()
    {
        foreach (var piece in dataset.Pieces)
        {
            byte[] car = File.ReadAllBytes(dataset.CarOf(piece));
            foreach (int length in (int[])[0, 1, 58, 59, 60, car.Length / 2, car.Length - 1])
            {
                var findings = dataset.VerifyWith(piece.CarFile, car[..length]);
                Assert.Contains(findings, f => f.IsError && f.Code == "car-size" && f.Path == dataset.CarOf(piece) && f.Offset == length);
                Assert.True(findings.Any(f => f.IsError && f.Code is "framing" or "payload-size" && f.Path == dataset.CarOf(piece)), $"{length} bytes of {piece.CarFile}");
            }
        }
    }

    [Fact]
    public void AMissingPieceIsSaidOnceAndTheRestIsChecked()
    {
        foreach (var piece in dataset.Pieces)
        {
            string folder = Copy();
            File.Delete(Path.Join(folder, piece.CarFile));
            var missing = SmallDataset.Verify(folder).Where(f => f.Code == "missing-piece").ToList();
            Assert.Equal(Path.Join(folder, piece.CarFile), Assert.Single(missing).Path);
            Assert.DoesNotContain("symlink", missing[0].Message, StringComparison.Ordinal);

            _ = File.CreateSymbolicLink(Path.Join(folder, piece.CarFile), scratch.At("away.car"));
            var dangling = Assert.Single(SmallDataset.Verify(folder), f => f.Code == "missing-piece");
            Assert.Contains($"symlink to {scratch.At("away.car")}", dangling.Message, StringComparison.Ordinal);
            File.Copy(dataset.CarOf(piece), scratch.At("away.car"));
            Assert.Empty(SmallDataset.Verify(folder));
            File.Delete(scratch.At("away.car"));

            if (piece.Kind == "dag")
                continue;
            // What the missing piece has to do with does not hide another fault.
            string other = DataPieces.First(p => p != piece).PieceCid;
            PieceSurgery.Edit(folder, RecordFile.Files, line =>
            {
                foreach (var part in line["parts"]!.AsArray().Where(part => part!["pieceCid"]!.GetValue<string>() == other))
                    part!["carOffset"] = part["carOffset"]!.GetValue<long>() + 1;
            });
            Assert.Contains(SmallDataset.Verify(folder), f => f.Code == "manifest" && f.Path.EndsWith(RecordFile.Files, StringComparison.Ordinal) && f.Offset >= 0);
        }
    }

    [Fact]
    public void SwappedPiecesAreFound()
    {
        var pieces = dataset.Pieces;
        for (int i = 1; i < pieces.Count; i++)
        {
            string folder = Copy(), one = Path.Join(folder, pieces[i - 1].CarFile), two = Path.Join(folder, pieces[i].CarFile);
            File.Move(one, one + ".moved");
            File.Move(two, one);
            File.Move(one + ".moved", two);
            var findings = SmallDataset.Verify(folder);
            Assert.Contains(findings, f => f.IsError && f.Code == "piece-cid" && f.Path == one);
            Assert.Contains(findings, f => f.IsError && f.Code == "piece-cid" && f.Path == two);
        }
    }

    [Fact]
    public void AWrongListOfDagPiecesIsFound()
    {
        string[] dag = [.. DagPieces.Select(piece => piece.PieceCid)];
        foreach (string[] wrong in (string[][])[[], dag[1..], dag[..^1], [.. dag.Reverse()], [.. dag, dag[^1]], [DataPieces.First().PieceCid, .. dag]])
        {
            var record = JsonNode.Parse(File.ReadAllText(dataset.FileOf(RecordFile.Dataset)))!;
            record["dagPieces"] = new JsonArray([.. wrong.Select(cid => JsonValue.Create(cid))]);
            var findings = dataset.VerifyWith(RecordFile.Dataset, Encoding.UTF8.GetBytes(record.ToJsonString()));
            Assert.Contains(findings, f => f.IsError && f.Path == dataset.FileOf(RecordFile.Dataset) && f.Message.Contains("dagPieces", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void KindsAndTheirOrderAreChecked()
    {
        string[] lines = File.ReadAllLines(dataset.FileOf(RecordFile.Pieces));
        for (int i = 0; i < lines.Length; i++)
        {
            bool isDag = lines[i].Contains("\"dag\"", StringComparison.Ordinal);
            string other = isDag ? lines[i].Replace("\"dag\"", "\"data\"", StringComparison.Ordinal) : lines[i].Replace("\"data\"", "\"dag\"", StringComparison.Ordinal);
            Assert.True(With([.. lines[..i], other, .. lines[(i + 1)..]]).Any(f => f.IsError), $"kind of line {i}");
            Assert.True(With([.. lines[..i], .. lines[(i + 1)..]]).Any(f => f.IsError), $"without line {i}");
            Assert.True(With([.. lines[..i], lines[i], .. lines[i..]]).Any(f => f.IsError), $"line {i} twice");
            if (isDag)
                Assert.True(With([.. lines[..(i - 1)], lines[i], lines[i - 1], .. lines[(i + 1)..]]).Any(f => f.IsError), $"line {i} before the one before it");
        }

        List<Finding> With(string[] changed) => dataset.VerifyWith(RecordFile.Pieces, Encoding.UTF8.GetBytes(string.Concat(changed.Select(l => l + "\n"))));
    }

    [Fact]
    public void PartsThatDoNotLieInARowAreFound()
    {
        string[] lines = File.ReadAllLines(dataset.FileOf(RecordFile.Files));
        int line = Array.FindIndex(lines, text => JsonNode.Parse(text)!["path"]!.GetValue<string>() == "sub/cut");
        int count = Parts(JsonNode.Parse(lines[line])!).Count;
        Assert.True(count > 2);
        Expect("out of order", parts => Swap(parts, 0, 1));
        Expect("the last left out", parts => parts.RemoveAt(count - 1));
        Expect("the first left out", parts => parts.RemoveAt(0));
        Expect("one twice", parts => parts.Insert(1, parts[0]!.DeepClone()));
        Expect("one of no bytes", parts =>
        {
            var empty = parts[1]!.DeepClone();
            empty["length"] = 0;
            parts.Insert(1, empty);
        });
        Expect("places swapped", parts =>
        {
            foreach (string field in (string[])["pieceCid", "carOffset"])
            {
                var first = parts[0]![field]!.DeepClone();
                parts[0]![field] = parts[1]![field]!.DeepClone();
                parts[1]![field] = first;
            }
        });
        Expect("in a dag piece", parts => parts[0]!["pieceCid"] = DagPieces.First().PieceCid);
        foreach (int leaf in (int[])[-1, 1])
        {
            Expect($"boundary moved by {leaf} leaf", parts => MoveBoundary(parts, leaf * 64, 0));
            Expect($"boundary moved by {leaf} leaf with its section", parts => MoveBoundary(parts, leaf * 64, leaf * 101));
            Expect($"boundary moved by {leaf} byte", parts => MoveBoundary(parts, leaf, leaf));
            Expect($"section {leaf} off", parts => parts[1]!["carOffset"] = parts[1]!["carOffset"]!.GetValue<long>() + (leaf * 101));
        }

        void Expect(string what, Action<JsonArray> damage)
        {
            var record = JsonNode.Parse(lines[line])!;
            damage(Parts(record));
            string[] changed = [.. lines[..line], record.ToJsonString(), .. lines[(line + 1)..]];
            var findings = dataset.VerifyWith(RecordFile.Files, Encoding.UTF8.GetBytes(string.Concat(changed.Select(l => l + "\n"))));
            long offset = lines[..line].Sum(l => Encoding.UTF8.GetByteCount(l) + 1);
            Assert.True(findings.Any(f => f.IsError && f.Path == dataset.FileOf(RecordFile.Files) && f.Offset == offset && f.Message.Contains("sub/cut", StringComparison.Ordinal)), what);
        }

        static JsonArray Parts(JsonNode record) => record["parts"]!.AsArray();

        static void Swap(JsonArray parts, int i, int j)
        {
            (var one, var two) = (parts[i]!.DeepClone(), parts[j]!.DeepClone());
            (parts[i], parts[j]) = (two, one);
        }

        static void MoveBoundary(JsonArray parts, int bytes, int carBytes)
        {
            parts[0]!["length"] = parts[0]!["length"]!.GetValue<long>() + bytes;
            parts[1]!["fileOffset"] = parts[1]!["fileOffset"]!.GetValue<long>() + bytes;
            parts[1]!["length"] = parts[1]!["length"]!.GetValue<long>() - bytes;
            parts[1]!["carOffset"] = parts[1]!["carOffset"]!.GetValue<long>() + carBytes;
        }
    }

    /// <summary>Each block of each piece, with commitment and all records agreeing with the CAR that is left.</summary>
    [Fact]
    public void ABlockThatIsLeftOutIsFound()
    {
        var all = dataset.Pieces.SelectMany(piece => PieceSurgery.Sections(dataset.CarOf(piece)).Select(section => (piece, section.Cid))).ToList();
        foreach (var piece in dataset.Pieces)
        {
            var sections = PieceSurgery.Sections(dataset.CarOf(piece));
            for (int i = 0; i < sections.Count; i++)
            {
                string folder = Copy();
                string car = PieceSurgery.Replace(folder, piece, [.. sections[..i], .. sections[(i + 1)..]]);
                var findings = SmallDataset.Verify(folder);
                var cid = sections[i].Cid;
                Assert.DoesNotContain(findings, f => f.Code is "piece-cid" or "sidecar" or "framing" or "car-size");
                var missing = findings.Where(f => f.IsError && f.Code is "missing-block" or "missing-root" && f.Offset >= 0 && f.Message.Contains(cid.ToString(), StringComparison.Ordinal)).ToList();
                string what = $"block {i} of {piece.Kind} {piece.CarFile}, {cid}";
                if (piece.Kind == "data")
                    Assert.True(missing.Any(f => f.Path == car), what);
                else if (!all.Exists(block => block.Cid == cid && block.piece != piece))
                    Assert.True(missing.Count > 0, what);
            }
        }
    }

    [Fact]
    public void ADagPieceWhoseRootIsNotLastIsFound()
    {
        var piece = DagPieces.First(piece => PieceSurgery.Sections(dataset.CarOf(piece)).Count > 1);
        var sections = PieceSurgery.Sections(dataset.CarOf(piece));
        string folder = Copy();
        string car = PieceSurgery.Replace(folder, piece, [.. sections[..^2], sections[^1], sections[^2]]);
        var finding = Assert.Single(SmallDataset.Verify(folder));
        Assert.Equal(("root-cid", car, 0), (finding.Code, finding.Path, finding.Offset));
    }

    /// <summary>The canonical tree is right, but who has only this piece finds the file under another name.</summary>
    [Fact]
    public void AnotherNameInThePiecesOwnTreeIsFound()
    {
        var piece = DataPieces.First();
        var sections = PieceSurgery.Sections(dataset.CarOf(piece));
        var root = DagPbNode.Decode(sections[^1].Data);
        var links = root.Links.Select(link => link with { Name = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(link.Name.Span) + "x") }).ToArray();
        byte[] node = new DagPbNode(links, root.Data, true).Encode();
        var cid = Cid.Sha256(1, Multicodec.DagPb, System.Security.Cryptography.SHA256.HashData(node));
        string folder = Copy();
        _ = PieceSurgery.Replace(folder, piece, [.. sections[..^1], (cid, node)], cid);
        var findings = SmallDataset.Verify(folder);
        Assert.All(findings, f => Assert.Contains("whose own tree", f.Message, StringComparison.Ordinal));
        Assert.Contains(findings, f => f.IsError && f.Path == Path.Join(folder, RecordFile.Files) && f.Offset == 0);
    }

    [Fact]
    public void FindingsComeInTheSameOrderWithAnyNumberOfThreads()
    {
        foreach (var piece in dataset.Pieces)
        {
            string car = dataset.CarOf(piece);
            byte[] bytes = File.ReadAllBytes(car);
            bytes[^1] ^= 1;
            File.WriteAllBytes(car, bytes);
        }

        var one = dataset.Verify();
        Assert.Equal(dataset.Pieces.Select(dataset.CarOf), one.Select(f => f.Path).Where(path => path.EndsWith(".car", StringComparison.Ordinal)).Distinct());
        foreach (int threads in (int[])[2, 3, 8])
            Assert.Equal(one, dataset.Verify(threads));
    }

    [Fact]
    public void CarsThatAreNamedTogetherAreTakenTogether()
    {
        string[] cars = [.. dataset.Pieces.Select(dataset.CarOf)];
        Assert.Empty(SmallDataset.VerifyCars(cars));
        Array.Reverse(cars);
        Assert.Empty(SmallDataset.VerifyCars(cars));
        foreach (var piece in DataPieces)
            Assert.Empty(SmallDataset.VerifyCars(dataset.CarOf(piece)));
        foreach (var piece in DagPieces)
        {
            var findings = SmallDataset.VerifyCars(dataset.CarOf(piece));
            Assert.InRange(findings.Count, 1, OpenLinks.MostNamed + 1);
            Assert.All(findings, f => Assert.Equal(("missing-block", dataset.CarOf(piece), true), (f.Code, f.Path, f.Offset >= 0)));
        }
    }

    [Fact]
    public void ThousandsOfMissingBlocksAreNotNamedOneByOne()
    {
        using var stream = new MemoryStream();
        var links = Enumerable.Range(0, 1000).Select(i => new DagPbLink(Tests.Car.CarSamples.RawCid(BitConverter.GetBytes(i)), default, true, 4, true)).ToArray();
        byte[] node = new DagPbNode(links, new byte[] { 8, 1 }, true).Encode();
        var cid = Cid.Sha256(1, Multicodec.DagPb, System.Security.Cryptography.SHA256.HashData(node));
        using (var writer = new CarWriter(stream, [cid]))
            _ = writer.Write(cid, node);
        var findings = SmallDataset.VerifyCar(scratch.File("links.car", stream.ToArray())).Findings.Where(f => f.Code == "missing-block").ToList();
        Assert.Equal(OpenLinks.MostNamed + 1, findings.Count);
        Assert.Contains("980 more", findings[^1].Message, StringComparison.Ordinal);
    }
}
