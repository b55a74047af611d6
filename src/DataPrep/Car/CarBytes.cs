using DataPrep.Ipld;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Car;

/// <summary>
/// The bytes of a CAR at any offset, for several threads at once: those of a file, or of an inline piece, whose content is in the sources.
/// Whoever reads holds blocks against their CIDs. Closed when everybody who has it has disposed of it.
/// </summary>
internal abstract class CarBytes(string path) : IDisposable
{
    /// <summary>Extension of the files of inline pieces.</summary>
    public const string InlineExtension = ".inline";

    private int users = 1;

    public string Path => path;

    /// <summary>Bytes of the CAR file.</summary>
    public abstract long Length { get; }

    /// <summary>Whether a path is that of an inline piece.</summary>
    public static bool IsInline(string path) => path.EndsWith(InlineExtension, StringComparison.Ordinal);

    /// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="MalformedDataException">It is an inline piece that is damaged.</exception>
    public static CarBytes Open(string path, string? source = null) => IsInline(path) ? new InlinePiece(path, source) : new StoredCar(path);

    /// <summary>Opens a CAR, stored or inline, and reads its header.</summary>
    /// <inheritdoc cref="CarReader.Open(string, CarReadOptions?)"/>
    public static CarReader OpenReader(string path, CarReadOptions options, string? source = null)
    {
        if (!IsInline(path))
            return CarReader.Open(path, options);
        var piece = new InlinePiece(path, source);
        return CarReader.Open(new RangeStream(options.SkipData ? piece.ReadHeaders : piece.Read, piece.Length, piece), options, path);
    }

    /// <summary>Reads bytes that the caller holds against their hash.</summary>
    /// <returns>Bytes read: fewer than asked for only at the end.</returns>
    /// <exception cref="SourceFaultException">Of an inline piece: a source file is not there, or too short.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    public abstract int Read(long offset, Span<byte> destination);

    /// <summary>Reads bytes of which only what stands around content matters; content may be given as zeros.</summary>
    public virtual int ReadHeaders(long offset, Span<byte> destination) => Read(offset, destination);

    /// <summary>Says which range will be read soon.</summary>
    public virtual void Expect(long offset, long length)
    {
    }

    /// <summary>What to say of a block that is not what its CID says.</summary>
    public virtual Exception Mismatch(string what, long offset, int length) => new MalformedDataException(what, offset, Path);

    /// <summary>Keeps it open for one more user, who disposes of it.</summary>
    public void Hold() => Interlocked.Increment(ref users);

    public void Dispose()
    {
        if (Interlocked.Decrement(ref users) == 0)
            Close();
    }

    protected abstract void Close();

    private sealed class StoredCar(string path) : CarBytes(path)
    {
        private readonly SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);

        public override long Length => RandomAccess.GetLength(file);

        public override int Read(long offset, Span<byte> destination) => Posix.ReadAt(file, Path, offset, destination);

        public override void Expect(long offset, long length) => Posix.ReadAhead((int)file.DangerousGetHandle(), offset, length);

        protected override void Close() => file.Dispose();
    }
}

/// <summary>Reads a range.</summary>
/// <returns>Bytes read: fewer than asked for only at the end.</returns>
internal delegate int RangeReader(long offset, Span<byte> destination);

/// <summary>A range of bytes that can be read at any offset, as a stream for reading.</summary>
/// <param name="owner">Disposed with the stream; null for none.</param>
internal sealed class RangeStream(RangeReader read, long length, IDisposable? owner) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        int got = read(Position, buffer[..(int)Math.Clamp(length - Position, 0, buffer.Length)]);
        Position += got;
        return got;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = offset + (origin == SeekOrigin.Begin ? 0 : origin == SeekOrigin.End ? length : Position);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            owner?.Dispose();
        base.Dispose(disposing);
    }
}
