using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Unixfs;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

public sealed class SampleVerifierTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Source => scratch.At("src");

    private string Out => scratch.At("out");

    private IReadOnlyList<PieceRecord> Pack(long? carSize, UnixFsProfile? profile = null)
    {
        var options = new PackOptions { Sources = [Source], Output = Out, Profile = profile ?? UnixFsProfile.V1Of2025, LargestCarSize = carSize, Threads = 2 };
        return new DatasetPacker(options, new PackCounters(), default).Run().Pieces;
    }

    private IReadOnlyList<PieceRecord> PackMixed()
    {
        _ = scratch.Noise("src/a/one.bin", 5_000_000, 1);
        _ = scratch.Noise("src/b/two.dat", 2_300_000, 2);
        _ = scratch.Noise("src/b/empty", 0);
        for (int i = 0; i < 40; i++)
            _ = scratch.Noise($"src/wide/{i}.txt", 30_000 + i, i);
        return Pack(3_000_000, UnixFsProfile.V1Of2025 with { ChunkSize = 100_000, MaxLinks = 8, HamtThreshold = 200, HamtFanout = 8 });
    }

    private (List<Finding> Findings, SampleResult? Result) Sample(Func<SampleOptions, SampleOptions>? change = null)
    {
        var findings = new List<Finding>();
        var options = new SampleOptions { Folder = Out, Seed = "seed" };
        var result = new SampleVerifier(new FindingLog(findings.Add), change?.Invoke(options) ?? options, 2, new PackCounters(), default).Verify();
        return (findings, result);
    }

    private void Damage(string car, long offset, Action damaged)
    {
        using var handle = File.OpenHandle(Path.Join(Out, car), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] one = new byte[1];
        _ = RandomAccess.Read(handle, one, offset);
        RandomAccess.Write(handle, [(byte)(one[0] ^ 1)], offset);
        damaged();
        RandomAccess.Write(handle, one, offset);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("piece")]
    [InlineData("position")]
    [InlineData("size")]
    [InlineData("type")]
    [InlineData("folder")]
    public void ASoundDatasetHasNoFindingWhateverIsSampled(string strata)
    {
        var pieces = PackMixed();
        Assert.True(pieces.Count > 3);
        long segments = pieces.Sum(piece => SubTreeHasher.SegmentCount(piece.CarSize));
        foreach (long samples in (long[])[1, 5, segments, 1000])
        {
            for (int seed = 0; seed < 5; seed++)
            {
                var (findings, result) = Sample(options => options with { Strata = strata, Samples = samples, Seed = $"{seed}", Source = Source });
                Assert.Empty(findings);
                Assert.Equal(segments, result!.Plan.Population);
                Assert.Equal(Math.Clamp(samples, result.Plan.Samples.Count, segments), result.Plan.Count);
                Assert.Equal(result.Blocks, result.SourceBlocks);
            }
        }

        var all = Sample(options => options with { Strata = strata, Samples = segments }).Result!;
        Assert.Equal(pieces.Sum(piece => piece.CarSize), all.Bytes);
        Assert.True(all.Blocks > segments / 2);
    }

    /// <summary>Whatever the seed, the beginning and the end of each piece are read, and each eighth of it.</summary>
    [Fact]
    public void EachPositionIsSampled()
    {
        _ = scratch.Noise("src/a", 30_000_000);
        var pieces = Pack(20_000_000);
        var strata = Strata.Of(pieces, Strata.Position, new OutputFolder(Out));
        Assert.Equal(pieces.Sum(piece => SubTreeHasher.SegmentCount(piece.CarSize)), strata.Sum(stratum => stratum.Count));
        foreach (var piece in pieces.Where(piece => SubTreeHasher.SegmentCount(piece.CarSize) > 10))
        {
            foreach (long segment in (long[])[0, SubTreeHasher.SegmentCount(piece.CarSize) - 1])
                Damage(piece.CarFile, segment * SubTreeHasher.SegmentRaw, () => Assert.Contains(Sample(options => options with { Strata = Strata.Position, Samples = 1 }).Findings, finding => finding.Code == "segment" && finding.Offset == segment * SubTreeHasher.SegmentRaw));
        }
    }

    /// <summary>Two of about a hundred segments are damaged: with 1 % and 99 % asked for, they are found.</summary>
    [Fact]
    public void DamageIsFoundAsOftenAsWasAskedFor()
    {
        _ = scratch.File("src/zeros", "");
        using (var file = File.OpenWrite(scratch.At("src/zeros")))
            file.SetLength(115_000_000);
        var pieces = Pack(40_000_000);
        long[] segments = [.. pieces.Select(piece => SubTreeHasher.SegmentCount(piece.CarSize))];
        long population = segments.Sum();
        Assert.InRange(population, 101, 200);
        int found = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            var places = new SampleNumbers($"damage {seed}", "").Distinct(2, population).Select(Place).ToArray();
            Damage(places[0].Car, places[0].Offset, () => Damage(places[1].Car, places[1].Offset, () =>
            {
                var (findings, result) = Sample(options => options with { Seed = $"{seed}" });
                Assert.Equal(population, result!.Plan.Population);
                Assert.True(result.Plan.Count < population);
                Assert.All(findings.Where(finding => finding.Code == "segment"), finding => Assert.Contains((finding.Path, finding.Offset), places.Select(place => (Path.Join(Out, place.Car), place.Offset / SubTreeHasher.SegmentRaw * SubTreeHasher.SegmentRaw))));
                found += findings.Any(finding => finding.Code == "segment") ? 1 : 0;
            }));
        }

        Assert.InRange(found, 97, 100);
        Assert.Empty(Sample().Findings);

        (string Car, long Offset) Place(long unit)
        {
            int piece = 0;
            for (; unit >= segments[piece]; piece++)
                unit -= segments[piece];
            long start = unit * SubTreeHasher.SegmentRaw;
            return (pieces[piece].CarFile, start + ((pieces[piece].CarSize - start) / 2 % SubTreeHasher.SegmentRaw));
        }
    }

    [Fact]
    public void OneSeedGivesTheSameOnEveryRunAndAnotherOneOthers()
    {
        var pieces = PackMixed();
        foreach (var piece in pieces)
        {
            byte[] car = File.ReadAllBytes(Path.Join(Out, piece.CarFile));
            for (int at = 500_000; at < car.Length; at += SubTreeHasher.SegmentRaw)
                car[at] ^= 1;
            File.WriteAllBytes(Path.Join(Out, piece.CarFile), car);
        }

        string[] first = Segments("a");
        Assert.NotEmpty(first);
        Assert.Equal(first, Segments("a"));
        Assert.Contains(Enumerable.Range(0, 10), seed => !Segments($"{seed}").SequenceEqual(first));

        string[] Segments(string seed) => [.. Sample(options => options with { Samples = 5, Seed = seed }).Findings.Where(f => f.Code == "segment").Select(f => $"{f.Path} {f.Offset}")];
    }

    [Fact]
    public void ASourceOrARecordThatDiffersIsFound()
    {
        var pieces = PackMixed();
        byte[] one = File.ReadAllBytes(scratch.At("src/a/one.bin"));
        for (int at = 0; at < one.Length; at += 1000)
            one[at] ^= 1;
        _ = scratch.File("src/a/one.bin", one);
        File.Delete(scratch.At("src/b/two.dat"));
        var (findings, _) = Sample(options => options with { Samples = 1000, Source = Source });
        Assert.All(findings, finding => Assert.Equal("source", finding.Code));
        Assert.Equal([scratch.At("src/a/one.bin"), scratch.At("src/b/two.dat")], findings.Select(f => f.Path).Distinct().Order(StringComparer.Ordinal));

        string other = Cid.V1(Multicodec.Raw, Multicodec.Sha256, new byte[32]).ToString();
        PieceSurgery.Edit(Out, RecordFile.Files, line => line["cid"] = other);
        Assert.Contains(Sample(options => options with { Samples = 1000 }).Findings, f => f.Code == "manifest");
        PieceSurgery.Edit(Out, RecordFile.Files, line =>
        {
            foreach (var part in line["parts"]!.AsArray())
                part!["carOffset"] = part["carOffset"]!.GetValue<long>() + 1;
        });
        Assert.Contains(Sample(options => options with { Samples = 1000 }).Findings, f => f.Code == "framing");
    }

    [Fact]
    public void MissingAndDamagedFilesOfADatasetAreFindings()
    {
        var pieces = PackMixed();
        string tree = Path.Join(Out, pieces[0].PieceCid + ".tree"), other = Path.Join(Out, pieces[1].PieceCid + ".tree"), car = Path.Join(Out, pieces[2].CarFile);
        byte[] bytes = File.ReadAllBytes(tree);
        File.WriteAllBytes(tree, File.ReadAllBytes(other));
        Assert.Contains(Sample().Findings, f => f.Code == "sidecar" && f.Path == tree);
        bytes[70] ^= 1;
        File.WriteAllBytes(tree, bytes);
        Assert.Contains(Sample().Findings, f => f.Code == "sidecar" && f.Path == tree);
        File.Delete(tree);
        Assert.Contains(Sample().Findings, f => f.Code == "sidecar" && f.Path == tree);
        byte[] whole = File.ReadAllBytes(car);
        File.WriteAllBytes(car, whole[..^1]);
        Assert.Contains(Sample().Findings, f => f.Code == "car-size" && f.Path == car);
        File.Delete(car);
        Assert.Contains(Sample().Findings, f => f.Code == "missing-piece" && f.Path == car);

        PieceSurgery.Edit(Out, RecordFile.Pieces, line => line["carSize"] = long.MaxValue);
        Assert.Equal("manifest", Assert.Single(Sample().Findings).Code);
        File.WriteAllText(Path.Join(Out, RecordFile.Pieces), "");
        Assert.Equal("manifest", Assert.Single(Sample().Findings).Code);
        File.Delete(Path.Join(Out, RecordFile.Dataset));
        Assert.Throws<FileNotFoundException>(() => Sample());
    }

    /// <summary>Also the names in sharded folders.</summary>
    [Fact]
    public void APathLeadsToWhatAWalkFindsThere()
    {
        _ = PackMixed();
        using var dataset = PackedDataset.Open(Out, []);
        var dag = new DagReader(dataset.Blocks);
        var entries = dag.Walk(dataset.Root).ToList();
        Assert.Contains(entries, entry => entry.Type == UnixFsType.HamtShard);
        foreach (var entry in entries)
        {
            Assert.Equal(entry.Cid, dag.Find(dataset.Root, entry.Path));
            Assert.Null(dag.Find(dataset.Root, [.. entry.Path, (byte)'/', (byte)'x']));
            Assert.Null(dag.Find(dataset.Root, [.. entry.Path, (byte)'x']));
        }

        Assert.Equal(entries[^1].Cid, dag.Find(entries[^1].Cid, "whatever"u8));
    }
}
