using System.Security.Cryptography;

namespace DataPrep.Unixfs;

/// <summary>Takes finished dag-pb blocks in the order in which they stand in the CAR.</summary>
internal interface IBlockSink
{
    /// <summary>Appends a block and gives its SHA-256 digest (32 bytes).</summary>
    void Append(ReadOnlySpan<byte> block, Span<byte> digest);
}

/// <summary>Gives digests and keeps nothing, where only a CID is asked for.</summary>
internal sealed class DigestOnly : IBlockSink
{
    public void Append(ReadOnlySpan<byte> block, Span<byte> digest) => SHA256.HashData(block, digest);
}

/// <summary>A node of the DAG as its parent links to it.</summary>
/// <param name="SectionBytes">CAR bytes of the dag-pb blocks of which it consists, leaves not counted.</param>
/// <param name="DagSize">Cumulative size, the Tsize of a link to it: its block and, once for each link, all below.</param>
internal readonly record struct NodeSize(long SectionBytes, long DagSize);
