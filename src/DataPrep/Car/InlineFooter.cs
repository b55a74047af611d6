using System.Buffers.Binary;
using System.Security.Cryptography;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Unixfs;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Car;

/// <summary>
/// The end of an <c>.inline</c> file: a CAR without the content of its leaves, and where that content is. The layout of the file is in docs/inline.md.
/// <code>
/// | stripped CAR | parts, 24 bytes each | names | footer, 136 bytes |
/// </code>
/// </summary>
internal sealed record InlineFooter
{
    public const int Length = 136;

    /// <summary>Bytes of an entry of the table of parts.</summary>
    public const int PartLength = 24;

    private const int FormatVersion = 1;
    private const int VersionAt = 8, CidVersionAt = 10, RawLeavesAt = 11, ChunkSizeAt = 12, NumbersAt = 16, RootAt = 72;
    private const int ChecksumLength = 32;

    /// <summary>What decides the shape of leaves: chunk size, CID version, raw leaves.</summary>
    public required UnixFsProfile Profile { get; init; }

    /// <summary>Bytes of the CAR file, zero-fill included.</summary>
    public required long CarSize { get; init; }

    /// <summary>Bytes of the CAR without zero-fill.</summary>
    public required long PayloadSize { get; init; }

    /// <summary>CAR offset behind the last leaf section.</summary>
    public required long LeafEnd { get; init; }

    /// <summary>Content bytes of all leaves.</summary>
    public required long ContentSize { get; init; }

    /// <summary>Number of parts: files, or ranges of files.</summary>
    public required long Parts { get; init; }

    /// <summary>Bytes of the names.</summary>
    public required long NamesLength { get; init; }

    /// <summary>Where in its file the first part begins; all others begin with their files.</summary>
    public required long FirstOffset { get; init; }

    /// <summary>Root of the piece, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Root { get; init; }

    /// <summary>Where the table of parts begins: behind the stripped CAR.</summary>
    public long PartsAt => PayloadSize - ContentSize;

    public long NamesAt => PartsAt + (PartLength * Parts);

    /// <summary>Bytes of the whole <c>.inline</c> file.</summary>
    public long FileSize => NamesAt + NamesLength + Length;

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'I', (byte)'N', (byte)'L', (byte)'N', (byte)'\n'];

    /// <summary>Writes all but the checksum over the file.</summary>
    public byte[] ToArray()
    {
        byte[] footer = new byte[Length - ChecksumLength];
        Magic.CopyTo(footer);
        BinaryPrimitives.WriteUInt16LittleEndian(footer.AsSpan(VersionAt), FormatVersion);
        footer[CidVersionAt] = (byte)Profile.CidVersion;
        footer[RawLeavesAt] = Profile.RawLeaves ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(ChunkSizeAt), Profile.ChunkSize);
        long[] numbers = [CarSize, PayloadSize, LeafEnd, ContentSize, Parts, NamesLength, FirstOffset];
        for (int i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(NumbersAt + (sizeof(long) * i)), numbers[i]);
        Root.Span.CopyTo(footer.AsSpan(RootAt));
        return footer;
    }

    /// <summary>Reads the footer of a file.</summary>
    /// <exception cref="MalformedDataException">The file is no inline piece, or is cut off.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static InlineFooter Read(string path)
    {
        using var file = File.OpenHandle(path);
        return Read(file, path);
    }

    /// <inheritdoc cref="Read(string)"/>
    public static InlineFooter Read(SafeFileHandle file, string path)
    {
        long size = RandomAccess.GetLength(file);
        byte[] end = new byte[Length];
        int got = size < Length ? 0 : RandomAccess.Read(file, end, size - Length);
        return Read(end.AsSpan(0, got), size, path);
    }

    /// <summary>Reads the footer of a file, and holds it against the file's length.</summary>
    /// <param name="end">The last bytes of the file.</param>
    /// <param name="size">Bytes of the file.</param>
    /// <exception cref="MalformedDataException">It is no footer, or of a file of another length.</exception>
    public static InlineFooter Read(ReadOnlySpan<byte> end, long size, string path)
    {
        long at = size - Length;
        if (end.Length < Length || !end.StartsWith(Magic))
            throw new MalformedDataException("The file is no inline piece, or is cut off", Math.Max(0, at), path);
        int version = BinaryPrimitives.ReadUInt16LittleEndian(end[VersionAt..]);
        if (version != FormatVersion)
            throw new MalformedDataException($"The inline piece has version {version}, which is unknown", at + VersionAt, path);
        int chunkSize = BinaryPrimitives.ReadInt32LittleEndian(end[ChunkSizeAt..]);
        if (end[CidVersionAt] > 1 || end[RawLeavesAt] > 1 || chunkSize is < 1 or > UnixFsProfile.MaxChunkSize)
            throw new MalformedDataException("The inline piece has leaves of an unknown form", at + CidVersionAt, path);
        long[] numbers = new long[7];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = BinaryPrimitives.ReadInt64LittleEndian(end[(NumbersAt + (sizeof(long) * i))..]);
        var footer = new InlineFooter
        {
            Profile = new UnixFsProfile { ChunkSize = chunkSize, CidVersion = end[CidVersionAt], RawLeaves = end[RawLeavesAt] == 1 },
            CarSize = numbers[0],
            PayloadSize = numbers[1],
            LeafEnd = numbers[2],
            ContentSize = numbers[3],
            Parts = numbers[4],
            NamesLength = numbers[5],
            FirstOffset = numbers[6],
            Root = end.Slice(RootAt, PieceSize.NodeLength).ToArray(),
        };
        // No piece is larger than a sidecar's tree; with that no sum below can overflow.
        long most = PieceSize.Unpadded(PieceSize.OfHeight(TreeSidecar.MaxPieceHeight));
        bool fits = footer.CarSize >= 1 && footer.CarSize <= most && footer.PayloadSize >= 1 && footer.PayloadSize <= footer.CarSize
            && footer.ContentSize >= 0 && footer.ContentSize <= footer.LeafEnd && footer.LeafEnd <= footer.PayloadSize
            && footer.Parts >= 0 && footer.Parts <= footer.LeafEnd && (footer.Parts > 0 || footer.ContentSize == 0) && footer.NamesLength >= 0 && footer.NamesLength <= size
            && footer.FirstOffset >= 0 && footer.FirstOffset <= long.MaxValue - most && footer.FileSize == size;
        return fits ? footer : throw new MalformedDataException($"The sizes in the footer of the inline piece do not fit together, or not a file of {size} bytes", at + NumbersAt, path);
    }

    /// <summary>Whether the end of a file is the SHA-256 of everything before.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static bool HasChecksum(Stream file)
    {
        byte[] checksum = new byte[ChecksumLength], buffer = new byte[1 << 20];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        file.Position = 0;
        for (long left = file.Length - ChecksumLength; left > 0;)
        {
            int read = file.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0)
                return false;
            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        return file.ReadAtLeast(checksum, checksum.Length, throwOnEndOfStream: false) == checksum.Length && hash.GetHashAndReset().AsSpan().SequenceEqual(checksum);
    }
}
