using DataPrep.Packing;
using DataPrep.Source;
using DataPrep.Unixfs;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary><c>verify --source</c>: every way in which a source can differ from what was packed of it.</summary>
public sealed class SourceVerifierTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Source => scratch.At("src");

    private string Out => scratch.At("out");

    private void MakeTree()
    {
        _ = scratch.Noise("src/long", 5000);
        _ = scratch.Noise("src/sub/cut", 9000, 2);
        _ = scratch.File("src/sub/short", "short");
        _ = scratch.File("src/sub-way", "sorted behind what is in sub");
        _ = scratch.File("src/empty", "");
        _ = scratch.Folder("src/void");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub/short");
        for (int i = 0; i < 20; i++)
            _ = scratch.File($"src/wide/{i}", $"{i}");
    }

    private void Pack(Func<PackOptions, PackOptions>? change = null)
    {
        var options = new PackOptions { Sources = [Source], Output = Out, Profile = UnixFsProfile.V1Of2025 with { ChunkSize = 500, MaxLinks = 3, HamtThreshold = 200, HamtFanout = 8 }, LargestCarSize = 6000, Threads = 2 };
        _ = new DatasetPacker(change?.Invoke(options) ?? options, new PackCounters(), default).Run();
    }

    private List<Finding> Compare(params string[] sources)
    {
        var findings = new List<Finding>();
        _ = new SourceVerifier(new FindingLog(findings.Add), Out, sources.Length == 0 ? [Source] : sources, [], 2, new PackCounters(), default).Verify();
        return findings;
    }

    private Finding CompareOne() => Assert.Single(Compare(), finding => finding.IsError);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void WhatWasPackedIsTheSame(bool mode, bool legacy)
    {
        MakeTree();
        Pack(options => options with { Profile = (legacy ? UnixFsProfile.V0Of2015 with { ChunkSize = 500, MaxLinks = 3 } : options.Profile) with { PreserveMode = mode, PreserveMtime = mode } });
        Assert.Empty(Compare());
    }

    /// <summary>One byte anywhere in any file is found, with its offset.</summary>
    [Fact]
    public void OneOtherByteIsFoundWhereItIs()
    {
        MakeTree();
        Pack();
        var random = new Random(7);
        for (int round = 0; round < 30; round++)
        {
            string file = scratch.At(round % 2 == 0 ? "src/sub/cut" : "src/long");
            byte[] bytes = File.ReadAllBytes(file), changed = [.. bytes];
            int at = random.Next(bytes.Length);
            changed[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(file, changed);
            Assert.Equal(new Finding("error", "source", file, at, "has other content than was packed"), CompareOne());
            File.WriteAllBytes(file, bytes);
        }

        Assert.DoesNotContain(Compare(), finding => finding.IsError);
    }

    /// <summary>Without the pieces it is found just as well, but not where.</summary>
    [Fact]
    public void PiecesAreNotNeeded()
    {
        MakeTree();
        Pack();
        foreach (string car in Directory.GetFiles(Out, "*.car"))
            File.Delete(car);
        Assert.Empty(Compare());
        byte[] bytes = File.ReadAllBytes(scratch.At("src/long"));
        bytes[77] ^= 4;
        File.WriteAllBytes(scratch.At("src/long"), bytes);
        Assert.Equal(("source", -1L), (CompareOne().Code, CompareOne().Offset));
    }

    [Fact]
    public void OtherSizesKindsAndTargetsAreFound()
    {
        MakeTree();
        Pack();
        File.AppendAllText(scratch.At("src/wide/7"), "x");
        Assert.Contains("has 2 bytes, 1 were packed", CompareOne().Message, StringComparison.Ordinal);
        File.WriteAllText(scratch.At("src/wide/7"), "7");

        File.Delete(scratch.At("src/link"));
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub/shore");
        Assert.Equal(("source", scratch.At("src/link")), (CompareOne().Code, CompareOne().Path));
        File.Delete(scratch.At("src/link"));
        File.WriteAllText(scratch.At("src/link"), "sub/short");
        Assert.Contains("is of type file, and was packed as symlink", CompareOne().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsMissingOrNewIsFoundOnce()
    {
        MakeTree();
        Pack();
        Directory.Delete(scratch.At("src/sub"), recursive: true);
        _ = scratch.File("src/added/a", "");
        _ = scratch.File("src/added/b", "");
        _ = scratch.File("src/zzz", "");
        var errors = Compare().Where(finding => finding.IsError).ToList();
        Assert.Equal(
            [("source-new", scratch.At("src/added")), ("source-missing", Path.Join(Out, "files.jsonl")), ("source-new", scratch.At("src/zzz"))],
            errors.Select(finding => (finding.Code, finding.Path)));
        Assert.Contains("'sub'", errors[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TimesAreErrorsWhereTheDagHoldsThem()
    {
        MakeTree();
        Pack();
        File.SetLastWriteTimeUtc(scratch.At("src/long"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        File.SetLastWriteTimeUtc(scratch.At("src/empty"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        var warning = Assert.Single(Compare());
        Assert.Equal(("warning", "source-metadata"), (warning.Severity, warning.Code));
        Assert.Contains("as have 1 more", warning.Message, StringComparison.Ordinal);

        Directory.Delete(Out, recursive: true);
        Pack(options => options with { Profile = options.Profile with { PreserveMtime = true } });
        File.SetLastWriteTimeUtc(scratch.At("src/long"), new DateTime(2002, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Assert.Equal(("source-metadata", scratch.At("src/long")), (CompareOne().Code, CompareOne().Path));
    }

    /// <summary>What was left out on purpose, or could not be read then, is not missed in the dataset.</summary>
    [Fact]
    public void WhatWasNotSelectedIsNotNew()
    {
        MakeTree();
        Pack(options => options with { Scan = new ScanOptions(Hidden: false, EmptyDirectories: false, Selection: new Selection([], [new IgnorePattern("wide/1*"u8.ToArray())])) });
        _ = scratch.File("src/.hidden", "x");
        _ = scratch.File("src/wide/1999", "x");
        Assert.DoesNotContain(Compare(), finding => finding.IsError);
        _ = scratch.File("src/wide/2000", "x");
        Assert.Equal(("source-new", scratch.At("src/wide/2000")), (CompareOne().Code, CompareOne().Path));

        Directory.Delete(Out, recursive: true);
        byte[] list = "long\nsub/short\n"u8.ToArray();
        byte[] folder = PathText.FromArgument(Source);
        Pack(options => options with { Scan = new ScanOptions(Selection: new Selection([], [], NamedPaths.Read(list, "list", folder, folder))) });
        Assert.Equal("warning", Assert.Single(Compare(), finding => finding.Code == "source-new").Severity);
        _ = scratch.File("src/long", "other");
        Assert.Equal(scratch.At("src/long"), CompareOne().Path);
    }

    [Fact]
    public void SeveralSourcesAreComparedAsTheyWerePackedOrInOneFolder()
    {
        MakeTree();
        Pack(options => options with { Sources = [scratch.At("src/sub"), scratch.At("src/long")] });
        Assert.Empty(Compare(scratch.At("src/long"), scratch.At("src/sub")));
        Assert.All(Compare(Source).Where(finding => finding.IsError), finding => Assert.Equal("source-new", finding.Code));
        Directory.Delete(Out, recursive: true);
        Pack(options => options with { Sources = [scratch.At("src/long")] });
        Assert.Empty(Compare(scratch.At("src/long")));
        Directory.Delete(Out, recursive: true);
        Pack(options => options with { Sources = [scratch.At("src/long")], Scan = new ScanOptions(Wrap: true) });
        Assert.Empty(Compare(scratch.At("src/long")));
    }
}
