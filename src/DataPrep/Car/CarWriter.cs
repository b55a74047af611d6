using DataPrep.Ipld;

namespace DataPrep.Car;

/// <summary>
/// Writes a CARv1: the header on creation, then sections in the order they come. Nothing is de-duplicated, and keeping
/// identity CIDs out is the caller's part. A writer whose stream failed stays failed, since nobody knows what got written.
/// Not for use by several threads at once. Specification: ipld/specs, transport/car.
/// </summary>
public sealed class CarWriter : IDisposable
{
    /// <summary>Most bytes before the data of a section.</summary>
    internal const int MaxPrefixLength = Varint.MaxLength + Cid.MaxByteLength;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly int _headerLength;
    private readonly byte[] _prefix = new byte[MaxPrefixLength];
    private bool _failed;

    /// <summary>Writes the header.</summary>
    /// <param name="stream">Where to write; needs no seeking.</param>
    /// <param name="roots">Roots to list; Filecoin expects exactly one.</param>
    /// <param name="leaveOpen">Whether disposing the writer leaves the stream open.</param>
    /// <exception cref="ArgumentException">A root is not defined, or the header would exceed 32 MiB.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public CarWriter(Stream stream, IReadOnlyList<Cid> roots, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(roots);
        if (!roots.All(root => root.IsDefined))
        {
            throw new ArgumentException("A root is not defined.", nameof(roots));
        }

        byte[] header = Header(roots);
        if (header.Length > CarReadOptions.MaxHeaderLength)
        {
            throw new ArgumentException("The roots make a header of more than 32 MiB.", nameof(roots));
        }

        _stream = stream;
        _leaveOpen = leaveOpen;
        stream.Write(header);
        Position = _headerLength = header.Length;
    }

    /// <summary>Bytes written so far, which is the offset of the next section.</summary>
    public long Position { get; private set; }

    /// <summary>Writes one section and returns where it lies. The CID is taken as it is, without hashing the data.</summary>
    /// <exception cref="ArgumentException">
    /// The CID is not defined, or the section would exceed <see cref="CarReadOptions.DefaultMaxSectionLength"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">An earlier write failed.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public CarSectionPosition Write(in Cid cid, ReadOnlySpan<byte> data)
    {
        ThrowIfFailed();
        if (!cid.IsDefined)
        {
            throw new ArgumentException("The CID is not defined.", nameof(cid));
        }

        if (data.Length > CarReadOptions.DefaultMaxSectionLength - cid.ByteLength)
        {
            throw new ArgumentException("A section has at most 8 MiB.", nameof(data));
        }

        int prefix = WritePrefix(_prefix, cid, data.Length);
        long offset = Position;
        _failed = true;
        _stream.Write(_prefix, 0, prefix);
        _stream.Write(data);
        _failed = false;
        Position = offset + prefix + data.Length;
        return new CarSectionPosition(offset, offset + prefix, data.Length);
    }

    /// <summary>Puts another root in the place of the only one, where that is known only when all blocks are written. The stream stays where it is.</summary>
    /// <param name="root">A CID of the same length as the one that the header was written with.</param>
    /// <exception cref="ArgumentException">The CID is not defined, or the header would have another length.</exception>
    /// <exception cref="NotSupportedException">The stream cannot seek.</exception>
    /// <exception cref="InvalidOperationException">An earlier write failed.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void SetRoot(in Cid root)
    {
        ThrowIfFailed();
        byte[] header = root.IsDefined ? Header([root]) : [];
        if (header.Length != _headerLength)
        {
            throw new ArgumentException("The root is not as long as the one that stands in the header.", nameof(root));
        }

        long end = _stream.Position;
        _failed = true;
        _stream.Position = end - Position;
        _stream.Write(header);
        _stream.Position = end;
        _failed = false;
    }

    /// <summary>Flushes the stream.</summary>
    /// <exception cref="InvalidOperationException">An earlier write failed.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void Flush()
    {
        ThrowIfFailed();
        _failed = true;
        _stream.Flush();
        _failed = false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _failed = true;
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }

    /// <summary>All that stands before the first section.</summary>
    internal static byte[] Header(IReadOnlyList<Cid> roots)
    {
        byte[] header = new CarHeader(1, roots).Encode();
        byte[] bytes = new byte[Varint.Length((ulong)header.Length) + header.Length];
        header.CopyTo(bytes, Varint.Write(bytes, (ulong)header.Length));
        return bytes;
    }

    /// <summary>Writes all that stands in a section before its data; returns its length.</summary>
    internal static int WritePrefix(Span<byte> destination, in Cid cid, int dataLength)
    {
        int length = Varint.Write(destination, (ulong)(cid.ByteLength + dataLength));
        return length + cid.WriteTo(destination[length..]);
    }

    private void ThrowIfFailed()
    {
        if (_failed)
        {
            throw new InvalidOperationException("The CAR writer failed earlier or is disposed.");
        }
    }
}
