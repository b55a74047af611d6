using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataPrep.Distribution.Reports;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Tests.Cli;
using DataPrep.Tests.Exports;
using Xunit;

namespace DataPrep.Tests.Reports;

/// <summary>The page as a file; what a browser makes of it is tested in tests/Report.</summary>
public sealed partial class ReportPageTests
{
    [Fact]
    public void ThePolicyAllowsWhatIsInThePageAndNothingElse()
    {
        using var sample = new ExportSample();
        string page = Page(sample.Out);
        Assert.Equal(page, Page(sample.Out));
        string policy = Policy().Match(page).Groups[1].Value;
        Assert.StartsWith("default-src 'none'; script-src 'sha256-", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal(
            Regex.Matches(policy, "sha256-([^']+)").Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal),
            Inlined().Matches(page).Select(match => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(match.Groups[1].Value)))).Order(StringComparer.Ordinal));
        Assert.DoesNotMatch("(?i)<(script|link|img|iframe)[^>]*(src|href)=|@import|url\\(", page);
        Assert.Equal(ReportPage.HasCharts, page.Contains("Permission is hereby granted, free of charge", StringComparison.Ordinal));
    }

    [Fact]
    public void HostileNamesStayInTheData()
    {
        using var sample = new ExportSample();
        foreach (string record in (string[])["dataset.json", "files.jsonl", ".dataprep/runs.jsonl"])
            Assert.True(File.Exists(sample.At($"out/{record}")));
        string dataset = sample.At("out/dataset.json");
        File.WriteAllText(dataset, File.ReadAllText(dataset).Replace("\"name\": \"climate\"", "\"name\": \"</script><!--\\u2028<script>\"", StringComparison.Ordinal));
        _ = sample.Write("out/skipped.jsonl", "{\"path\":\"]]></SCRIPT><b>&amp;'\\\"\\ud83d\\ude00\",\"reason\":\"unreadable\",\"detail\":\"-->\"}\n");
        string data = Data().Match(Page(sample.Out)).Groups[1].Value;
        Assert.DoesNotMatch("[<>&'\u0080-\uffff]", data);
        var json = JsonDocument.Parse(data).RootElement;
        Assert.Equal("</script><!--\\u{2028}<script>", json.GetProperty("dataset").GetProperty("name").GetString());
        Assert.Equal("]]></SCRIPT><b>&amp;'\"😀", json.GetProperty("skipped").GetProperty("list")[0].GetProperty("name").GetString());
        Assert.Contains(json.GetProperty("slowFiles").EnumerateArray(), file => file.GetProperty("name").GetString() == "bad\\xff");
        Assert.Equal(json.GetProperty("dataset").GetProperty("files").GetInt64(), json.GetProperty("files").GetProperty("sizes").EnumerateArray().Sum(size => size.GetProperty("files").GetInt64()));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("plan").ValueKind);
    }

    [Fact]
    public void AnEmptyDatasetHasAReportToo()
    {
        using var scratch = new ScratchFolder();
        _ = scratch.Folder("src");
        _ = new DatasetPacker(new PackOptions { Sources = [scratch.At("src")], Output = scratch.At("out") }, new PackCounters(), TestContext.Current.CancellationToken).Run();
        var json = JsonDocument.Parse(Data().Match(Page(scratch.At("out"))).Groups[1].Value).RootElement;
        Assert.Equal((0, 1), (json.GetProperty("files").GetProperty("sizes").GetArrayLength(), json.GetProperty("pieces").GetProperty("count").GetInt32()));
    }

    [Fact]
    public void DamagedRecordsAreAnErrorWithTheirPlace()
    {
        using var sample = new ExportSample();
        string files = sample.At("out/files.jsonl");
        long length = new FileInfo(files).Length;
        File.AppendAllText(files, "{\"path\":1}\n");
        Assert.InRange(Assert.Throws<MalformedDataException>(() => Page(sample.Out)).Offset, length, length + 11);
        string pieces = sample.At("out/pieces.jsonl");
        File.WriteAllText(pieces, Regex.Replace(File.ReadAllText(pieces), "\"pieceSize\":\\d+", "\"pieceSize\":4095"));
        Assert.Contains("sizes", Assert.Throws<MalformedDataException>(() => Page(sample.Out)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheCommandWritesThePageOnce()
    {
        using var sample = new ExportSample();
        string page = sample.At("page.html");
        var written = DataPrepProcess.Run("report", sample.Out, "-o", page, "--json").Expect(0).Event("report");
        Assert.Equal(page, written.GetProperty("path").GetString());
        Assert.StartsWith("<!doctype html>", File.ReadAllText(page), StringComparison.Ordinal);
        DataPrepProcess.Run("report", sample.Out, "-o", page).Expect(1, page, "is not overwritten");
        DataPrepProcess.Run("report", sample.At("nothing"), "-o", sample.At("other.html")).Expect(1, "no packed dataset");
        DataPrepProcess.Run("report", sample.Out, "-o", "").Expect(2, "the name is empty");
        Assert.False(File.Exists(sample.At("other.html")));
    }

    private static string Page(string folder)
    {
        using var stream = new MemoryStream();
        ReportPage.Write(new DatasetReport(folder, TestContext.Current.CancellationToken), stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [GeneratedRegex("<meta http-equiv=\"Content-Security-Policy\" content=\"([^\"]+)\">")]
    private static partial Regex Policy();

    [GeneratedRegex("<(?:script|style)>(.*?)</(?:script|style)>", RegexOptions.Singleline)]
    private static partial Regex Inlined();

    [GeneratedRegex("<script type=\"application/json\" id=\"data\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Data();
}
