using System.Net;
using System.Security.Cryptography;
using System.Text;
using static DataPrep.Cli.Bench.BenchText;

namespace DataPrep.Cli.Bench;

/// <summary>The results as one HTML file that fetches and runs nothing. It is well-formed XML too.</summary>
internal static class BenchPage
{
    private static readonly (string Title, string Note, Func<string, bool> Holds)[] Groups =
    [
        ("Reference", ".NET's SHA-256 of one stream, one thread, taken again and again between all others. x is a rate over it.", name => name == "reference"),
        ("Packing", "The whole of it: from memory and from files, into nothing, onto the disk, and both together.", name => name == "pack" || Begins(name, "pipeline/")),
        ("Hashing", "Piece commitment and leaves apart, on data that caches hold, with the kernel in use.", name => name is "commp" or "leaves"),
        ("Small files", "Many files of about this size, from memory into nothing and from the folder into it.", name => Begins(name, "small/")),
        ("Disk", "One large file: written until it is on the device, read when the page cache has forgotten it.", name => Begins(name, "disk/")),
        ("Memory", "More than caches hold, read and copied.", name => Begins(name, "memory/")),
        ("SHA-256 kernels", "Every path that this CPU has, one thread: trees of pieces, leaves of 1 MiB, messages of up to 100 KB.", _ => true),
    ];

