using DataPrep.Hashing;
using DataPrep.Piece;
using DataPrep.Tests.Hashing;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Piece;

/// <summary>A piece with its sidecar, and proofs of it held against the slow tree.</summary>
internal sealed class ProofSample
{
    private readonly ReferenceTree reference;

    /// <param name="pieceSize">Padded size; null for that of the payload.</param>
    public ProofSample(int payload, long? pieceSize = null)
    {
        Payload = KernelData.Random(payload, payload);
        var natural = CommPHasher.HashData(Payload);
        var commitment = natural.PadTo(pieceSize ?? natural.PieceSize);
        byte[] nodes = commitment.Height <= 15 ? commitment.Root.ToArray() : new byte[32 * SubTreeHasher.SegmentCount(payload)];
        if (commitment.Height > 15)
            new SubTreeHasher(Sha256Kernels.Current).HashSegments(Payload, nodes);
        Tree = new TreeSidecar(commitment, nodes);
        reference = new ReferenceTree(Payload, commitment.PieceSize);
        Assert.Equal(reference.Root, commitment.Root);
    }

    public byte[] Payload { get; }

    public TreeSidecar Tree { get; }

    public long Capacity => PieceSize.Unpadded(Tree.Commitment.PieceSize);

    public InclusionProof Prove(long offset, long length) => new InclusionProver(Tree, new MemoryStream(Payload), "x.car").Prove(offset, length);

    /// <summary>The piece's bytes of a range, as far as they are payload.</summary>
    public MemoryStream Data(long offset, long length)
    {
        int start = (int)Math.Min(offset, Payload.Length);
        return new MemoryStream(Payload, start, (int)Math.Min(length, Payload.Length - start));
    }

    /// <summary>Makes a proof and holds nodes, path, root and data against the slow tree.</summary>
    public InclusionProof Check(long offset, long length)
    {
        var proof = Prove(offset, length);
        string what = $"{length} bytes at {offset} of {Payload.Length} in {Tree.Commitment.PieceSize}";
        Assert.True(proof.Offset <= offset && offset + length <= proof.Offset + proof.Length, what);
        Assert.True(proof.Level == 2 || proof.Length < 4 * length, what);
        Assert.True(reference.Nodes(proof.Level, proof.Index, proof.Count).AsSpan().SequenceEqual(proof.Nodes), what);
        Assert.True(reference.Path(proof.Level, proof.Index, proof.Count).AsSpan().SequenceEqual(proof.Path), what);
        Assert.True(proof.FoldsTo(reference.Root), what);
        Assert.True(proof.IsOf(Data(proof.Offset, proof.Length)), what);
        return proof;
    }
}
