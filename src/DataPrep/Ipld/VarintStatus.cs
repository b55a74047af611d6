namespace DataPrep.Ipld;

/// <summary>What became of an attempt to read an unsigned varint.</summary>
public enum VarintStatus
{
    /// <summary>A value was read.</summary>
    Ok,

    /// <summary>The input ended before the last byte of the varint.</summary>
    Incomplete,

    /// <summary>The value has a shorter encoding, which is the only one allowed.</summary>
    NotMinimal,

    /// <summary>The encoding is longer, or its value larger, than allowed.</summary>
    Overflow,
}
