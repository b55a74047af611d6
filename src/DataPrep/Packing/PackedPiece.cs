using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Planning;

namespace DataPrep.Packing;

/// <summary>What the engine knows of a finished piece.</summary>
/// <param name="Nodes">One 32-byte node for each started segment of 1 MiB padded; of a smaller piece its root.</param>
/// <param name="Leaves">Digest of every leaf, in layout order.</param>
/// <param name="Roots">Digests of the roots of the entries that have blocks in the tail.</param>
internal sealed record PackedPiece(
    PieceLayout Layout,
    Cid Root,
    PieceCommitment Commitment,
    byte[] Nodes,
    DigestTable Leaves,
    DigestTable Roots) : IDisposable
{
    public Cid CidOf(int entry) => Layout.Profile.CidOf(Layout.IsRaw(entry), Layout.RootDigest(entry, Leaves, Roots));

    public void Dispose()
    {
        Leaves.Dispose();
        Roots.Dispose();
    }
}
