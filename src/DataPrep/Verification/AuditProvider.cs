using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>Where a storage provider serves pieces.</summary>
/// <param name="Id">What reports call it.</param>
/// <param name="Region">Null where none is told.</param>
/// <param name="Template">URL of a piece, with <c>{pieceCid}</c> or <c>{pieceCidV2}</c> in it.</param>
internal sealed record AuditProvider(string Id, string? Region, string Template)
{
    public const string Cid = "{pieceCid}", CidV2 = "{pieceCidV2}";

    /// <summary>As long as a piece CID: too long for a part of a host's name, say.</summary>
    private static readonly string Example = new('c', 64);

    /// <summary>Environment variable that holds a bearer token; null where none is asked for.</summary>
    public string? TokenVariable { get; init; }

    /// <summary>Piece CIDs v1 of what it holds; null where that is all pieces.</summary>
    public IReadOnlySet<string>? Pieces { get; init; }

    /// <summary>
    /// Reads <c>TEMPLATE</c>, <c>ID=TEMPLATE</c> or <c>ID@REGION=TEMPLATE</c>. Without an id it is the URL's host and port.
    /// </summary>
    /// <exception cref="FormatException">The template is no URL of a piece.</exception>
    public static AuditProvider Parse(string text)
    {
        int equals = IsUrl(text) ? -1 : text.IndexOf('=', StringComparison.Ordinal);
        string template = text[(equals + 1)..], label = equals < 0 ? new Uri(Fill(Check(template), Example, Example)).Authority : text[..equals];
        int at = equals < 0 ? -1 : label.IndexOf('@', StringComparison.Ordinal);
        return new AuditProvider(at < 0 ? label : label[..at], at < 0 ? null : label[(at + 1)..], Check(template));
    }

    /// <summary>The template, once it is one.</summary>
    /// <exception cref="FormatException">It is no URL of a piece.</exception>
    public static string Check(string template)
    {
        if (!template.Contains(Cid, StringComparison.Ordinal) && !template.Contains(CidV2, StringComparison.Ordinal))
            throw new FormatException($"'{template}' does not say where the piece CID goes: write it as https://provider/piece/{Cid}");
        if (!IsUrl(template) || !Uri.TryCreate(Fill(template, Example, Example), UriKind.Absolute, out var url) || url.Host.Length == 0)
            throw new FormatException($"'{template}' is no http or https URL");
        if (url.UserInfo.Length > 0 || url.Fragment.Length > 0)
            throw new FormatException($"'{template}': a URL with a user name or a fragment cannot be asked; a token belongs in an environment variable");
        return template;
    }

    public Uri UrlOf(PieceRecord piece) => UrlOf(piece.PieceCid, piece.PieceCidV2);

    public Uri UrlOf(string pieceCid, string pieceCidV2) => new(Fill(Template, pieceCid, pieceCidV2));

    /// <summary>The version 1 text of a piece CID of either version.</summary>
    /// <exception cref="FormatException">It is no piece CID.</exception>
    public static string Version1(string pieceCid) =>
        DataPrep.Ipld.Cid.TryParse(pieceCid, out var cid) ? PieceCid.V1(PieceCid.Decode(cid).Root).ToString() : throw new FormatException($"'{pieceCid}' is no piece CID");

    private static bool IsUrl(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    private static string Fill(string template, string cid, string cidV2) => template.Replace(CidV2, cidV2, StringComparison.Ordinal).Replace(Cid, cid, StringComparison.Ordinal);
}
