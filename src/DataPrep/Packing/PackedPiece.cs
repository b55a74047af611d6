using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Planning;

namespace DataPrep.Packing;

/// <summary>What the engine knows of a finished data piece.</summary>
/// <param name="Job">What it was made by; its digests are the piece's from now on.</param>
/// <param name="Part">The tree of the piece.</param>
internal sealed record PackedPiece(PieceJob Job, Cid Root, PieceCommitment Commitment, PartialTree Part) : IDisposable
{
    public PieceLayout Layout => Job.Layout;

    /// <summary>One 32-byte node for each started segment of 1 MiB padded; of a smaller piece its root.</summary>
    public byte[] Nodes => Job.Bytes.Nodes;

    /// <summary>Digest of every leaf, in layout order.</summary>
    public DigestTable Leaves => Job.Leaves;

    /// <summary>Digest of an entry's root.</summary>
    public ReadOnlySpan<byte> RootDigest(int entry) => Layout.RootDigest(entry, Job.Leaves, Job.Roots);

    public Cid CidOf(int entry) => Layout.Profile.CidOf(Layout.IsRaw(entry), RootDigest(entry));

    public void Dispose()
    {
        Job.Leaves.Dispose();
        Job.Roots.Dispose();
    }
}
