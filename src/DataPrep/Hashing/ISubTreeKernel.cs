namespace DataPrep.Hashing;

/// <summary>
/// A kernel that makes nodes of a piece commitment from raw bytes in one call, fr32 and all layers included. Where the
/// chosen kernel is none, the same is done layer by layer with <see cref="Sha256Kernel.HashPairs"/>.
/// </summary>
internal interface ISubTreeKernel
{
    /// <summary>Bytes of working memory that a call needs.</summary>
    int ScratchSize { get; }

    /// <summary>Root of the sub-tree of a height from 2 to 15 over raw bytes extended with zeros.</summary>
    void HashSubTree(ReadOnlySpan<byte> raw, int height, Span<byte> root, Span<byte> scratch);
}
