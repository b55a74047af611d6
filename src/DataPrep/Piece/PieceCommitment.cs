using DataPrep.Ipld;

namespace DataPrep.Piece;

/// <summary>The commitment to a piece: the root of its tree and the sizes that belong to it.</summary>
public sealed record PieceCommitment
{
    private readonly byte[] _root;

    /// <summary>A commitment from its parts.</summary>
    /// <param name="root">The root of the piece's tree, 32 bytes.</param>
    /// <param name="payloadSize">Bytes of payload, 0 or more.</param>
    /// <param name="pieceSize">Padded size: a power of two that holds the payload.</param>
    /// <exception cref="ArgumentException">The root has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is none, or the piece does not hold the payload.</exception>
    public PieceCommitment(ReadOnlySpan<byte> root, long payloadSize, long pieceSize)
    {
        if (root.Length != Piece.PieceSize.NodeLength)
            throw new ArgumentException("A root of 32 bytes is needed.", nameof(root));
        ArgumentOutOfRangeException.ThrowIfLessThan(pieceSize, Piece.PieceSize.Padded(payloadSize));
        Height = Piece.PieceSize.Height(pieceSize);
        PayloadSize = payloadSize;
        PieceSize = pieceSize;
        _root = root.ToArray();
    }

    /// <summary>The root of the piece's tree, 32 bytes.</summary>
    public ReadOnlySpan<byte> Root => _root;

    /// <summary>Bytes of payload, without the zeros that fill the piece.</summary>
    public long PayloadSize { get; }

    /// <summary>Padded size of the piece in bytes, a power of two.</summary>
    public long PieceSize { get; }

    /// <summary>Height of the piece's tree: log2(<see cref="PieceSize"/> / 32).</summary>
    public int Height { get; }

    /// <summary>Whether the piece is larger than its payload asks for.</summary>
    public bool IsPaddedUp => PieceSize != Piece.PieceSize.Padded(PayloadSize);

    /// <summary>The version 1 piece CID: the root alone. It goes together with <see cref="PieceSize"/>.</summary>
    public Cid CidV1 => PieceCid.V1(_root);

    /// <summary>
    /// The version 2 piece CID (FRC-0069). Of a piece that was padded up it is <see cref="CidV2WholePiece"/>: a padding
    /// of half the piece or more has no valid CID, so the zeros are declared payload.
    /// </summary>
    public Cid CidV2 => IsPaddedUp ? CidV2WholePiece : PieceCid.V2(_root, PayloadSize, Height);

    /// <summary>The version 2 piece CID that declares all of the piece payload: its padding is 0.</summary>
    public Cid CidV2WholePiece => PieceCid.V2(_root, Piece.PieceSize.Unpadded(PieceSize), Height);

    /// <summary>The commitment to the same payload in a larger piece, the rest of it zeros. <see cref="PayloadSize"/> stays.</summary>
    /// <param name="paddedSize">A power of two, not below <see cref="PieceSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is no padded size, or smaller than the piece.</exception>
    public PieceCommitment PadTo(long paddedSize)
    {
        int height = Piece.PieceSize.Height(paddedSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(paddedSize, PieceSize);
        Span<byte> root = stackalloc byte[Piece.PieceSize.NodeLength];
        PieceTree.PadUp(_root, Height, height, root);
        return new PieceCommitment(root, PayloadSize, paddedSize);
    }

    /// <inheritdoc/>
    public bool Equals(PieceCommitment? other) =>
        other is not null && PayloadSize == other.PayloadSize && PieceSize == other.PieceSize && Root.SequenceEqual(other.Root);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(PayloadSize, PieceSize, BitConverter.ToInt64(_root));
}
