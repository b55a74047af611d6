using System.Text;
using DataPrep.Distribution.Exports;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using Xunit;

namespace DataPrep.Tests.Exports;

/// <summary>Limits of the importing tools, values that make trouble, and what is missing or makes no sense.</summary>
public sealed class ExportFormatTests : IDisposable
{
    private readonly ExportSample sample = new();

    public void Dispose() => sample.Dispose();

    [Fact]
    public void WhatAFormatNeedsIsNamed()
    {
        foreach (var format in ExportFormats.All.Where(format => format.Needs != ExportOption.None))
        {
            string message = Assert.Throws<UsageException>(() => sample.Export(format.Name, options: new ExportOptions())).Message;
            Assert.Contains(format.Name, message, StringComparison.Ordinal);
            foreach (var option in Enum.GetValues<ExportOption>().Where(option => option != ExportOption.None))
                Assert.Equal(format.Needs.HasFlag(option), message.Contains(ExportOptions.NameOf(option) + " ", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("boost-allocate")]
    [InlineData("boost-import-direct")]
    [InlineData("curio-add-url")]
    [InlineData("curio-mk20")]
    [InlineData("curio-aggregate")]
    public void APieceLargerThanItsFileNeedsIsRefusedWhereTheImporterWouldGetAnotherCid(string name)
    {
        var format = ExportFormats.Find(name);
        var input = sample.Input(sample.OptionsFor(format));
        var grown = input with { Pieces = [.. input.Pieces.Select((piece, i) => i == 1 ? piece with { Record = piece.Record with { PieceSize = 2 * piece.Record.PieceSize } } : piece)] };
        string message = Assert.Throws<InvalidDataException>(() => format.Write(grown, Stream.Null)).Message;
        Assert.Contains(input.Pieces[1].Record.PieceCid, message, StringComparison.Ordinal);
        Assert.Contains("--min-piece-size", message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheListsOfRpaAndOfAggregatesHaveTheirLimits()
    {
        var warnings = new List<string>();
        _ = sample.Export("rpa", warnings);
        Assert.Contains("8 GiB", Assert.Single(warnings), StringComparison.Ordinal);
        var input = sample.Input(new ExportOptions());
        var many = input with { Pieces = [.. Enumerable.Repeat(input.Pieces[0], 100_001)] };
        Assert.Contains("100000", Assert.Throws<InvalidDataException>(() => ExportFormats.Find("rpa").Write(many, Stream.Null)).Message, StringComparison.Ordinal);
        many = input with { Pieces = [.. many.Pieces.Take(50_000)] };
        Assert.Contains("10485760", Assert.Throws<InvalidDataException>(() => ExportFormats.Find("rpa").Write(many, Stream.Null)).Message, StringComparison.Ordinal);

        var options = new ExportOptions { Urls = [new UrlTemplate(ExportSample.Url)] };
        foreach (int count in (int[])[0, 1, 1025])
        {
            var some = input with { Options = options, Pieces = [.. Enumerable.Repeat(input.Pieces[0], count)] };
            _ = Assert.Throws<InvalidDataException>(() => ExportFormats.Find("curio-aggregate").Write(some, Stream.Null));
        }

        options = options with { Urls = [.. Enumerable.Repeat(new UrlTemplate(ExportSample.Url), 11)] };
        _ = Assert.Throws<UsageException>(() => ExportFormats.Find("curio-mk20").Write(input with { Options = options }, Stream.Null));
    }

    [Fact]
    public void AListWithoutPiecesIsEmptyAndWhole()
    {
        var input = sample.Input(new ExportOptions { Provider = "f01", Urls = [new UrlTemplate(ExportSample.Url)] }) with { Pieces = [] };
        foreach (string name in (string[])["csv", "singularity", "generate-car", "graphsplit", "fil-data-prep", "boost-allocate", "boost-offline-deal", "curio-mk20", "delta-dm-csv", "delta-dm-json", "slingshot", "rpa", "aria2"])
            ExportFormats.Find(name).Write(input, Stream.Null);
    }

    [Fact]
    public void ChecksumsAreWrittenWhereThereAreSomeAndTheirLackIsSaid()
    {
        var warnings = new List<string>();
        Assert.DoesNotContain("checksum", sample.Export("aria2", warnings), StringComparison.Ordinal);
        Assert.Contains("no SHA-256", Assert.Single(warnings), StringComparison.Ordinal);
        var input = sample.Input(sample.OptionsFor(ExportFormats.Find("aria2")));
        string sum = new('a', 64);
        input = input with { Pieces = [.. input.Pieces.Select(piece => piece with { Record = piece.Record with { Sha256 = sum } })], Warn = Assert.Fail };
        using var stream = new MemoryStream();
        ExportFormats.Find("aria2").Write(input, stream);
        Assert.Equal(input.Pieces.Count, Encoding.UTF8.GetString(stream.ToArray()).Split($"\n  checksum=sha-256={sum}\n  out=baga").Length - 1);
    }

    [Fact]
    public void TextOfPathsIsDifferentForDifferentBytesAndLeadsBackToThem()
    {
        byte[][] parts = [[0xff], [0xc3], "\\"u8.ToArray(), "x"u8.ToArray(), "f"u8.ToArray(), "5"u8.ToArray(), "c"u8.ToArray(), "ü"u8.ToArray(), "\ufffd"u8.ToArray()];
        var random = new Random(1);
        var known = new Dictionary<string, string>();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] path = [.. Enumerable.Range(0, random.Next(1, 7)).SelectMany(_ => parts[random.Next(parts.Length)])];
            string text = JsonText.PathText(path);
            Assert.Equal(Convert.ToHexString(path), Convert.ToHexString(Decode(text)));
            Assert.Equal(Convert.ToHexString(path), known.GetValueOrDefault(text, Convert.ToHexString(path)));
            known[text] = Convert.ToHexString(path);
        }
    }

    [Fact]
    public void HostileRecordsAreRefused()
    {
        string list = Path.Join(sample.Out, RecordFile.Pieces), text = File.ReadAllText(list);
        string cid = sample.Dataset.Pieces().First().Record.RootCid;
        foreach (string bad in (string[])[text.Replace(cid, "no\\ncid", StringComparison.Ordinal), text.Replace("\"carFile\":\"", "\"carFile\":\"../", StringComparison.Ordinal), text.Replace("\"pieceSize\":", "\"pieceSize\":1", StringComparison.Ordinal)])
        {
            File.WriteAllText(list, bad);
            _ = Assert.Throws<MalformedDataException>(() => sample.Export("csv"));
        }

        File.WriteAllText(list, text.Replace("\"carFile\":\"baga", "\"carFile\":\"\\n  out=baga", StringComparison.Ordinal));
        _ = Assert.Throws<InvalidDataException>(() => sample.Export("aria2"));
        Assert.Contains("\"\n  out=baga", sample.Export("csv"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://a/{pieceCid}")]
    [InlineData("https://a/piece")]
    [InlineData("https://a/ {pieceCid}")]
    [InlineData("https://a/\n{pieceCid}")]
    [InlineData("{pieceCid}")]
    public void WhatIsNoUrlIsRefused(string template) => Assert.Throws<UsageException>(() => new UrlTemplate(template));

    [Theory]
    [InlineData("Authorization")]
    [InlineData(": a")]
    [InlineData("a b: c")]
    [InlineData("a: b\nc: d")]
    public void WhatIsNoHeaderIsRefused(string header) => Assert.Throws<UsageException>(() => HttpHeader.Parse(header));

    [Fact]
    public void WhatNoChainTakesIsRefused()
    {
        foreach (var options in (ExportOptions[])[
            new() { Provider = "f0" }, new() { Provider = "f01 -rf" }, new() { Provider = "f0abc" }, new() { Client = "f9abc" }, new() { Client = "" },
            new() { TermMin = 518_399 }, new() { TermMax = 5_256_001 }, new() { TermMin = 600_000, TermMax = 518_400 }, new() { Expiration = 172_801 }, new() { Duration = 3_680_641 }, new() { StartEpoch = 0 },
            new() { Headers = [new HttpHeader("a", "b")] }])
            _ = Assert.Throws<UsageException>(() => options.Check());
    }

    [Theory]
    [InlineData("x,5")]
    [InlineData("5")]
    [InlineData("PIECE,5,6")]
    [InlineData("PIECE,five")]
    [InlineData("PIECE,5\nPIECE,6")]
    public void AFileOfValuesIsLinesOfPieceAndValue(string text)
    {
        string cid = sample.Dataset.Pieces().First().Record.PieceCid, file = sample.Write("values", text.Replace("PIECE", cid, StringComparison.Ordinal));
        Assert.Contains("line", Assert.Throws<MalformedDataException>(() => PieceValues.Read("--allocation", file, value => value.All(char.IsAsciiDigit), "ID")).Message, StringComparison.Ordinal);
    }

    private static byte[] Decode(string text)
    {
        var bytes = new List<byte>();
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 3 < text.Length && text[i] == '\\' && text[i + 1] == 'x' && char.IsAsciiHexDigit(text[i + 2]) && char.IsAsciiHexDigit(text[i + 3]))
            {
                bytes.Add(Convert.ToByte(text.Substring(i + 2, 2), 16));
                i += 3;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text[i].ToString()));
            }
        }

        return [.. bytes];
    }
}
