using System.Diagnostics.CodeAnalysis;

namespace DataPrep.Ipld;

/// <content>The text forms.</content>
public readonly partial struct Cid
{
    // The longest text of the largest CID is hexadecimal; what is longer is refused before any work is done on it.
    private const int MaxTextLength = 1 + (2 * MaxByteLength);
    private const int V0TextLength = 46;

    /// <summary>Reads the text of a CID: 46 characters from <c>Qm</c> on are version 0, all else needs a multibase prefix.</summary>
    /// <exception cref="FormatException">The text is not exactly one CID.</exception>
    public static Cid Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return ParseCore(text, out Cid cid) is { } fault ? throw new FormatException(fault + ".") : cid;
    }

    /// <summary>Reads the text of a CID, if it is exactly one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Cid cid)
    {
        cid = default;
        return text is not null && ParseCore(text, out cid) is null;
    }

    /// <summary>The usual text: <c>Qm…</c> for version 0, base32 for version 1, empty where not defined.</summary>
    public override string ToString() => _kind switch
    {
        Kind.V0 => MultibaseText.EncodeBase58(ToByteArray()),
        Kind.V1 => MultibaseText.Encode(Multibase.Base32, ToByteArray()),
        _ => "",
    };

    /// <summary>Text of a version 1 CID in the encoding asked for, with its prefix.</summary>
    /// <exception cref="InvalidOperationException">
    /// The value is not a version 1 CID: version 0 has one text only, without a multibase prefix.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The encoding is unknown.</exception>
    public string ToString(Multibase multibase)
    {
        if (_kind != Kind.V1)
        {
            throw new InvalidOperationException("Only a version 1 CID has multibase texts.");
        }

        return MultibaseText.Encode(multibase, ToByteArray());
    }

    private static string? ParseCore(string text, out Cid cid)
    {
        cid = default;
        if (text.Length is 0 or > MaxTextLength)
        {
            return "The text is empty or too long to be a CID";
        }

        bool isV0 = text.Length == V0TextLength && text.StartsWith("Qm", StringComparison.Ordinal);
        byte[]? bytes = isV0 ? MultibaseText.DecodeBase58(text) : MultibaseText.Decode(text);
        if (bytes is null)
        {
            return "The text of the CID has an unknown multibase prefix or a malformed encoding";
        }

        if (!isV0 && bytes is [0x12, ..])
        {
            return "A version 0 CID has no multibase prefix";
        }

        if (ReadCore(bytes, out Cid read, out int length) is { } fault)
        {
            return fault;
        }

        if (length != bytes.Length || isV0 != (read._kind == Kind.V0))
        {
            return "Bytes follow the CID";
        }

        cid = read;
        return null;
    }
}
