using DataPrep.Car;
using DataPrep.Extraction;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Tests.Packing;
using DataPrep.Tests.Verification;
using DataPrep.Unixfs;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Inline;

/// <summary>Sources that are not what they were, and damaged files: an error that names what is at fault, and never other bytes.</summary>
public sealed class InlineFaultTests : IDisposable
{
    private readonly TempFolder temp = new();

    public void Dispose() => temp.Dispose();

    private static readonly Dictionary<string, Action<string, Random>> Faults = new()
    {
        ["a byte"] = (path, random) =>
        {
            byte[] bytes = File.ReadAllBytes(path);
            bytes[random.Next(bytes.Length)] ^= 1;
            File.WriteAllBytes(path, bytes);
        },
        ["cut off"] = (path, random) => File.WriteAllBytes(path, File.ReadAllBytes(path)[..random.Next((int)new FileInfo(path).Length)]),
        ["removed"] = (path, _) => File.Delete(path),
        ["a symlink"] = (path, _) =>
        {
            File.Move(path, path + ".other");
            File.CreateSymbolicLink(path, path + ".other");
        },
        ["a folder"] = (path, _) =>
        {
            File.Delete(path);
            Directory.CreateDirectory(path);
        },
        ["a pipe"] = (path, _) =>
        {
            File.Delete(path);
            DataPrep.Tests.Source.NativeFiles.MakeFifo(PathText.FromArgument(path));
        },
        ["replaced"] = (path, _) => File.WriteAllBytes(path, Sample.Bytes(99, (int)new FileInfo(path).Length)),
    };

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (string fault in Faults.Keys)
            {
                cases.Add(fault, true);
                cases.Add(fault, false);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AChangedSourceIsNamedAndNoByteIsWrong(string fault, bool raw)
    {
        var random = new Random(fault.Length);
        foreach (string victim in raw ? (string[])["large", "sub/z"] : ["sub/f3"])
        {
            var twin = Pack(raw, victim.Replace('/', '-'), out string source);
            string path = Path.Join(source, victim);
            using (var before = new InlinePiece(twin.InlineFile(twin.Pieces.Single())))
                _ = before.ReadAt(0, new byte[10]);
            Faults[fault](path, random);
            byte[] car = twin.Car(twin.Pieces.Single());
            using var piece = new InlinePiece(twin.InlineFile(twin.Pieces.Single()));
            int failures = 0;
            for (int i = 0; i < 30; i++)
            {
                int from = random.Next(car.Length), length = Math.Min(car.Length - from, random.Next(i % 3 == 0 ? car.Length : 3000));
                byte[] bytes = new byte[length];
                try
                {
                    Assert.Equal(length, piece.ReadAt(from, bytes));
                    Assert.True(car.AsSpan(from, length).SequenceEqual(bytes));
                }
                catch (SourceFaultException e)
                {
                    Assert.Equal(path, e.Location);
                    Assert.InRange(e.Offset, 0, 3_000_000);
                    failures++;
                }
            }

            Assert.InRange(failures, 1, 30);
            var findings = InlinePackTests.Verify(twin.Inline.Folder, null);
            Assert.Contains(findings, finding => (finding.Code, finding.Path) == ("source", path));
            // Where leaves are nodes, the walk over the tree ends at one that cannot be read.
            Assert.All(findings, finding => Assert.True(finding.Code == "source" || (!raw && finding.Code == "manifest"), finding.ToString()));
            string made = twin.Inline.Folder + "-made";
            var exception = Assert.Throws<SourceFaultException>(() => InlineTwin.Materialize(twin.Inline.Folder, made));
            Assert.Equal(path, exception.Location);
            Assert.Empty(Directory.GetFiles(made));
            Assert.Equal(["lock"], Directory.GetFiles(made + "/.dataprep").Select(file => Path.GetFileName(file)));
        }
    }

    [Fact]
    public void WhatWasAppendedToASourceDoesNotMatter()
    {
        var twin = Pack(true, "appended", out string source);
        File.AppendAllText(source + "/large", "more");
        File.AppendAllText(source + "/sub/f3", "more");
        twin.Inline.VerifyFindsNothing();
    }

    [Fact]
    public void OnlyTheFilesAtFaultAreNotExtracted()
    {
        var twin = Pack(true, "extracted", out string source);
        Faults["a byte"](source + "/sub/f3", new Random(1));
        File.Delete(source + "/large");
        var findings = new List<Finding>();
        using var dataset = DagSource.Open([twin.Inline.Folder], []);
        using (var target = TargetFolder.Open(temp.Of("restored")))
            _ = new Extractor(dataset, target, new PathSelection([]), false, new FindingLog(findings.Add), 2, new PackCounters(), TestContext.Current.CancellationToken).Run();
        Assert.Equal([("source", "large"), ("source", "sub/f3")], findings.Select(finding => (finding.Code, finding.Path)).Order());
        foreach (string name in Directory.GetFiles(source + "/sub").Select(file => Path.GetFileName(file)).Where(name => name != "f3"))
            Assert.Equal(File.ReadAllBytes(source + "/sub/" + name), File.ReadAllBytes(temp.Of("restored", "sub", name)));
        Assert.False(Path.Exists(temp.Of("restored", "large")) || Path.Exists(temp.Of("restored", "sub", "f3")));
    }

    [Fact]
    public void SamplesNameTheSourceAtFault()
    {
        var twin = Pack(true, "sampled", out string source);
        var options = new SampleOptions { Folder = twin.Inline.Folder, Seed = "1", Detect = 0.01m };
        Assert.Empty(Sample(options));
        Assert.Empty(Sample(options with { Source = source }));
        File.Delete(source + "/large");
        Assert.Contains(Sample(options), finding => finding.Code == "source" && finding.Path == source + "/large");

        static List<Finding> Sample(SampleOptions options)
        {
            var findings = new List<Finding>();
            _ = new SampleVerifier(new FindingLog(findings.Add), options, 2, new PackCounters(), TestContext.Current.CancellationToken).Verify();
            return findings;
        }
    }

    /// <summary>Every bit of a small <c>.inline</c> file, and every length of it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ADamagedFileIsAnErrorOrMakesTheSameBytes(bool raw)
    {
        Directory.CreateDirectory(temp.Of("src", "sub"));
        File.WriteAllBytes(temp.Of("src", "a"), Sample.Bytes(1, 250));
        File.WriteAllBytes(temp.Of("src", "sub", "b"), Sample.Bytes(2, 100));
        File.WriteAllBytes(temp.Of("src", "sub", "c"), []);
        var profile = new UnixFsProfile { ChunkSize = 100, MaxLinks = 2, RawLeaves = raw };
        var twin = InlineTwin.Pack(new PackOptions { Sources = [temp.Of("src")], Output = temp.Of("out"), Profile = profile, Threads = 1 });
        string path = twin.InlineFile(twin.Pieces.Single());
        byte[] car = twin.Car(twin.Pieces.Single());
        int same = 0;
        SmallDataset.FlipEachBit(path, _ => Try(), 7);
        SmallDataset.CutAtEachByte(path, _ => Try());
        Assert.Equal(0, same);
        Try();
        Assert.Equal(1, same);
        foreach (string beside in Directory.GetFiles(twin.Inline.Folder, "*.tree").Append(temp.Of("out-inline", ".dataprep", "sources")))
        {
            SmallDataset.FlipEachBit(beside, _ => Try(), 29);
            SmallDataset.CutAtEachByte(beside, _ => Try());
        }

        void Try()
        {
            byte[] bytes = new byte[car.Length];
            try
            {
                using var piece = new InlinePiece(path);
                Assert.Equal(car.Length, piece.ReadAt(0, bytes));
                Assert.True(car.AsSpan().SequenceEqual(bytes));
                piece.CheckIntact();
                same++;
            }
            catch (Exception e) when (e is MalformedDataException or IOException)
            {
            }

            try
            {
                using var piece = new InlinePiece(path);
                _ = piece.Read(0, bytes);
                _ = piece.ReadHeaders(0, bytes);
                _ = piece.FaultIn(0, bytes.Length);
            }
            catch (Exception e) when (e is MalformedDataException or IOException)
            {
            }
        }
    }

    /// <summary>The sizes, offsets and names of a file whose checksum was made anew: whoever made it says what he likes.</summary>
    [Fact]
    public void AForgedTableIsAnErrorOrMakesTheSameBytes()
    {
        var twin = Pack(true, "forged", out _);
        string path = twin.InlineFile(twin.Pieces.Single());
        byte[] car = twin.Car(twin.Pieces.Single()), good = File.ReadAllBytes(path);
        long table = InlineFooter.Read(path).PartsAt;
        var random = new Random(5);
        for (int i = 0; i < 400; i++)
        {
            byte[] bad = [.. good];
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                int at = (int)table + random.Next(bad.Length - (int)table - 32);
                if (random.Next(2) == 0)
                    bad[at] = (byte)random.Next(256);
                else
                    BitConverter.TryWriteBytes(bad.AsSpan(at, Math.Min(8, bad.Length - at)), random.Next(3) switch { 0 => long.MaxValue, 1 => -1L, _ => random.NextInt64(1 << 20) });
            }

            System.Security.Cryptography.SHA256.HashData(bad.AsSpan(0, bad.Length - 32), bad.AsSpan(bad.Length - 32));
            File.WriteAllBytes(path, bad);
            byte[] bytes = new byte[Math.Min(car.Length, 50_000)];
            int from = random.Next(car.Length - bytes.Length);
            try
            {
                using var piece = new InlinePiece(path);
                _ = piece.ReadHeaders(from, bytes);
                _ = piece.Read(from, bytes, _ => { });
                if (i % 10 == 0 && piece.ReadAt(from, bytes) is var got)
                    Assert.True(car.AsSpan(from, got).SequenceEqual(bytes.AsSpan(0, got)));
            }
            catch (Exception e) when (e is MalformedDataException or IOException)
            {
            }
        }
    }

