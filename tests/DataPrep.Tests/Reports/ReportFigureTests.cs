using System.Text.Json;
using DataPrep.Distribution.Reports;
using DataPrep.Records;
using Xunit;

namespace DataPrep.Tests.Reports;

/// <summary>The figures that a report shows.</summary>
public sealed class ReportFigureTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(1023, 1)]
    [InlineData(1024, 2)]
    [InlineData(4095, 2)]
    [InlineData(4096, 3)]
    [InlineData(long.MaxValue, 28)]
    public void FilesAreCountedInStepsOfAFactorOfFour(long size, int bucket) => Assert.Equal(bucket, FileFigures.Bucket(size));

    [Theory]
    [InlineData("a/b.c/file.NC", "NC")]
    [InlineData("file.tar.gz", "gz")]
    [InlineData(".hidden", "")]
    [InlineData("a.b/none", "")]
    [InlineData("ends.", "")]
    [InlineData("no.word here", "")]
    [InlineData("long.abcdefghijklm", "")]
    [InlineData("x.<b>", "")]
    [InlineData("x.日本", "日本")]
    public void TheTypeIsAWordBehindTheLastDot(string path, string type) => Assert.Equal(type, FileFigures.Extension(path).ToString());

    [Fact]
    public void EachFileIsOfOneSizeAndOneType()
    {
        var random = new Random(7);
        var figures = new FileFigures();
        var files = Enumerable.Range(0, 3000).Select(i => (Path: $"d/{i}.T{random.Next(40)}", Size: random.NextInt64(1L << random.Next(1, 45)))).ToList();
        foreach (var (path, size) in files)
            figures.Add(path, size);
        var json = Json(figures.WriteTo).GetProperty("files");
        foreach (var bucket in json.GetProperty("sizes").EnumerateArray())
        {
            long from = bucket.GetProperty("from").GetInt64(), to = from == 0 ? 1 : from == 1 ? 1024 : from * 4;
            Assert.Equal(files.Count(file => file.Size >= from && file.Size < to), bucket.GetProperty("files").GetInt64());
            Assert.Equal(files.Where(file => file.Size >= from && file.Size < to).Sum(file => file.Size), bucket.GetProperty("bytes").GetInt64());
        }

        var expected = files.GroupBy(file => file.Path[(file.Path.IndexOf('.', StringComparison.Ordinal) + 1)..].ToLowerInvariant()).Select(type => (Name: type.Key, Files: type.LongCount(), Bytes: type.Sum(file => file.Size))).OrderByDescending(type => type.Bytes).ToList();
        Assert.Equal(expected.Take(FileFigures.ShownTypes), json.GetProperty("types").EnumerateArray().Select(type => (Name: type.GetProperty("name").GetString()!, Files: type.GetProperty("files").GetInt64(), Bytes: type.GetProperty("bytes").GetInt64())));
        var others = json.GetProperty("otherTypes");
        Assert.Equal(expected.Skip(FileFigures.ShownTypes).Sum(type => type.Bytes), others.GetProperty("bytes").GetInt64());
        Assert.Equal(expected.Count - FileFigures.ShownTypes, others.GetProperty("types").GetInt32());
        Assert.False(others.GetProperty("areMore").GetBoolean());
    }

    [Fact]
    public void MadeUpTypesTakeNoMoreMemoryThanManyRealOnes()
    {
        var figures = new FileFigures();
        for (int i = 0; i < FileFigures.MostTypes + 500; i++)
            figures.Add($"f.x{i}", 1);
        var others = Json(figures.WriteTo).GetProperty("files").GetProperty("otherTypes");
        Assert.True(others.GetProperty("areMore").GetBoolean());
        Assert.Equal(FileFigures.MostTypes + 500 - FileFigures.ShownTypes, others.GetProperty("files").GetInt64());
    }

    [Fact]
    public void FewPiecesAreListedAndOfManyTheLeastFull()
    {
        PieceFigures figures = new(), many = new();
        const long Size = 1 << 20, Capacity = Size / 128 * 127;
        for (int i = 0; i < 3; i++)
            figures.Add(Piece(i, Capacity - i));
        var few = Json(figures.WriteTo).GetProperty("pieces");
        Assert.True(few.GetProperty("areAllListed").GetBoolean());
        Assert.Equal([Capacity, Capacity - 1, Capacity - 2], few.GetProperty("list").EnumerateArray().Select(piece => piece.GetProperty("payload").GetInt64()));
        Assert.Equal((3 * Capacity) - 3, few.GetProperty("payload").GetInt64());

        var random = new Random(3);
        long[] payloads = [.. Enumerable.Range(0, 2000).Select(_ => random.NextInt64(Capacity + 1))];
        for (int i = 0; i < payloads.Length; i++)
            many.Add(Piece(i, payloads[i]));
        var json = Json(many.WriteTo).GetProperty("pieces");
        Assert.False(json.GetProperty("areAllListed").GetBoolean());
        Assert.Equal(payloads.Order().Take(PieceFigures.LeastFull), json.GetProperty("list").EnumerateArray().Select(piece => piece.GetProperty("payload").GetInt64()));
        Assert.Equal(Enumerable.Range(0, 20).Select(step => payloads.LongCount(payload => Math.Min(19, payload * 20 / Capacity) == step)), json.GetProperty("byFill").EnumerateArray().Select(count => count.GetInt64()));

        static PieceRecord Piece(int i, long payload) => new() { PieceCid = $"p{i}", PieceCidV2 = "", PieceSize = Size, RootCid = "", CarSize = payload, CarFile = "", Kind = "data", Files = 1, PayloadSize = payload };
    }

    [Theory]
    [InlineData("plain name.txt", "plain name.txt")]
    [InlineData("</script><!--", "</script><!--")]
    [InlineData("a\u2028b\u202ec\u200bd\ufeff", "a\\u{2028}b\\u{202e}c\\u{200b}d\\u{feff}")]
    [InlineData("\n\u0000\u0085", "\\u{a}\\u{0}\\u{85}")]
    [InlineData("عربي 日本 😀", "عربي 日本 😀")]
    public void ANameShowsAllThatIsInIt(string name, string shown) => Assert.Equal(shown, ShownText.Of(name));

    [Fact]
    public void BytesThatAreNotUtf8AreShownAndALongNameLosesItsMiddle()
    {
        Assert.Equal("a\\xff", ShownText.Path("a\ufffd", "61ff"));
        Assert.Equal("a\\u{202e}\\xff", ShownText.Path("?", "61e280aeff"));
        Assert.Equal("name", ShownText.Path("name", "no hex"));
        Assert.Equal("\\u{d800}x", ShownText.Of("\ud800x"));
        string shown = ShownText.Of(new string('x', 100_000) + "end");
        Assert.InRange(shown.Length, 100, 500);
        Assert.EndsWith("xend", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void SkippedInputsAreCountedByReason()
    {
        _ = scratch.File("skipped.jsonl", string.Concat(Enumerable.Range(0, 150).Select(i => $"{{\"path\":\"f{i}\",\"reason\":\"{(i % 3 == 0 ? "vanished" : "unreadable")}\",\"detail\":\"d\"}}\n")));
        var json = Json(writer => SkippedFigures.Write(scratch.Root, writer, Cancel)).GetProperty("skipped");
        Assert.Equal(150, json.GetProperty("count").GetInt32());
        Assert.Equal(SkippedFigures.MostListed, json.GetProperty("list").GetArrayLength());
        Assert.Equal(["unreadable 100", "vanished 50"], json.GetProperty("reasons").EnumerateArray().Select(reason => $"{reason.GetProperty("reason")} {reason.GetProperty("inputs")}"));
    }

    [Fact]
    public void ThePlanIsCountedByReplicasProviderAndRegion()
    {
        Assert.Null(PlanFigures.Read(scratch.Root, Cancel));
        const string One = "{\"provider\":\"f01\",\"organisation\":\"A\",\"region\":\"EU\"}", Two = "{\"provider\":\"f02\",\"organisation\":null,\"region\":null}";
        _ = scratch.File(PlanFigures.FileName, $$"""
            {"pieceCid":"p1","pieceSize":1024,"replicas":[{{One}},{{Two}}]}
            {"pieceCid":"p2","pieceSize":2048,"replicas":[{{One}}]}
            {"pieceCid":"p3","pieceSize":2048,"replicas":[]}
            {"pieceCid":"p4","pieceSize":2047,"replicas":[]}
            {"pieceCid":"p5","pieceSize":2048,"replicas":[{"region":"EU"}]}
            {"pieceCid":"p6","pieceSize":2048,"replicas":1}
            half of a li
            """);
        var json = Json(PlanFigures.Read(scratch.Root, Cancel)!.WriteTo).GetProperty("plan");
        Assert.Equal((3, 4), (json.GetProperty("pieces").GetInt32(), json.GetProperty("damaged").GetInt32()));
        Assert.Equal("[{\"replicas\":0,\"pieces\":1},{\"replicas\":1,\"pieces\":1},{\"replicas\":2,\"pieces\":1}]", json.GetProperty("replicas").GetRawText());
        Assert.Equal("[\"EU\",\"unknown\"]", json.GetProperty("regions").GetRawText());
        Assert.Equal(
            "[{\"name\":\"f01\",\"organisation\":\"A\",\"shares\":[{\"pieces\":2,\"bytes\":3072},{\"pieces\":0,\"bytes\":0}]},{\"name\":\"f02\",\"organisation\":null,\"shares\":[{\"pieces\":0,\"bytes\":0},{\"pieces\":1,\"bytes\":1024}]}]",
            json.GetProperty("providers").GetRawText());
    }

    [Fact]
    public void ManyProvidersAndRegionsBecomeOthers()
    {
        _ = scratch.File(PlanFigures.FileName, string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{{\"pieceCid\":\"p\",\"pieceSize\":128,\"replicas\":[{{\"provider\":\"f{i}\",\"region\":\"r{i % 50}\"}}]}}\n")));
        var json = Json(PlanFigures.Read(scratch.Root, Cancel)!.WriteTo).GetProperty("plan");
        Assert.Equal(PlanFigures.ShownProviders + 1, json.GetProperty("providers").GetArrayLength());
        Assert.Equal(PlanFigures.ShownRegions + 1, json.GetProperty("regions").GetArrayLength());
        Assert.Equal(20_000L * 128, json.GetProperty("providers").EnumerateArray().Sum(provider => provider.GetProperty("shares").EnumerateArray().Sum(share => share.GetProperty("bytes").GetInt64())));
    }

    internal static JsonElement Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return JsonDocument.Parse(stream.ToArray()).RootElement;
    }
}
