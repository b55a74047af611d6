using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Distribution.Exports;

/// <summary>The URL of a piece, with what differs from piece to piece in braces.</summary>
internal sealed class UrlTemplate
{
    private const string Cid = "{pieceCid}", CidV2 = "{pieceCidV2}", CarFile = "{carFile}";
    private readonly string template;

    /// <exception cref="UsageException">It is no http or https URL, or the same for all pieces.</exception>
    public UrlTemplate(string template)
    {
        this.template = template;
        if (!new[] { Cid, CidV2, CarFile }.Any(part => template.Contains(part, StringComparison.Ordinal)))
            throw new UsageException($"--url: '{template}' does not say which piece: write it as https://example.org/piece/{Cid}, or with {CidV2} or {CarFile}");
        // What separates fields and lines where a URL is written has no place in one.
        if (template.Any(c => c <= ' ' || c == '\x7f') || !Uri.TryCreate(Fill("c", "c", "c"), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
            throw new UsageException($"--url: '{template}' is no http or https URL");
    }

    /// <summary>The URL of a piece. A comma is escaped: some tools split at it.</summary>
    public string Of(PieceRecord piece) => Fill(piece.PieceCid, piece.PieceCidV2, piece.CarFile).Replace(",", "%2C", StringComparison.Ordinal);

    private string Fill(string cid, string cidV2, string carFile) =>
        template.Replace(CidV2, Uri.EscapeDataString(cidV2), StringComparison.Ordinal)
            .Replace(Cid, Uri.EscapeDataString(cid), StringComparison.Ordinal)
            .Replace(CarFile, Uri.EscapeDataString(carFile), StringComparison.Ordinal);
}

/// <summary>A header of HTTP requests.</summary>
internal sealed record HttpHeader(string Name, string Value)
{
    /// <exception cref="UsageException">The text is no <c>Name: value</c>.</exception>
    public static HttpHeader Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? "" : text[..colon].Trim(), value = text[(colon + 1)..].Trim();
        // RFC 9110: a name is a token; a line feed would make two headers of one.
        bool isOne = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)) && !value.Any(char.IsControl);
        return isOne ? new HttpHeader(name, value) : throw new UsageException($"--header: '{text}' is no header; write it as 'Name: value'");
    }
}
