using System.Text;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Records;

public sealed class RecordFileTests : IDisposable
{
    private const string Good = """{"path":"a","reason":"changed","detail":"d"}""";
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private List<(SkippedRecord Record, long Offset)> Read(string content) =>
        [.. RecordFile.ReadLines(scratch.File("lines", content), RecordJson.Default.SkippedRecord)];

    [Fact]
    public void LinesComeWithTheirOffsets()
    {
        var lines = Read(Good + "\n" + Good + "\n");
        Assert.Equal([0L, Good.Length + 1], lines.Select(l => l.Offset));
        Assert.Empty(Read(""));
    }

    [Theory]
    [InlineData(65_000)]
    [InlineData(65_536)]
    [InlineData(1 << 20)]
    public void LongLinesAreRead(int length)
    {
        string path = new('x', length);
        string line = Good.Replace("\"a\"", $"\"{path}\"", StringComparison.Ordinal);
        var lines = Read($"{Good}\n{line}\n{Good}\n");
        Assert.Equal(["a", path, "a"], lines.Select(l => l.Record.Path));
        Assert.Equal(Good.Length + 1 + line.Length + 1, lines[2].Offset);
    }

    [Fact]
    public void UnknownFieldsAreToleratedForLaterVersions() =>
        Assert.Equal("a", Assert.Single(Read(Good.Replace("{", """{"later":[1,{"x":null}],""", StringComparison.Ordinal) + "\n")).Record.Path);

    [Theory]
    [InlineData("""{"path":"a","reason":"changed","detail":"d"}""")]
    [InlineData("{\"path\":\"a\",\"reason\":\"changed\"\n")]
    [InlineData("""{"path":"a","reason":"changed"}""" + "\n")]
    [InlineData("""{"path":null,"reason":"changed","detail":"d"}""" + "\n")]
    [InlineData("""{"path":1,"reason":"changed","detail":"d"}""" + "\n")]
    [InlineData("null\n")]
    [InlineData("[]\n")]
    [InlineData("\n")]
    [InlineData("{} {}\n")]
    [InlineData("\0\n")]
    public void WhatIsNoRecordIsRefusedWithItsPlace(string last)
    {
        string content = Good + "\n" + last;
        var e = Assert.Throws<MalformedDataException>(() => Read(content));
        Assert.Equal(scratch.At("lines"), e.Path);
        Assert.InRange(e.Offset, Good.Length + 1, content.Length);
        Assert.DoesNotContain("LineNumber", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WrittenLinesAreReadBack()
    {
        var records = Enumerable.Range(0, 5000).Select(i => new SkippedRecord { Path = $"ä\n{i}", Reason = "changed", Detail = new string('y', i % 300) }).ToList();
        using var stream = new CountingStream();
        RecordFile.WriteLines(stream, records, RecordJson.Default.SkippedRecord);
        Assert.Equal(0, stream.Flushes);
        Assert.Equal(records, Read(Encoding.UTF8.GetString(stream.ToArray())).Select(l => l.Record));
    }

    [Theory]
    [InlineData(0, 0, "1970-01-01T00:00:00.000000000Z")]
    [InlineData(-1, 999_999_999, "1969-12-31T23:59:59.999999999Z")]
    [InlineData(1_700_000_000, 5, "2023-11-14T22:13:20.000000005Z")]
    [InlineData(-62_135_596_800, 0, "0001-01-01T00:00:00.000000000Z")]
    [InlineData(253_402_300_799, 0, "9999-12-31T23:59:59.000000000Z")]
    [InlineData(253_402_300_800, 0, null)]
    [InlineData(-62_135_596_801, 0, null)]
    [InlineData(long.MaxValue, 0, null)]
    public void TimesAreTextOrNull(long seconds, int nanoseconds, string? expected) => Assert.Equal(expected, TimeText.Format(seconds, nanoseconds));

    [Fact]
    public void SkippedInputsAreSortedComponentByComponent()
    {
        string[] sorted = ["a", "a/b", "a/b/c", "a/c", "a!", "a.b", "a0", "b", "é"];
        var shuffled = sorted.Reverse().Select(path => new SkippedInput(Encoding.UTF8.GetBytes(path), "changed", "")).ToList();
        Assert.Equal(sorted, DatasetWriter.SkippedInputs(shuffled).Select(r => r.Path));
    }

    [Fact]
    public void EntriesAreSortedComponentByComponent()
    {
        string[] sorted = ["a", "a/b", "a/b/c", "a!", "a!/x", "a.b", "a0", "b", "é"];
        foreach (string path in sorted.Reverse())
        {
            if (sorted.Any(other => other.StartsWith(path + "/", StringComparison.Ordinal)))
                _ = scratch.Folder("src/" + path);
            else
                _ = scratch.File("src/" + path, path);
        }

        var options = new PackOptions { Sources = [scratch.At("src")], Output = scratch.At("out") };
        _ = new DatasetPacker(options, new PackCounters(), default).Run();
        Assert.Equal(sorted, RecordFile.ReadLines(scratch.At("out/files.jsonl"), RecordJson.Default.FileRecord).Select(l => l.Record.Path));
    }

    private sealed class CountingStream : MemoryStream
    {
        public int Flushes { get; private set; }

        public override void Flush() => Flushes++;
    }
}
