using System.Text.Json;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>
/// Shows that bytes are in a piece, by nodes of its tree and their siblings up to the root: whoever has the piece CID can check bytes that were fetched
/// from anywhere. The file is that of <c>dataprep commp --proof</c>, described in docs/proof.md. Offsets and lengths are in unpadded bytes of the piece.
/// </summary>
public sealed class TreeProof
{
    private readonly ProofRecord record;
    private readonly InclusionProof proof;
    private readonly PieceCidInfo piece;

    private TreeProof(ProofRecord record)
    {
        this.record = record;
        (proof, piece) = record.Decode();
    }

    /// <summary>Piece CID v1 of the piece that the proof says it is of.</summary>
    public Cid PieceCid => Piece.PieceCid.V1(piece.Root);

    /// <summary>Padded size of that piece.</summary>
    public long PieceSize => record.PieceSize;

    /// <summary>Where the range begins that was asked for.</summary>
    public long Offset => record.Offset;

    /// <summary>Bytes of the range that was asked for.</summary>
    public long Length => record.Length;

    /// <summary>Where the bytes begin that have to be at hand to check the proof.</summary>
    public long DataOffset => record.DataOffset;

    /// <summary>How many these are; what is behind the payload is zeros, and not among them.</summary>
    public long DataLength => record.DataLength;

    /// <summary>Proves a range of a piece. Only what is about it is read of the piece, and held against the sidecar first.</summary>
    /// <param name="piece">The piece's bytes, a stream that can seek; zeros that fill the piece need not be there.</param>
    /// <param name="sidecar">The tree sidecar, from its start.</param>
    /// <param name="offset">First byte of the range.</param>
    /// <param name="length">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the piece.</exception>
    /// <exception cref="MalformedDataException">The sidecar is none, or the piece's bytes are not those that it is of.</exception>
    /// <exception cref="IOException">A stream cannot be read.</exception>
    public static TreeProof Create(Stream piece, Stream sidecar, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(piece);
        ArgumentNullException.ThrowIfNull(sidecar);
        var tree = TreeSidecar.Read(sidecar);
        var proof = new InclusionProver(tree, piece).Prove(offset, length);
        return new TreeProof(ProofRecord.Of(tree.Commitment, proof, offset, length));
    }

    /// <summary>Proves a range by the sidecar alone, for those who do not have the piece: whole segments of 1,040,384 bytes that hold the range.</summary>
    /// <inheritdoc cref="Create(Stream, Stream, long, long)"/>
    public static TreeProof Create(Stream sidecar, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(sidecar);
        var tree = TreeSidecar.Read(sidecar);
        long capacity = Piece.PieceSize.Unpadded(tree.Commitment.PieceSize);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, capacity - offset);
        long segment = InclusionProof.NodeBytes(tree.NodeHeight);
        long first = offset / segment * segment, end = (offset + length + segment - 1) / segment * segment;
        var proof = new InclusionProver(tree, Stream.Null).ProveSegments(first, end - first);
        return new TreeProof(ProofRecord.Of(tree.Commitment, proof, offset, length));
    }

    /// <summary>Reads a proof.</summary>
    /// <exception cref="MalformedDataException">It is none.</exception>
    public static TreeProof Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return new TreeProof(JsonSerializer.Deserialize(json, ProofJson.Default.ProofRecord) ?? throw new MalformedDataException("the proof is null"));
        }
        catch (JsonException e)
        {
            throw new MalformedDataException($"the text is no proof: {e.Message}");
        }
    }

    /// <summary>Reads the file of a proof.</summary>
    /// <exception cref="MalformedDataException">It is none.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TreeProof Read(string path) => new(ProofRecord.Read(path));

    /// <summary>The proof as its file has it.</summary>
    public override string ToString() => JsonSerializer.Serialize(record, ProofJson.Default.ProofRecord);

    /// <summary>Whether bytes are those at <see cref="DataOffset"/> of a piece. What the proof says of itself is not relied on.</summary>
    /// <param name="data">The bytes from <see cref="DataOffset"/> on, <see cref="DataLength"/> of them, up to the stream's end.</param>
    /// <param name="pieceCid">A piece CID that is known from elsewhere, of version 1 or 2.</param>
    /// <param name="pieceSize">Padded size of that piece, which only version 2 has in itself: without it inner nodes of the tree could be taken for data.</param>
    /// <exception cref="ArgumentException">The size is missing, or is not that of the piece CID.</exception>
    /// <exception cref="MalformedDataException">The CID is no piece CID.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public bool Verify(Stream data, Cid pieceCid, long? pieceSize = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        var known = Piece.PieceCid.Decode(pieceCid);
        if ((known.PieceSize ?? pieceSize) is not { } size)
            throw new ArgumentException("A piece CID of version 1 does not say how large the piece is.", nameof(pieceSize));
        if (pieceSize is { } said && said != size)
            throw new ArgumentException($"The piece CID says that the piece has {size} bytes.", nameof(pieceSize));
        if (size != PieceSize || (known.PayloadSize is { } payload && DataLength != Math.Clamp(payload - DataOffset, 0, proof.Length)))
            return false;
        // Zeros that were left out at the end would hash alike.
        return proof.FoldsTo(known.Root) && proof.IsOf(data, out long read) && read == DataLength && data.ReadByte() < 0;
    }

    /// <inheritdoc cref="Verify(Stream, Cid, long?)"/>
    public unsafe bool Verify(ReadOnlySpan<byte> data, Cid pieceCid, long? pieceSize = null)
    {
        // Of an empty span there is no address.
        byte none = 0;
        fixed (byte* first = data)
        {
            byte* bytes = data.IsEmpty ? &none : first;
            using var stream = new UnmanagedMemoryStream(bytes, data.Length);
            return Verify(stream, pieceCid, pieceSize);
        }
    }
}
