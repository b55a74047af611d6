namespace DataPrep.Piece;

/// <summary>What a piece CID says.</summary>
/// <remarks>A version 1 CID carries only the root: there <see cref="PayloadSize"/>, <see cref="Padding"/> and <see cref="Height"/> are null.</remarks>
public sealed record PieceCidInfo
{
    private readonly byte[] _root;

    internal PieceCidInfo(int version, ReadOnlySpan<byte> root, long? payloadSize, long? padding, int? height)
    {
        Version = version;
        _root = root.ToArray();
        PayloadSize = payloadSize;
        Padding = padding;
        Height = height;
    }

    /// <summary>1 or 2.</summary>
    public int Version { get; }

    /// <summary>The root of the piece's tree, 32 bytes.</summary>
    public ReadOnlySpan<byte> Root => _root;

    /// <summary>Bytes of payload.</summary>
    public long? PayloadSize { get; }

    /// <summary>Zero bytes between the payload's end and what the tree holds.</summary>
    public long? Padding { get; }

    /// <summary>Height of the tree: its padded size is 32 bytes times two to that power.</summary>
    public int? Height { get; }

    /// <summary>Padded size of the piece in bytes.</summary>
    public long? PieceSize => Height is { } height ? Piece.PieceSize.OfHeight(height) : null;

    /// <inheritdoc/>
    public bool Equals(PieceCidInfo? other) =>
        other is not null && Version == other.Version && Padding == other.Padding && Height == other.Height && Root.SequenceEqual(other.Root);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Version, Padding, Height, BitConverter.ToInt64(_root));
}
