using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace DataPrep.Distribution.Reports;

/// <summary>
/// The page: one HTML file with all that it needs, and a policy that lets it fetch nothing and run nothing but the scripts that it came with, known by
/// their SHA-256. Figures stand in it as JSON, from which its script makes the page; where that is escaped, no name can end the element or begin another.
/// </summary>
internal static class ReportPage
{
    private static readonly Assembly Here = typeof(ReportPage).Assembly;

    /// <summary>Whether the build found the library that draws charts. Without it the figures stand in tables alone.</summary>
    public static bool HasCharts { get; } = Here.GetManifestResourceInfo("uPlot.js") is not null;

    public static void Write(DatasetReport report, Stream stream)
    {
        string style = Resource("report.css"), script = Resource("report.js"), data = "";
        List<string> styles = [style], scripts = [script];
        if (HasCharts)
        {
            string licence = $"/*! uPlot\n\n{Resource("uPlot.LICENSE").Trim()}\n*/\n";
            styles.Insert(0, licence + Resource("uPlot.css"));
            scripts.Insert(0, licence + Resource("uPlot.js"));
            scripts.Insert(1, Resource("charts.js"));
        }

        using (var buffer = new MemoryStream())
        {
            report.WriteTo(buffer);
            data = Encoding.ASCII.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        }

        using var page = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        page.Write($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {Hashes(scripts)}; style-src {Hashes(styles)}; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <meta name="robots" content="noindex">
            <title>DataPrep report</title>

            """);
        foreach (string each in styles)
            page.WriteLine($"<style>{Element(each)}</style>");
        page.WriteLine("</head>\n<body>\n<main id=\"report\"><noscript>This page makes its tables and charts with the script that is in it, and needs JavaScript for that. It fetches nothing.</noscript></main>");
        page.WriteLine($"<script type=\"application/json\" id=\"data\">{data}</script>");
        foreach (string each in scripts)
            page.WriteLine($"<script>{Element(each)}</script>");
        page.WriteLine("</body>\n</html>");
    }

    /// <summary>The text of a script or style, which nothing in it ends early.</summary>
    private static string Element(string text) =>
        text.Contains("</s", StringComparison.OrdinalIgnoreCase) || text.Contains("<!--", StringComparison.Ordinal)
            ? throw new InvalidOperationException("a script or style of the report holds what would end it")
            : text;

    private static string Hashes(List<string> texts) =>
        string.Join(' ', texts.Select(text => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'"));

    /// <summary>An embedded text, with the line ends that a browser makes of any.</summary>
    private static string Resource(string name)
    {
        using var reader = new StreamReader(Here.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
