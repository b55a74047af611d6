using System.Text.Json;
using DataPrep.Distribution.Tables;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Distribution;

public sealed class AuditProvidersTests : IDisposable
{
    private static readonly string One = PieceCid.V1(new byte[32]).ToString(), OneV2 = PieceCid.V2(new byte[32], 127, 2).ToString(), Two = PieceCid.V1(Enumerable.Repeat((byte)1, 32).ToArray()).ToString();

    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private (IReadOnlyList<AuditProvider> Providers, List<string> Without) Read(string text)
    {
        var without = new List<string>();
        return (AuditProviders.Read(scratch.File("list", text), without.Add), without);
    }

    [Fact]
    public void AllFormsSayTheSame()
    {
        string csv = $"""
            ID,organisation,region,url,tokenEnv,pieces,capacity

            # a remark
            f01,"Org, ""the"" Inc",EU,https://a.example/piece/{"{pieceCid}"},TOKEN,{OneV2};{Two},100TiB
            f02,,,http://b.example:8080/p?c={"{pieceCidV2}"}
            f03,Drive,US,,,,
            """;
        string lines = $$"""
            {"id":"f01","organisation":{"name":"x"},"region":"EU","url":"https://a.example/piece/{pieceCid}","tokenEnv":"TOKEN","pieces":["{{OneV2}}","{{Two}}"],"weight":2.5}
            {"id":"f02","region":null,"url":"http://b.example:8080/p?c={pieceCidV2}"}

            {"id":"f03","region":"US","method":"drive"}
            """;
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            SchemaCheck.Follows(JsonDocument.Parse(line).RootElement, "provider");
        string array = $"\ufeff [ {string.Join(",\n", lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))} ]";
        foreach (string text in (string[])[csv, csv.Replace("\n", "\r\n", StringComparison.Ordinal), lines, lines + "\n", array])
        {
            var (providers, without) = Read(text);
            Assert.Equal([("f01", "EU", "TOKEN"), ("f02", null, null)], providers.Select(provider => (provider.Id, provider.Region, provider.TokenVariable)));
            Assert.Equal([One, Two], providers[0].Pieces!.Order(StringComparer.Ordinal).OrderBy(cid => cid == Two));
            Assert.Null(providers[1].Pieces);
            Assert.Equal(["f03"], without);
        }
    }

    [Theory]
    [InlineData("", "names no provider")]
    [InlineData("[]", "names no provider")]
    [InlineData("id,url\n", "names no provider")]
    [InlineData("name,url\nx,http://a/{pieceCid}", "'id' and 'url'")]
    [InlineData("id,url\nx,http://a/{pieceCid},more", "3 values for 2 columns")]
    [InlineData("id,url\n\"x,http://a/{pieceCid}", "within quotes")]
    [InlineData("id,url\nx,ftp://a/{pieceCid}", "no http or https URL")]
    [InlineData("id,url\nx,http://a/piece", "where the piece CID goes")]
    [InlineData("id,url\nx,http://me:pw@a/{pieceCid}", "a token belongs")]
    [InlineData("id,url\n,http://a/{pieceCid}", "has no 'id'")]
    [InlineData("id,url,pieces\nx,http://a/{pieceCid},bafy", "no piece CID")]
    [InlineData("id,url,pieces\nx,http://a/{pieceCid},bafkqaaa", "no piece CID")]
    [InlineData("{\"id\":\"x\",\"url\":3}", "where the piece CID goes")]
    [InlineData("{\"id\":\"x\"", "JSON")]
    [InlineData("[1]", "no JSON object")]
    [InlineData("[{\"id\":\"x\"},", "JSON")]
    [InlineData("{\"id\":\"x\"} y", "JSON")]
    public void WhatIsNoListIsRefused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<MalformedDataException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("https://a.example:8443/{pieceCid}", "a.example:8443", null)]
    [InlineData("f01=http://a/?x={pieceCid}", "f01", null)]
    [InlineData("f01@eu-west=http://a/?x={pieceCid}&y=1", "f01", "eu-west")]
    public void ATemplateMayHaveALabel(string text, string id, string? region)
    {
        var provider = AuditProvider.Parse(text);
        Assert.Equal((id, region), (provider.Id, provider.Region));
        Assert.StartsWith("http", provider.Template, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.example/{pieceCid}")]
    [InlineData("f01=a.example/{pieceCid}")]
    [InlineData("http:///{pieceCid}")]
    [InlineData("http://a/{piececid}")]
    [InlineData("http://a/{pieceCid}#x")]
    [InlineData("")]
    public void WhatIsNoTemplateIsRefused(string text) => Assert.Throws<FormatException>(() => AuditProvider.Parse(text));
}