    [Fact]
    public void ManyMissingFilesAreNamedOnceAndNotWithoutEnd()
    {
        Directory.CreateDirectory(temp.Of("many"));
        for (int i = 0; i < 60; i++)
            File.WriteAllBytes(temp.Of("many", $"{i:d2}"), i % 2 == 0 ? new byte[50] : Sample.Bytes(i, 50));
        var twin = InlineTwin.Pack(new PackOptions { Sources = [temp.Of("many")], Output = temp.Of("many-out"), Profile = new UnixFsProfile { ChunkSize = 20 }, Threads = 2 });
        for (int i = 5; i < 55; i++)
            File.Delete(temp.Of("many", $"{i:d2}"));
        var findings = InlinePackTests.Verify(twin.Inline.Folder, null);
        Assert.Equal(Enumerable.Range(5, 20).Select(i => temp.Of("many", $"{i:d2}")).Append(twin.InlineFile(twin.Pieces.Single())), findings.Select(finding => finding.Path));
        Assert.Contains("30 more", findings[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsCancelledLeavesNothing()
    {
        var twin = Pack(true, "cancelled", out _);
        var folder = new OutputFolder(temp.Of("made"));
        using var hold = folder.Hold();
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        using var piece = new InlinePiece(twin.InlineFile(twin.Pieces.Single()));
        Assert.Throws<OperationCanceledException>(() => new Materializer(folder, 2, new PackCounters(), stop.Token).Make(piece, twin.Pieces.Single().CarFile));
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Single(Directory.GetFiles(folder.Work));
        var again = new Materializer(folder, 2, new PackCounters(), default);
        Assert.True(again.Make(piece, twin.Pieces.Single().CarFile));
        Assert.False(again.Make(piece, twin.Pieces.Single().CarFile));
        File.WriteAllText(folder.FileOf(twin.Pieces.Single().CarFile), "other");
        Assert.Throws<IOException>(() => again.Make(piece, twin.Pieces.Single().CarFile));
    }

    [Fact]
    public void APieceUnderAnotherNameIsNotTaken()
    {
        var twin = Pack(true, "named", out _);
        string path = twin.InlineFile(twin.Pieces.Single()), other = Path.Join(Path.GetDirectoryName(path), PieceCid.V1(new byte[32]) + ".inline");
        File.Copy(path, other);
        File.Copy(Path.ChangeExtension(path, ".tree"), Path.ChangeExtension(other, ".tree"));
        Assert.Throws<MalformedDataException>(() => new InlinePiece(other));
    }

    [Fact]
    public async Task ManyThreadsReadAtOnce()
    {
        var twin = Pack(false, "threads", out _);
        byte[] car = twin.Car(twin.Pieces.Single());
        using var piece = new InlinePiece(twin.InlineFile(twin.Pieces.Single()));
        await Parallel.ForAsync(0, 8, TestContext.Current.CancellationToken, (number, _) =>
        {
            var random = new Random(number);
            for (int i = 0; i < 40; i++)
            {
                int from = random.Next(car.Length), length = Math.Min(car.Length - from, random.Next(200_000));
                byte[] bytes = new byte[length];
                Assert.Equal(length, i % 2 == 0 ? piece.ReadAt(from, bytes) : piece.Read(from, bytes));
                Assert.True(car.AsSpan(from, length).SequenceEqual(bytes));
            }

            return ValueTask.CompletedTask;
        });
    }

    private InlineTwin Pack(bool raw, string name, out string source)
    {
        source = temp.Of(name);
        Directory.CreateDirectory(source + "/sub");
        File.WriteAllBytes(source + "/large", Sample.Bytes(1, 2_500_000));
        for (int i = 0; i < 40; i++)
            File.WriteAllBytes($"{source}/sub/f{i}", Sample.Bytes(i, 1 + (i * 997)));
        File.WriteAllBytes(source + "/sub/z", Sample.Bytes(50, 40_000));
        return InlineTwin.Pack(new PackOptions { Sources = [source], Output = temp.Of(name + "-out"), Profile = new UnixFsProfile { ChunkSize = 100_000, RawLeaves = raw }, Threads = 2 });
    }
}
