using System.Diagnostics;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Unixfs;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Files that change while they are packed: one state of them is packed, or none.</summary>
public sealed class ChangingSourceTests : IDisposable
{
    private const int Length = 5 * Chunk / 2;
    private const int Chunk = 16 << 10;
    private readonly ScratchFolder scratch = new();

    private static readonly Dictionary<string, Action<string, int>> Changes = new()
    {
        ["grows"] = (path, _) => Append(path, 700),
        ["shrinks"] = (path, round) => Resize(path, Length - ((round + 1) * Chunk / 2)),
        ["is emptied"] = (path, _) => Resize(path, 0),
        ["is overwritten"] = (path, round) => Overwrite(path, round + 10),
        ["is touched"] = (path, round) => File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(round + 1)),
        ["is replaced"] = (path, round) =>
        {
            File.WriteAllBytes(path + ".new", ScratchFolder.Bytes(Length, round + 20));
            File.Move(path + ".new", path, overwrite: true);
        },
        ["vanishes"] = (path, _) => Remove(path),
        ["becomes a folder"] = (path, round) => { Remove(path); _ = Directory.CreateDirectory(path); },
        ["becomes a symlink"] = (path, round) => { Remove(path); _ = File.CreateSymbolicLink(path, "other"); },
        ["becomes a pipe"] = (path, _) => { Remove(path); Process.Start("mkfifo", [path]).WaitForExit(); },
        ["becomes unreadable"] = (path, round) =>
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, round == 0 ? 0 : UnixFileMode.OtherExecute);
        },
    };

    public void Dispose() => scratch.Dispose();

    public static TheoryData<string, ChangePoint> Cases()
    {
        var cases = new TheoryData<string, ChangePoint>();
        foreach (string change in Changes.Keys)
        {
            foreach (var point in Enum.GetValues<ChangePoint>())
                cases.Add(change, point);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NoTornFileIsPacked(string change, ChangePoint point)
    {
        foreach (var onChange in (OnChange[])[OnChange.Retry, OnChange.Skip])
        {
            foreach (bool everyTime in (bool[])[false, true])
                Pack(change, point, onChange, everyTime);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void FailEndsTheRunAndLeavesNothing(string change, ChangePoint point)
    {
        var (options, source, _) = Prepare(change, point, OnChange.Fail, false);
        var e = Assert.ThrowsAny<IOException>(() => new DatasetPacker(options, new PackCounters(), default).Run());
        Assert.True(source.Happened);
        Assert.Contains(scratch.At("src/victim"), e.Message, StringComparison.Ordinal);
        Assert.Contains("offset", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(options.Output));
    }

    [Fact]
    public void AFileThatIsTheRootCannotBeLeftOut()
    {
        string file = scratch.Noise("victim", Length);
        var source = new ChangingSource(file, Changes["vanishes"], ChangePoint.BeforeOpen, 1);
        var options = new PackOptions { Sources = [file], Output = scratch.At("out"), Reader = source.Wrap };
        var e = Assert.ThrowsAny<IOException>(() => new DatasetPacker(options, new PackCounters(), default).Run());
        Assert.Contains(file, e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Join(options.Output, RecordFile.Dataset)));
    }

    private (PackOptions Options, ChangingSource Source, List<string> Warnings) Prepare(string change, ChangePoint point, OnChange onChange, bool everyTime)
    {
        _ = scratch.Noise("src/a-first", 3000, 3);
        string victim = scratch.At("src/victim");
        Remove(victim);
        _ = scratch.Noise("src/victim", Length);
        _ = scratch.Noise("src/z-last", 3000, 4);
        Thread.Sleep(12);
        var warnings = new List<string>();
        var source = new ChangingSource(victim, Changes[change], point, everyTime ? int.MaxValue : 1);
        return (new PackOptions
        {
            Sources = [scratch.At("src")],
            Output = scratch.At($"out-{onChange}-{everyTime}"),
            Profile = UnixFsProfile.V1Of2025 with { ChunkSize = Chunk },
            OnChange = onChange,
            Threads = 2,
            Reader = source.Wrap,
            Warn = warnings.Add,
        }, source, warnings);
    }

    private void Pack(string change, ChangePoint point, OnChange onChange, bool everyTime)
    {
        var (options, source, warnings) = Prepare(change, point, onChange, everyTime);
        var result = new DatasetPacker(options, new PackCounters(), default).Run();
        string output = options.Output;

        Assert.True(source.Happened);
        Assert.NotEmpty(warnings);
        Assert.All(warnings, warning =>
        {
            Assert.Contains(scratch.At("src/victim"), warning, StringComparison.Ordinal);
            Assert.Contains("offset", warning, StringComparison.Ordinal);
        });

        var findings = new List<Finding>();
        _ = new DatasetVerifier(output, [], new FindingLog(findings.Add), 1, new PackCounters(), default).Verify();
        Assert.Empty(findings);

        var rows = RecordFile.ReadLines(Path.Join(output, RecordFile.Files), RecordJson.Default.FileRecord).Select(line => line.Record).ToList();
        string skippedFile = Path.Join(output, RecordFile.Skipped);
        var skipped = File.Exists(skippedFile) ? RecordFile.ReadLines(skippedFile, RecordJson.Default.SkippedRecord).Select(line => line.Record).ToList() : [];
        Assert.Equal(result.Dataset.Skipped, skipped.Count);
        Assert.Equal(result.Dataset.Files, rows.Count);
        if (onChange == OnChange.Skip || rows.All(row => row.Path != "victim"))
        {
            Assert.Equal(["a-first", "z-last"], rows.Select(row => row.Path));
            var row = Assert.Single(skipped);
            Assert.Equal("victim", row.Path);
            Assert.Contains(row.Reason, (string[])["changed", "vanished", "replaced", "unreadable"]);
            return;
        }

        Assert.Empty(skipped);
        Assert.Equal(["a-first", "victim", "z-last"], rows.Select(row => row.Path));
        using var car = new CarBlocks(Assert.Single(Directory.GetFiles(output, "*.car")));
        using var content = new MemoryStream();
        new DagReader(car).CopyFile(Cid.Parse(rows[1].Cid), content);
        Assert.Contains(source.States, state => state.AsSpan().SequenceEqual(content.ToArray()));
        Assert.True(content.ToArray().AsSpan().SequenceEqual(File.ReadAllBytes(scratch.At("src/victim"))), "the last state is what is packed");
    }

    private static void Append(string path, int count)
    {
        using var file = new FileStream(path, FileMode.Append);
        file.Write(ScratchFolder.Bytes(count, 5));
    }

    private static void Resize(string path, int length)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(Math.Max(0, length));
    }

    private static void Overwrite(string path, int seed)
    {
        using var file = File.OpenWrite(path);
        file.Write(ScratchFolder.Bytes(Length, seed));
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
            Directory.Delete(path);
        else
            File.Delete(path);
    }
}
