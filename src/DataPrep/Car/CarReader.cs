using DataPrep.Ipld;

namespace DataPrep.Car;

/// <summary>
/// Reads a CAR from front to back, version 1 or the payload of version 2. Blocks are not held against their CIDs here.
/// Every fault of the bytes is a <see cref="MalformedDataException"/> with path and offset, and a reader that met one
/// answers every later call with it. Not for use by several threads at once. Specification: ipld/specs, transport/car.
/// </summary>
public sealed class CarReader : IDisposable
{
    private const int Capacity = 128 << 10;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly CarReadOptions _options;
    private readonly CarInput _input;
    private readonly CarLayout _layout;
    private long _pendingSkip;
    private bool _ended;
    private MalformedDataException? _fault;

    private CarReader(Stream stream, CarReadOptions? options, string? path, bool leaveOpen)
    {
        _stream = stream;
        _leaveOpen = leaveOpen;
        _options = options ?? new CarReadOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxSectionLength, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_options.MaxSectionLength, 1 << 30, nameof(options));
        _input = new CarInput(stream, path, Capacity, _options.SkipData);
        try
        {
            _layout = CarLayout.Read(_input);
        }
        catch
        {
            _input.Dispose();
            throw;
        }
    }

    /// <summary>1, or 2 where the payload is wrapped in a CARv2.</summary>
    public int Version => _layout.Version;

    /// <summary>Roots as the header of the payload lists them; there may be none.</summary>
    public IReadOnlyList<Cid> Roots => _layout.Roots;

    /// <summary>Offset in the file of the CARv1 payload; 0 for version 1.</summary>
    public long DataOffset => _layout.DataOffset;

    /// <summary>Length of the CARv1 payload in bytes; null for version 1 from a stream that cannot tell its length.</summary>
    public long? DataSize => _layout.DataSize;

    /// <summary>Offset in the file of the first section's length varint.</summary>
    public long FirstSectionOffset => _layout.FirstSectionOffset;

    /// <summary>Offset in the file of the CARv2 index, or 0 where there is none.</summary>
    public long IndexOffset => _layout.IndexOffset;

    /// <summary>Whether the CARv2 header says that the index lists identity CIDs too.</summary>
    public bool IsFullyIndexed => _layout.IsFullyIndexed;

    /// <summary>Opens a file and reads its header.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit of the options is out of range.</exception>
    /// <exception cref="MalformedDataException">The header is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CarReader Open(string path, CarReadOptions? options = null)
    {
        // The reader has its own buffer, so the stream goes without one.
        FileOptions access = options is { SkipData: true } ? FileOptions.RandomAccess : FileOptions.SequentialScan;
        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, access);
        try
        {
            return new CarReader(stream, options, path, leaveOpen: false);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads a header from a stream, which may be one that cannot seek. Offsets count from its present position.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">Limits and modes.</param>
    /// <param name="path">Name for error messages.</param>
    /// <param name="leaveOpen">Whether disposing the reader leaves the stream open.</param>
    /// <exception cref="MalformedDataException">The header is malformed.</exception>
    public static CarReader Open(Stream stream, CarReadOptions? options = null, string? path = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new CarReader(stream, options, path, leaveOpen);
    }

    /// <summary>Reads the next section; false at the end of the payload.</summary>
    /// <param name="section">The section, whose data is valid until the next call or disposal.</param>
    /// <exception cref="MalformedDataException">The bytes are malformed or end early.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public bool TryReadSection(out CarSection section)
    {
        section = default;
        if (_fault is not null)
        {
            throw _fault;
        }

        try
        {
            return !_ended && ReadSection(out section);
        }
        catch (MalformedDataException fault)
        {
            _fault = fault;
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended = true;
        _input.Dispose();
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }

    private bool ReadSection(out CarSection section)
    {
        section = default;
        _input.Skip(_pendingSkip);
        _pendingSkip = 0;
        long offset = _input.Offset;
        long left = _layout.End - offset;
        int visible = (int)Math.Min(left, _input.Fill((int)Math.Min(left, Varint.MaxLength)));
        if (visible == 0)
        {
            return End(offset);
        }

        int length = ReadLength(offset, left, visible, out int prefix);
        if (length == 0)
        {
            return EndInPadding(offset);
        }

        _input.Advance(prefix);
        int wanted = _options.SkipData ? Math.Min(length, Cid.MaxByteLength) : length;
        if (_input.Fill(wanted) < wanted)
        {
            throw _input.Fault("CAR section is cut off by the end of the data", offset);
        }

        ReadOnlyMemory<byte> bytes = _input.Window[..wanted];
        Cid cid = ReadCid(bytes.Span, length, offset + prefix, out int cidLength);
        ReadOnlyMemory<byte> data = _options.SkipData ? default : bytes[cidLength..];
        section = new CarSection(offset, cid, offset + prefix + cidLength, length - cidLength, data);
        if (_options.SkipData)
        {
            SkipToEndOf(offset, length);
        }
        else
        {
            // The window has to stay where it is until the caller is done with the data.
            _pendingSkip = length;
        }

        return true;
    }

    private void SkipToEndOf(long offset, int length)
    {
        if (!_input.Skip(length))
        {
            throw _input.Fault("CAR section is cut off by the end of the data", offset);
        }
    }

    private int ReadLength(long offset, long left, int visible, out int prefix)
    {
        VarintStatus status = Varint.TryRead(_input.Window.Span[..visible], out ulong length, out prefix);
        if (status != VarintStatus.Ok)
        {
            string what = status == VarintStatus.Incomplete
                ? "CAR data ends inside a section length"
                : "CAR section length is not a minimal varint of at most 9 bytes";
            throw _input.Fault(what, offset);
        }

        if (length > (ulong)_options.MaxSectionLength)
        {
            throw _input.Fault($"CAR section of {length} bytes exceeds the limit of {_options.MaxSectionLength}", offset);
        }

        return (long)length <= left - prefix
            ? (int)length
            : throw _input.Fault("CAR section is cut off by the end of the data", offset);
    }

    private Cid ReadCid(ReadOnlySpan<byte> bytes, int length, long offset, out int cidLength)
    {
        try
        {
            // A section shorter than its CID shows as a CID that ends early.
            return Cid.Read(bytes[..Math.Min(length, bytes.Length)], out cidLength);
        }
        catch (MalformedDataException fault)
        {
            throw _input.Fault(fault, offset);
        }
    }

    private bool End(long offset)
    {
        _ended = true;
        return _layout.DataSize is { } size && offset < _layout.DataOffset + size
            ? throw _input.Fault("CAR payload ends before its declared size", offset)
            : false;
    }

    private bool EndInPadding(long offset)
    {
        if (!_options.AllowZeroPadding)
        {
            throw _input.Fault("CAR has a section of no length", offset);
        }

        while (_input.Offset < _layout.End && _input.Fill(1) > 0)
        {
            int visible = (int)Math.Min(_input.Window.Length, _layout.End - _input.Offset);
            int other = _input.Window.Span[..visible].IndexOfAnyExcept((byte)0);
            if (other >= 0)
            {
                throw _input.Fault("CAR padding is not zero", _input.Offset + other);
            }

            _input.Advance(visible);
        }

        return End(_input.Offset);
    }
}