    public static void Write(BenchReport report, Stream stream)
    {
        using var page = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        page.Write($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8" />
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <meta name="color-scheme" content="light dark" />
            <meta name="referrer" content="no-referrer" />
            <meta name="robots" content="noindex" />
            <title>DataPrep bench: {Encode(Machine.Cpu)}</title>
            <style>{Style}</style>
            </head>
            <body>
            <main>
            <header><p class="kicker">DataPrep bench</p><h1>{Encode(Machine.Cpu)}</h1>

            """);
        page.WriteLine("<dl>");
        foreach (var (name, value) in report.Facts)
            page.WriteLine($"<div><dt>{Encode(name)}</dt><dd>{Encode(value)}</dd></div>");
        page.WriteLine("</dl></header>");
        WriteAdvice(page, report);
        var left = report.Run.Results.ToList();
        foreach (var (title, note, holds) in Groups)
        {
            var group = left.Where(result => holds(result.Name)).ToList();
            left = [.. left.Except(group)];
            if (group.Count > 0)
                WriteGroup(page, title, note, group, report.Comparison);
        }

        if (report.Run.Skipped.Count > 0)
        {
            page.WriteLine("<section><h2>Left out</h2><ul>");
            foreach (var part in report.Run.Skipped)
                page.WriteLine($"<li>{Encode(part.Name)}: {Encode(part.Reason)}</li>");
            page.WriteLine("</ul></section>");
        }

        string changes = report.Comparison is null ? "" : " Bold changes are outside the noise of both runs.";
        page.WriteLine($"<footer><p>Rates are medians of the repeats, in powers of ten; spread is from the slowest to the fastest of them. Bars of a table have one scale.{changes}</p></footer>");
        page.WriteLine("</main>\n</body>\n</html>");
    }

    private static void WriteAdvice(StreamWriter page, BenchReport report)
    {
        page.WriteLine("<section class=\"advice\"><h2>What limits packing here</h2>");
        for (int i = 0; i < report.Words.Count; i++)
            page.WriteLine($"<p{(i == 0 ? " class=\"first\"" : "")}>{Encode(report.Words[i])}</p>");
        var c = report.Run.Ceilings;
        var ceilings = new List<(string Name, double Rate)> { ("Hashing from memory, all threads", c.Compute) };
        if (c.Read is { } read && (c.IsCold || c.InMemory))
            ceilings.Add(("Reading", read));
        if (c.Write is { } write)
            ceilings.Add(("Writing", write));
        if (c.Pack is { } pack)
            ceilings.Add(("Packing, all together", pack));
        double most = ceilings.Max(ceiling => ceiling.Rate);
        page.WriteLine("<div class=\"scroll\" tabindex=\"0\"><table><caption>What each part can do alone</caption><thead><tr><th scope=\"col\">part</th><th scope=\"col\" class=\"number\">rate</th></tr></thead><tbody>");
        foreach (var (name, rate) in ceilings)
            page.WriteLine($"<tr><th scope=\"row\">{Encode(name)}{Bar(rate / most, name.StartsWith("Packing", StringComparison.Ordinal))}</th><td class=\"number\">{Speed(rate)}</td></tr>");
        page.WriteLine("</tbody></table></div></section>");
    }

    private static void WriteGroup(StreamWriter page, string title, string note, List<BenchResult> group, BenchComparison? comparison)
    {
        double most = group.Max(result => result.BytesPerSecond);
        string fine = comparison is null ? "" : " fine";
        page.WriteLine($"<section><h2>{title}</h2><p class=\"note\">{Encode(note)}</p>");
        page.Write($"<div class=\"scroll\" tabindex=\"0\"><table><caption class=\"hidden\">{title}</caption><thead><tr><th scope=\"col\">what</th><th scope=\"col\" class=\"number\">threads</th><th scope=\"col\" class=\"number\">rate</th><th scope=\"col\" class=\"number\">x</th><th scope=\"col\" class=\"number{fine}\">spread</th>");
        if (comparison is not null)
            page.Write("<th scope=\"col\" class=\"number\">change</th><th scope=\"col\" class=\"number\">of x</th>");
        page.WriteLine("</tr></thead><tbody>");
        foreach (var result in group)
        {
            string remark = BenchReport.Remark(result);
            page.Write($"<tr><th scope=\"row\">{Encode(result.Name)}{(remark.Length > 0 ? $"<small>{Encode(remark)}</small>" : "")}{(group.Count > 1 ? Bar(result.BytesPerSecond / most, false) : "")}</th><td class=\"number\">{result.Threads}</td><td class=\"number\">{Speed(result.BytesPerSecond)}</td><td class=\"number\">{Ratio(result.RatioToReference)}</td><td class=\"number{fine}\">{Share(result.Spread)}</td>");
            if (comparison is not null)
                page.Write(comparison.Of(result) is { } change
                    ? $"<td class=\"number{Direction(change)}\">{Change(change.Change)}</td><td class=\"number\">{(change.RatioChange is { } ratio ? Change(ratio) : "")}</td>"
                    : "<td class=\"number\">new</td><td></td>");
            page.WriteLine("</tr>");
        }

        page.WriteLine("</tbody></table></div></section>");
    }

    private static string Direction(ResultChange change) => !change.IsClear ? "" : change.Change > 0 ? " better" : " worse";

    private static string Bar(double share, bool isMain) =>
        Text($"<svg class=\"bar\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"1\" /><rect class=\"{(isMain ? "main" : "fill")}\" width=\"{Math.Clamp(share * 100, 0, 100):0.##}\" height=\"1\" /></svg>");

    private static bool Begins(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal);

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    // In the manner of the report's page.
    private const string Style = """
        :root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --text: #1c2430; --muted: #5b6675; --line: #dfe3e9; --grid: #e9ecf1; --c1: #2f6fb3; --c2: #b8660a; --good: #1d7a5c; --bad: #b3382f; }
        @media (prefers-color-scheme: dark) {
          :root { --page: #12161c; --card: #1a2029; --text: #e4e8ee; --muted: #9aa5b4; --line: #2d3541; --grid: #262e39; --c1: #6aa7e8; --c2: #e8a34d; --good: #55bd98; --bad: #f08a80; }
        }
        *, *::before, *::after { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; -webkit-text-size-adjust: 100%; }
        main { max-width: 860px; margin: 0 auto; padding: 28px 20px 40px; }
        h1 { font-size: 26px; line-height: 1.2; margin: 0 0 12px; font-weight: 650; overflow-wrap: anywhere; }
        h2 { font-size: 18px; margin: 0 0 4px; font-weight: 650; }
        p { margin: 0 0 6px; }
        ul { margin: 4px 0 0; padding-left: 20px; }
        .kicker, .note, footer { color: var(--muted); font-size: 13px; }
        dl { margin: 0 0 16px; }
        dl > div { display: grid; grid-template-columns: 84px minmax(0, 1fr); gap: 8px; }
        dt { color: var(--muted); }
        dd { margin: 0; overflow-wrap: anywhere; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px 18px; margin-bottom: 16px; min-width: 0; }
        .advice p { max-width: 75ch; overflow-wrap: anywhere; }
        .advice .first { font-size: 17px; font-weight: 600; }
        .scroll { overflow-x: auto; }
        .scroll:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
        caption { text-align: left; color: var(--muted); font-size: 13px; padding: 6px 0 2px; }
        caption.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        th, td { text-align: left; padding: 5px 0 5px 14px; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: normal; }
        tr > :first-child { padding-left: 0; width: 50%; min-width: 130px; overflow-wrap: anywhere; }
        tbody tr:last-child > * { border-bottom: 0; }
        thead th { color: var(--muted); font-size: 13px; white-space: nowrap; }
        .number { text-align: right; white-space: nowrap; }
        .better { color: var(--good); font-weight: 650; }
        .worse { color: var(--bad); font-weight: 650; }
        small { display: block; color: var(--muted); font-size: 12px; }
        .bar { display: block; width: 100%; height: 7px; margin-top: 3px; border-radius: 2px; }
        .track { fill: var(--grid); } .fill { fill: var(--c1); } .main { fill: var(--c2); }
        @media (max-width: 640px) {
          main { padding: 16px 10px 24px; }
          section { padding: 12px; }
          h1 { font-size: 21px; }
          table { font-size: 13px; }
          th, td { padding-left: 8px; }
          tr > :first-child { width: 40%; min-width: 100px; }
          .fine { display: none; }
          dl > div { grid-template-columns: minmax(0, 1fr); gap: 0; margin-bottom: 4px; }
        }

        """;
}
