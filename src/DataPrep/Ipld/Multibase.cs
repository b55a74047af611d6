namespace DataPrep.Ipld;

/// <summary>Text encodings of a CID. The value is the multibase prefix character.</summary>
public enum Multibase
{
    /// <summary>No encoding.</summary>
    None = 0,

    /// <summary>RFC 4648 base32, lower case, no padding; the usual text of a version 1 CID.</summary>
    Base32 = 'b',

    /// <summary>Bitcoin's base58.</summary>
    Base58Btc = 'z',

    /// <summary>Base36, lower case, as one big number.</summary>
    Base36 = 'k',

    /// <summary>Lower case hexadecimal.</summary>
    Base16 = 'f',

    /// <summary>RFC 4648 base64url, no padding.</summary>
    Base64Url = 'u',
}
