using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using DataPrep.Ipld;

namespace DataPrep.Piece;

/// <summary>
/// The nodes of a piece's tree at segment height, kept beside the piece so that ranges of it can be checked without
/// reading all of it. The file's layout is in docs/tree-sidecar.md.
/// </summary>
internal sealed class TreeSidecar
{
    /// <summary>The file's first eight bytes.</summary>
    public static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'T', (byte)'R', (byte)'E', (byte)'E', (byte)'\n'];

    private const int NodeLength = PieceSize.NodeLength;
    private const int FormatVersion = 1;
    private const int VersionAt = 8;
    private const int NodeHeightAt = 10;
    private const int PieceHeightAt = 11;
    private const int NodeCountAt = 12;
    private const int PayloadSizeAt = 16;
    private const int RootAt = 24;
    private const int HeaderLength = 56;
    private const int ChecksumLength = 32;

    /// <summary>The greatest height of a piece: 1 TiB, far above any piece, and a sidecar of 32 MiB.</summary>
    public const int MaxPieceHeight = 35;

    private readonly byte[] _nodes;

    /// <summary>A sidecar from nodes that were just computed; that they fold to the root is checked.</summary>
    /// <param name="commitment">The piece.</param>
    /// <param name="nodes">The nodes of all started segments, or for a piece of up to 1 MiB its root.</param>
    /// <exception cref="ArgumentException">There are more or fewer nodes, they do not fold to the root, or the piece is above 1 TiB.</exception>
    public TreeSidecar(PieceCommitment commitment, ReadOnlySpan<byte> nodes)
    {
        ArgumentNullException.ThrowIfNull(commitment);
        if (commitment.Height > MaxPieceHeight)
            throw new ArgumentException("The piece is too large.", nameof(commitment));
        if (nodes.Length != NodeLength * ExpectedNodes(commitment.Height, commitment.PayloadSize))
            throw new ArgumentException("Not the number of nodes that the piece has.", nameof(nodes));
        Commitment = commitment;
        _nodes = nodes.ToArray();
        if (!FoldsToRoot())
            throw new ArgumentException("The nodes do not fold to the piece's root.", nameof(nodes));
    }

    private TreeSidecar(PieceCommitment commitment, byte[] nodes)
    {
        Commitment = commitment;
        _nodes = nodes;
    }

    /// <summary>The piece.</summary>
    public PieceCommitment Commitment { get; }

    /// <summary>Height of the nodes over the leaves: 15, or the piece's own height if that is less.</summary>
    public int NodeHeight => NodeHeightOf(Commitment.Height);

    /// <summary>Number of nodes kept; those after them are roots of zeros.</summary>
    public int NodeCount => _nodes.Length / NodeLength;

    /// <summary>The kept nodes, 32 bytes each.</summary>
    public ReadOnlySpan<byte> Nodes => _nodes;

    /// <summary>One node of the level, also of the zero tail.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The piece has no such node.</exception>
    public ReadOnlySpan<byte> NodeAt(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, 1L << (Commitment.Height - NodeHeight));
        return index < NodeCount ? _nodes.AsSpan((int)index * NodeLength, NodeLength) : ZeroCommitment.At(NodeHeight);
    }

    /// <summary>The file's bytes.</summary>
    public byte[] ToArray()
    {
        byte[] file = new byte[HeaderLength + _nodes.Length + ChecksumLength];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(VersionAt), FormatVersion);
        file[NodeHeightAt] = (byte)NodeHeight;
        file[PieceHeightAt] = (byte)Commitment.Height;
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(NodeCountAt), (uint)NodeCount);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(PayloadSizeAt), (ulong)Commitment.PayloadSize);
        Commitment.Root.CopyTo(file.AsSpan(RootAt));
        _nodes.CopyTo(file, HeaderLength);
        SHA256.HashData(file.AsSpan(0, file.Length - ChecksumLength), file.AsSpan(file.Length - ChecksumLength));
        return file;
    }

    /// <summary>Writes the file.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void Write(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        destination.Write(ToArray());
    }

    /// <summary>Reads a file from the stream's position to its end. Memory grows with what is there, not with what the header says.</summary>
    /// <exception cref="MalformedDataException">It is no valid sidecar.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static TreeSidecar Read(Stream source, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        const int Step = 64 * 1024;
        var file = new ArrayBufferWriter<byte>();
        long expected = HeaderLength;
        bool headerRead = false;
        while (true)
        {
            int read = source.Read(file.GetSpan(Step));
            if (read == 0)
                return Read(file.WrittenMemory, path);
            file.Advance(read);
            if (!headerRead && file.WrittenCount >= HeaderLength)
            {
                expected = FileLength(ReadHeader(file.WrittenSpan, path));
                headerRead = true;
            }

            if (headerRead && file.WrittenCount > expected)
                throw new MalformedDataException("Bytes follow the tree sidecar's checksum", expected, path);
        }
    }

    /// <summary>Reads a file that is in memory.</summary>
    /// <exception cref="MalformedDataException">It is no valid sidecar.</exception>
    public static TreeSidecar Read(ReadOnlyMemory<byte> source, string? path = null)
    {
        ReadOnlySpan<byte> file = source.Span;
        PieceCommitment commitment = ReadHeader(file, path);
        long length = FileLength(commitment);
        if (file.Length != length)
            throw new MalformedDataException($"The tree sidecar has {file.Length} bytes instead of {length}", Math.Min(file.Length, length), path);

        ReadOnlySpan<byte> content = file[..^ChecksumLength];
        if (!SHA256.HashData(content).AsSpan().SequenceEqual(file[^ChecksumLength..]))
            throw new MalformedDataException("The tree sidecar does not have its checksum", content.Length, path);
        var sidecar = new TreeSidecar(commitment, content[HeaderLength..].ToArray());
        return sidecar.FoldsToRoot()
            ? sidecar
            : throw new MalformedDataException("The tree sidecar's nodes do not fold to its root", HeaderLength, path);
    }

    private static PieceCommitment ReadHeader(ReadOnlySpan<byte> file, string? path)
    {
        if (file.Length < HeaderLength)
            throw new MalformedDataException("The tree sidecar ends within its header", file.Length, path);
        if (!file.StartsWith(Magic))
            throw new MalformedDataException("The file is no tree sidecar", 0, path);
        int version = BinaryPrimitives.ReadUInt16LittleEndian(file[VersionAt..]);
        if (version != FormatVersion)
            throw new MalformedDataException($"The tree sidecar has version {version}, which is unknown", VersionAt, path);

        int height = file[PieceHeightAt];
        if (height is < PieceSize.MinHeight or > MaxPieceHeight)
            throw new MalformedDataException($"A piece of height {height} is none", PieceHeightAt, path);
        if (file[NodeHeightAt] != NodeHeightOf(height))
            throw new MalformedDataException($"The nodes of a piece of height {height} cannot have height {file[NodeHeightAt]}", NodeHeightAt, path);
        ulong payload = BinaryPrimitives.ReadUInt64LittleEndian(file[PayloadSizeAt..]);
        long pieceSize = PieceSize.OfHeight(height);
        if (payload > (ulong)PieceSize.Unpadded(pieceSize))
            throw new MalformedDataException($"A payload of {payload} bytes does not fit a piece of height {height}", PayloadSizeAt, path);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(file[NodeCountAt..]);
        if (count != ExpectedNodes(height, (long)payload))
            throw new MalformedDataException($"A payload of {payload} bytes does not have {count} nodes", NodeCountAt, path);
        return new PieceCommitment(file.Slice(RootAt, NodeLength), (long)payload, pieceSize);
    }

    private static int NodeHeightOf(int pieceHeight) => Math.Min(pieceHeight, SubTreeHasher.SegmentHeight);

    private static long ExpectedNodes(int pieceHeight, long payload) =>
        pieceHeight <= SubTreeHasher.SegmentHeight ? 1 : SubTreeHasher.SegmentCount(payload);

    private static long FileLength(PieceCommitment commitment) =>
        HeaderLength + (NodeLength * ExpectedNodes(commitment.Height, commitment.PayloadSize)) + ChecksumLength;

    private bool FoldsToRoot()
    {
        Span<byte> root = stackalloc byte[NodeLength];
        PieceTree.Fold(_nodes, NodeHeight, Commitment.Height, root);
        return root.SequenceEqual(Commitment.Root);
    }
}
