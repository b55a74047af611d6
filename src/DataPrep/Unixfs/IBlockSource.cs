using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>Finds blocks by CID.</summary>
internal interface IBlockSource
{
    /// <summary>The block's bytes, checked against the CID, or null where there is no such block.</summary>
    /// <exception cref="MalformedDataException">The block is there but does not match its CID.</exception>
    byte[]? Read(in Cid cid);

    /// <summary>Reads a block, checked against the CID, into what has its length; false where there is no such block.</summary>
    /// <exception cref="MalformedDataException">The block is there but does not match its CID.</exception>
    bool TryRead(in Cid cid, Span<byte> destination);

    /// <summary>Length of a block, or -1 where there is none.</summary>
    long Length(in Cid cid);
}

/// <summary>A block that a DAG refers to is not there.</summary>
internal sealed class MissingBlockException(Cid cid, string? path = null) : IOException(path is null ? $"block {cid} is missing" : $"block {cid} of '{path}' is missing")
{
    public Cid Cid => cid;
}
